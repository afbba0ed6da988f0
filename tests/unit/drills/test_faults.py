"""Faults are proven, healed twice without harm, and healed from their record alone."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tenfold import faults, patroni, record, switches
from tenfold.drill import healing, steady
from tenfold.drill.model import catalogue
from tenfold.engine import Container
from tenfold.errors import TenfoldError
from tenfold.faults import Freeze, KillOne, NoEffect, QueueAway, Spike
from tenfold.faults.index import DropIndex
from tenfold.wait import WaitTimeout
from tenfold.workers import held
from tests.unit.drills.fake_engine import FakeEngine, container

CLUSTER = json.dumps(
    {
        "members": [
            {"name": "rds-a", "role": "sync_standby", "state": "streaming", "lag": 0},
            {"name": "rds-b", "role": "leader", "state": "running"},
        ]
    }
)


def log(*events: tuple[str, str]) -> str:
    """A worker's log: (event, task id)."""
    return "\n".join(json.dumps({"event": e, "task_id": i, "task": "report"}) for e, i in events)


def depth(waiting: int) -> str:
    """The answer of GetQueueAttributes."""
    names = ("", "NotVisible", "Delayed")
    counts = {f"ApproximateNumberOfMessages{name}": "0" for name in names}
    return json.dumps({"Attributes": counts | {"ApproximateNumberOfMessages": str(waiting)}})


@pytest.mark.parametrize("fault", [KillOne("web"), Freeze("web")])
def test_hit_prove_heal_heal(fault: faults.Fault) -> None:
    engine = FakeEngine(container("web-a", "web"), container("web-b", "web"))
    state = fault.plan(engine, {})
    with pytest.raises(NoEffect):
        fault.took_effect(engine, state)
    fault.inject(engine, state)
    assert "web-a-1" in fault.took_effect(engine, state)
    assert not engine.inspect("id-web-a").running
    assert engine.inspect("id-web-b").running
    # By the record alone, as the next command does after a crash; then once more.
    again = faults.from_record(json.loads(json.dumps(faults.to_record(fault))))
    assert again == fault
    assert len(again.heal(engine, json.loads(json.dumps(state)))) == 1
    assert again.heal(engine, state) == []
    assert engine.inspect("id-web-a").running


@pytest.mark.parametrize("fault", [KillOne("web"), Freeze("web")])
def test_silent_fault_is_no_fault(fault: faults.Fault) -> None:
    engine = FakeEngine(container("web-a", "web"))
    engine.deaf = True
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    with pytest.raises(NoEffect):
        fault.took_effect(engine, state)


def test_replaced_victim_is_not_started() -> None:
    engine = FakeEngine(container("web-a", "web"))
    fault = KillOne("web")
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    engine.remove(engine.inspect("id-web-a"))
    assert "gone" in fault.took_effect(engine, state)
    assert fault.heal(engine, state) == []


def test_primary_is_found() -> None:
    engine = FakeEngine(
        container("rds-a", "rds"), container("rds-b", "rds", "b"), container("rds-dcs", "rds-dcs")
    )
    engine.answers = [("8008/cluster", CLUSTER)]
    assert KillOne("rds", "primary").plan(engine, {})["victim"]["service"] == "rds-b"


@pytest.mark.parametrize(
    ("there", "victim"),
    [
        # Stage 0: the database is on the box. Stage 1: there is one, and it leads.
        ([container("ec2", "web")], "ec2"),
        ([container("ec2", "web"), container("rds", "rds")], "rds"),
    ],
)
def test_primary_where_there_is_no_cluster(there: list[Container], victim: str) -> None:
    engine = FakeEngine(*there)
    fault = Freeze("rds", "primary")
    state = fault.plan(engine, {})
    assert state["victim"]["service"] == victim
    assert steady.problems(engine) == []
    assert patroni.members(engine) == []
    fault.inject(engine, state)
    assert fault.took_effect(engine, state) == f"{victim}-1 is frozen"
    # It is down: nobody takes the box for the database that has moved out.
    with pytest.raises(TenfoldError, match="the database does not run"):
        fault.plan(engine, {})
    assert fault.heal(engine, state) == [f"{victim}-1 goes on"]


