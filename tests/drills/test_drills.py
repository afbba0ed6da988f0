"""Drills both ways: what a stage survives, and that taking away what saves it makes it break.

Each runs the product's own command and believes only its exit code and verdict.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CASES = [
    pytest.param("kill-web", "", "S", id="kill-web"),
    pytest.param("kill-web", "health-check", "B", id="kill-web-without-health-check"),
    pytest.param("kill-db", "", "S", id="kill-db"),
    pytest.param("kill-cache", "", "B", id="kill-cache"),
    pytest.param("kill-queue", "", "S", id="kill-queue"),
    pytest.param("origin-down", "", "S", id="origin-down"),
]


@pytest.mark.drill
@pytest.mark.parametrize(("name", "without", "expected"), CASES)
def test_drill(name: str, without: str, expected: str) -> None:
    """The verdict is the row's, and it is a real one: requests were made, the fault took effect."""
    env = {**os.environ, "JSON": "1", "WITHOUT": without}
    done = subprocess.run(
        [sys.executable, "-m", "tenfold", "drill", name],
        cwd=ROOT,
        env=env,
        text=True,
        capture_output=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    verdict = json.loads(done.stdout)
    assert verdict["verdict"] == expected
    assert verdict["as_expected"] is True
    assert verdict["requests"] > 100
    assert Path(ROOT, verdict["folder"], "report.html").stat().st_size > 5000
