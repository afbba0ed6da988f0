"""The first requests of a new instance come together: none of them meets a half-made limiter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

APP = Path(__file__).resolve().parents[3] / "app"
SCRIPT = """
import importlib.abc, sys, threading

begun = threading.Event()

class Slow(importlib.abc.MetaPathFinder):
    # As on a busy instance: the cache's thread has begun to import redis, and is not through.
    def find_spec(self, name, path=None, target=None):
        if name == "redis.client" and not begun.is_set():
            begun.set()
            threading.Event().wait(1)
        return None

import django
django.setup()
import limits.storage, limits.strategies
from aws import limits
sys.meta_path.insert(0, Slow())
importing = threading.Thread(target=lambda: __import__("redis"))
importing.start()
assert begun.wait(5)
limits._strategy()
importing.join()
print("made")
"""


def test_a_limiter_waits_for_redis_to_be_imported() -> None:
    env = {**os.environ, "CACHE_URL": "redis://127.0.0.1:9/0", "PYTHONPATH": str(APP)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=env,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "made\n", done.stderr[-1500:]