def test_none_to_hit() -> None:
    with pytest.raises(TenfoldError) as caught:
        KillOne("cache").plan(FakeEngine(), {})
    assert caught.value.exit_code == 3


def test_busy_worker_is_killed_in_mid_job() -> None:
    engine = FakeEngine(container("worker-a", "worker"), container("worker-b", "worker", "b"))
    engine.log["id-worker-a"] = log(("task_started", "1"), ("task_succeeded", "1"))
    engine.log["id-worker-b"] = log(
        ("task_started", "2"), ("task_started", "3"), ("task_failed", "2")
    )
    fault = KillOne("worker", "busy")
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    assert "worker-b-1 is dead with report in hand" in fault.took_effect(engine, state)
    assert engine.inspect("id-worker-a").running


def test_held_ignores_noise() -> None:
    assert held("Traceback\n[]\n{}\n7\n" + log(("task_started", "1"))) == ["report"]


def test_queue_dies_with_messages_in_it() -> None:
    engine = FakeEngine(container("sqs", "sqs"), container("worker-a", "worker"))
    engine.answers = [("9324", depth(9))]
    fault = QueueAway()
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    assert "9 messages" in fault.took_effect(engine, state)
    assert engine.inspect("id-worker-a").running
    assert engine.calls.index(("pause", "worker-a")) < engine.calls.index(("kill", "sqs"))
    assert len(fault.heal(engine, state)) == 1


