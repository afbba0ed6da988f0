"""Locust's figures of each second, into load.jsonl, which `make load` and the drills read."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import gevent
import psutil
from locust import events
from locust.env import Environment

from tenfold import history
from tenfold.history import Second, percentile

RESULTS = Path(os.environ.get("RESULTS", "/results"))
_times: list[float] = []
_failed = 0


@events.request.add_listener
def _count(response_time: float, exception: Exception | None, **_: Any) -> None:
    global _failed
    _times.append(float(response_time or 0))
    _failed += exception is not None


@events.init.add_listener
def _start(environment: Environment, **_: Any) -> None:
    gevent.spawn(_figures, environment)


def _figures(environment: Environment) -> None:
    """One line a second, as long as Locust runs."""
    global _failed
    own = psutil.Process()
    own.cpu_percent()
    with (RESULTS / "load.jsonl").open("a", encoding="utf-8", buffering=1) as out:
        while True:
            gevent.sleep(1)
            times, _times[:] = list(_times), []
            failed, _failed = _failed, 0
            runner = environment.runner
            second = Second(
                time.time(),
                runner.user_count if runner else 0,
                len(times),
                failed,
                round(percentile(times, 0.5), 1),
                round(percentile(times, 0.95), 1),
                round(percentile(times, 0.99), 1),
                own.cpu_percent(),
            )
            out.write(history.to_line(second) + "\n")
