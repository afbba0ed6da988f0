"""Events are kept, told once, logged as JSON lines; a failing loop does not flood the log."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from controlplane.events import Events


class Log:
    def __init__(self, kept: int = 2000) -> None:
        self.now = 1000.0
        self.out = io.StringIO()
        self.events = Events(self.out, lambda: self.now, kept)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def log() -> Log:
    return Log()


def test_an_event_is_kept_and_logged(log: Log) -> None:
    log.events.emit("asg", "capacity_changed", "web", old=2, new=4)
    one = {"ts": 1000.0, "loop": "asg", "event": "capacity_changed", "resource": "web"}
    assert log.events.since() == [{**one, "old": 2, "new": 4}]
    assert log.lines == log.events.since()
    assert log.events.counts() == {("asg", "capacity_changed"): 1}


def test_no_two_events_have_the_same_time(log: Log) -> None:
    for _ in range(50):
        log.events.emit("alb", "target_healthy", "web-a-1")
    log.now = 999.0
    log.events.emit("alb", "target_healthy", "web-a-1")
    stamps = [e["ts"] for e in log.events.since()]
    assert stamps == sorted(set(stamps))
    assert max(stamps) < 1000.001


def test_since_answers_what_came_then_or_later(log: Log) -> None:
    for at in (1000.0, 1001.0, 1002.0):
        log.now = at
        log.events.emit("rds", "node_down", "rds-a")
    assert [e["ts"] for e in log.events.since(1001.0)] == [1001.0, 1002.0]
    assert log.events.since(1003) == []


def test_the_oldest_go_first_and_are_still_counted() -> None:
    log = Log(kept=3)
    for number in range(5):
        log.events.emit("alb", "registered", f"web-a-{number}")
    assert [e["resource"] for e in log.events.since()] == ["web-a-2", "web-a-3", "web-a-4"]
    assert log.events.counts() == {("alb", "registered"): 5}


def test_the_same_error_is_logged_once_in_ten_seconds(log: Log) -> None:
    def fail(loop: str, text: str) -> None:
        try:
            raise ValueError(text)
        except ValueError as error:
            log.events.error(loop, error)

    for _ in range(10):
        fail("rds", "no")
    fail("rds", "other")
    fail("alb", "no")
    assert [(x["loop"], x["error"]) for x in log.lines] == [
        ("rds", "ValueError: no"),
        ("rds", "ValueError: other"),
        ("alb", "ValueError: no"),
    ]
    assert "test_events.py:" in log.lines[0]["where"]
    log.now += 10
    fail("rds", "no")
    assert log.lines[-1]["repeated"] == 9
    assert log.events.since() == []