def test_queue_that_never_fills_lets_the_workers_go(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine(container("sqs", "sqs"), container("worker-a", "worker"))

    def never(*_: object, **__: object) -> None:
        raise WaitTimeout("messages", 1)

    monkeypatch.setattr("tenfold.faults.queue.wait_until", never)
    fault = QueueAway()
    state = fault.plan(engine, {})
    with pytest.raises(WaitTimeout):
        fault.inject(engine, state)
    assert engine.inspect("id-worker-a").running
    assert engine.inspect("id-sqs").running


def test_spike_is_proven_by_users(tmp_path: Path) -> None:
    fault = Spike(times=10, bound=0.1)
    state = fault.plan(FakeEngine(), {"folder": tmp_path, "low": 7})
    fault.inject(FakeEngine(), state)
    assert (tmp_path / "users").read_text() == "70"
    with pytest.raises(WaitTimeout):
        fault.took_effect(FakeEngine(), state)
    (tmp_path / "load.jsonl").write_text(json.dumps({"at": time.time(), "users": 69}) + "\n")
    assert "69 users" in fault.took_effect(FakeEngine(), state)
    fault.heal(FakeEngine(), state)
    assert (tmp_path / "users").read_text() == "7"


def test_every_fault_of_the_catalogue_survives_its_record() -> None:
    for drill in catalogue():
        told = json.loads(json.dumps(faults.to_record(drill.fault)))
        assert faults.from_record(told) == drill.fault


def test_leftovers_of_a_drill_are_healed_and_breaks_stay() -> None:
    engine = FakeEngine(container("web-a", "web"), container("cache", "cache"))
    for name, by, fault in (
        ("kill-web", "drill", KillOne("web")),
        ("kill-cache", "break", KillOne("cache")),
    ):
        state = fault.plan(engine, {})
        entry = {"drill": name, "stage": 3, "run": name, "by": by, "state": state}
        record.add_fault({**entry, "fault": faults.to_record(fault)})
        fault.inject(engine, state)
    said: list[str] = []
    healing.leftovers(engine, said.append)  # type: ignore[arg-type]
    assert engine.inspect("id-web-a").running
    assert not engine.inspect("id-cache").running
    assert [f["drill"] for f in record.faults()] == ["kill-cache"]
    healing.everything(engine, said.append)  # type: ignore[arg-type]
    assert engine.inspect("id-cache").running
    assert record.faults() == []


def test_heal_brings_back_what_was_broken_by_hand() -> None:
    engine = FakeEngine(
        container("web-a", "web", state="exited"),
        container("cache", "cache", state="paused"),
        container("release", "release", state="exited"),
    )
    assert len(steady.bring_back(engine)) == 2  # type: ignore[arg-type]
    assert engine.inspect("id-release").state == "exited"


def test_torn_record_is_no_record(state: Path) -> None:
    (state / "fault.json").write_text('[{"dri')
    assert record.faults() == []


def test_switch_is_recorded_applied_and_undone() -> None:
    engine = FakeEngine(container("worker-a", "worker"), container("worker-b", "worker"))
    switches.apply(engine, "acks-late", lambda _: None)  # type: ignore[arg-type]
    assert all(env == {"ACKS_EARLY": "1"} for env in engine.env.values())
    assert [s["name"] for s in record.switches()] == ["acks-late"]
    switches.undo_all(engine, lambda _: None)  # type: ignore[arg-type]
    assert all(env == {} for env in engine.env.values())
    assert record.switches() == []


def test_switch_puts_the_old_value_back() -> None:
    engine = FakeEngine(container("web-a", "web"))
    engine.env["id-web-a"] = {"SESSION_STORE": "cache"}
    switches.apply(engine, "cache-sessions", lambda _: None)  # type: ignore[arg-type]
    assert engine.env["id-web-a"] == {"SESSION_STORE": "signed_cookies"}
    switches.undo_all(engine, lambda _: None)  # type: ignore[arg-type]
    assert engine.env["id-web-a"] == {"SESSION_STORE": "cache"}


def test_switch_that_does_nothing_is_refused() -> None:
    engine = FakeEngine(container("worker-a", "worker"))
    engine.deaf = True
    with pytest.raises(TenfoldError):
        switches.apply(engine, "acks-late", lambda _: None)  # type: ignore[arg-type]


def test_setting_is_seen() -> None:
    assert switches.is_off({"health-check": {"off": True}}, "health-check")
    assert not switches.is_off({"health-check": {"off": False}}, "health-check")
    assert not switches.is_off({}, "health-check")


class Nobody:
    """Traffic that is none."""

    def plan(self, engine: object, context: object) -> dict[str, str]:
        return {}

    def inject(self, engine: object, state: object) -> None: ...

    def took_effect(self, engine: object, state: object) -> str:
        return ""

    def heal(self, engine: object, state: object) -> list[str]:
        return []


class Posts:
    """A database in which an index can be there or not; what was asked is kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.there, self.rows, self.works = True, 0, True
        self.asked: list[str] = []
        monkeypatch.setattr("tenfold.faults.index.sql.run", self.run)
        monkeypatch.setattr("tenfold.faults.index.rebuild", self.rebuild)
        monkeypatch.setattr("tenfold.faults.index.READERS", Nobody())

    def run(self, engine: object, sql: str, seconds: float = 30) -> str:
        self.asked.append(sql)
        if "indisvalid" in sql:
            return "t" if self.there else ""
        if sql.startswith("DROP"):
            self.there = False
        if "INSERT" in sql:
            self.rows = 45_000
        if "DELETE" in sql:
            gone, self.rows = self.rows, 0
            return str(gone)
        if "EXPLAIN" in sql:
            return "Index Scan" if self.there else "Seq Scan on posts_post"
        return "47000"

    def rebuild(self, engine: object) -> None:
        self.there = self.works


def test_a_dropped_index_is_proven_and_rebuilt_once(monkeypatch: pytest.MonkeyPatch) -> None:
    database, engine, fault = Posts(monkeypatch), FakeEngine(), DropIndex("posts_post_author")
    state = fault.plan(engine, {})
    with pytest.raises(NoEffect):
        fault.took_effect(engine, state)
    fault.inject(engine, state)
    assert "47,000 rows" in fault.took_effect(engine, state)
    database.works = False
    with pytest.raises(TenfoldError, match="has not made"):
        fault.heal(engine, state)
    database.works = True
    assert len(fault.heal(engine, state)) == 1
    assert database.rows == 0
    assert fault.heal(engine, state) == []


def test_what_is_missing_already_is_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    Posts(monkeypatch).there = False
    with pytest.raises(TenfoldError, match="there is no index"):
        DropIndex("posts_post_author").plan(FakeEngine(), {})
