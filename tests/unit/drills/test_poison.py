"""Poison is proven by a worker's death, and ended by its record alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tenfold import sql, sqs
from tenfold.faults.base import NoEffect
from tenfold.faults.poison import Poison, deaths
from tests.unit.drills.fake_engine import FakeEngine, container

ROOT = Path(__file__).resolve().parents[3]
DIED = json.dumps({"event": "service_died", "exit_code": 137})


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be said to the database."""
    said: list[str] = []
    monkeypatch.setattr(sql, "run", lambda engine, text: said.append(text) or "")
    return said


def test_a_death_before_the_message_proves_nothing(statements: list[str]) -> None:
    engine = FakeEngine(container("sqs", "sqs"), container("worker-a", "worker"))
    engine.logs = lambda c, tail=100: f"{DIED}\nno json\n"  # type: ignore[method-assign]
    fault = Poison(bound=0.1)
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    assert "aws.poison" in statements[0]
    with pytest.raises(NoEffect):
        fault.took_effect(engine, state)
    engine.logs = lambda c, tail=100: f"{DIED}\n{DIED}\n"  # type: ignore[method-assign]
    assert "worker-a-1 died" in fault.took_effect(engine, state)
    assert deaths(engine) == {"worker-a-1": 2}


def test_it_is_ended_and_dead_letters_are_put_away(
    statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(container("sqs", "sqs"), container("worker-a", "worker"))
    purged: list[str] = []
    monkeypatch.setattr(sqs, "depth", lambda *_: sqs.Depth(1, 0, 0))
    monkeypatch.setattr(sqs, "purge", lambda engine, queue, name: purged.append(name))
    fault = Poison()
    engine.logs = lambda c, tail=100: ""  # type: ignore[method-assign]
    state = json.loads(json.dumps(fault.plan(engine, {})))
    assert fault.heal(engine, state) == ["1 dead letter(s) put away"]
    assert state["effect"] in statements[-1]
    assert purged == ["tenfold-tasks-dlq"]


def keep(*argv: str) -> subprocess.Popen[str]:
    """The worker's keeper with another service."""
    return subprocess.Popen(
        [str(ROOT / "compose/services/ec2/keep"), *argv], stdout=subprocess.PIPE, text=True
    )


def test_a_service_that_dies_is_started_again() -> None:
    """Twice dead, then a wrong environment (78), which is the end."""
    script = (
        'n=$(cat "$0" 2>/dev/null || echo 0); echo $((n + 1)) > "$0"; '
        "[ $n -lt 2 ] || exit 78; kill -9 $$"
    )
    count = Path(os.environ.get("TMPDIR", "/tmp"), f"tenfold-keep-{os.getpid()}")
    try:
        kept = keep("sh", "-c", script, str(count))
        out, _ = kept.communicate(timeout=30)
    finally:
        count.unlink(missing_ok=True)
    assert kept.returncode == 78
    assert [json.loads(line)["exit_code"] for line in out.splitlines()] == [137, 137]


def test_its_end_is_handed_on_and_waited_for() -> None:
    script = "trap 'echo ended; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
    kept = keep("sh", "-c", script)
    assert kept.stdout is not None
    assert kept.stdout.readline() == "ready\n"
    kept.send_signal(signal.SIGTERM)
    out, _ = kept.communicate(timeout=30)
    assert (out, kept.returncode) == ("ended\n", 0)
