"""What is left of a run: seen, healed, told by the exit code; and JSON stays one document."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tenfold import controlplane_client, drill, faults, load, record, stages, watch
from tenfold.drill import healing, steady, tools
from tenfold.drill.model import find
from tenfold.drill.run import Rehearsal
from tenfold.drill.show import Screen
from tenfold.engine import RUN_LABEL, Container, EngineError
from tenfold.errors import TenfoldError
from tenfold.faults import KillOne
from tenfold.paths import Paths
from tenfold.verdict import SURVIVES, Verdict
from tests.unit.drills.fake_engine import FakeEngine, container

SERVICES = stages.read(Paths.here(), 3).services


class Stubborn(FakeEngine):
    """One that starts nothing."""

    def start(self, c: Container) -> None:
        raise EngineError("no space left on device")


def stage(kind: type[FakeEngine] = FakeEngine, without: tuple[str, ...] = ()) -> FakeEngine:
    """All of stage 3, less some."""
    return kind(
        *(
            container(name, "web" if name.startswith("web") else "other")
            for name in SERVICES
            if name not in without
        )
    )


def broken(engine: FakeEngine, by: str = "break") -> None:
    """One web instance, killed and recorded."""
    fault = KillOne("web")
    state = fault.plan(engine, {})  # type: ignore[arg-type]
    entry = {"drill": "kill-web", "stage": 3, "run": "r", "by": by, "state": state}
    record.add_fault({**entry, "fault": faults.to_record(fault)})
    fault.inject(engine, state)  # type: ignore[arg-type]


def test_missing_container_is_seen() -> None:
    engine = stage(without=("worker-b", "release"))
    found = steady.problems(engine, SERVICES)  # type: ignore[arg-type]
    assert found == ["worker-b is missing"]
    assert steady.problems(engine) == []  # type: ignore[arg-type]
    assert "make stage-3 up" in steady.remedy(found[0], 3, "else")
    assert steady.remedy("worker-b is exited", 3, "else") == "else"


@pytest.mark.parametrize(
    ("there", "desired", "problems"),
    [
        (("web-a", "web-b"), 2, []),
        (("web-a",), 2, ["web-b is missing"]),
        (("web-a",), 1, []),
        (("web-a",), None, ["web-b is missing"]),
    ],
)
def test_group_has_its_instances_where_it_likes(
    there: tuple[str, ...], desired: int | None, problems: list[str]
) -> None:
    web = {name: raw for name, raw in SERVICES.items() if name.startswith("web")}
    state = {} if desired is None else {"asg": {"desired": desired}}
    assert steady.missing([container(n, "web") for n in there], web, state) == problems


def test_what_has_a_profile_is_not_missed() -> None:
    """A restored database is there when somebody has asked for it."""
    services = {"rds": {}, "rds-restored": {"profiles": ["restore"]}}
    assert steady.missing([], services, {}) == ["rds is missing"]


def test_targets_are_read_from_the_state() -> None:
    state = {"alb": {"targets": {"web-a-1": {"state": "unhealthy", "address": "10.30.128.2:8000"}}}}
    assert controlplane_client.targets(state)[0]["name"] == "web-a-1"
    assert steady.target_problems(state) == ["target web-a-1 is unhealthy"]
    assert steady.target_problems({}) == ["the ALB has no target"]


def test_fault_stays_recorded_until_it_is_healed() -> None:
    engine = stage(Stubborn)
    broken(engine, by="drill")
    said: list[str] = []
    healing.leftovers(engine, said.append)  # type: ignore[arg-type]
    assert [e["drill"] for e in record.faults()] == ["kill-web"]
    assert "no space left" in " ".join(said)
    # Its container is gone: there is nothing left to heal.
    for c in engine.containers("web"):
        engine.remove(c)
    healing.leftovers(engine, said.append)  # type: ignore[arg-type]
    assert record.faults() == []


def test_tools_of_a_fault_by_hand_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spike by hand is its Locust."""
    engine = stage()
    broken(engine)
    made = [
        dataclasses.replace(container(run, "load"), labels={RUN_LABEL: run}) for run in ("r", "old")
    ]
    removed: list[str] = []
    monkeypatch.setattr(engine, "tools", lambda: made)
    monkeypatch.setattr(engine, "remove", lambda c: removed.append(c.service))
    healing.leftovers(engine, lambda _: None)  # type: ignore[arg-type]
    assert removed == ["old"]


def test_every_step_of_the_clean_up_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = stage(Stubborn)
    done: list[str] = []
    rehearsal = Rehearsal(find("kill-web"), 3, (), engine, Screen())  # type: ignore[arg-type]
    rehearsal.state = rehearsal.drill.fault.plan(engine, {})  # type: ignore[arg-type]
    rehearsal.drill.fault.inject(engine, rehearsal.state)  # type: ignore[arg-type]
    rehearsal.hurt = True
    rehearsal.mark("started")
    record.add_switch("no-such-switch", {})
    monkeypatch.setattr(rehearsal.tools, "remove", lambda: done.append("tools"))
    monkeypatch.setitem(Rehearsal.go.__globals__, "STEADY_BOUND", 0)
    rehearsal._clean()
    assert done == ["tools"]
    healed, switch, look = rehearsal.left
    assert "no space left" in healed
    assert "no-such-switch" in switch
    assert "web-a-1 is exited" in look


@pytest.mark.parametrize(("left", "code"), [([], 0), (["not healed: x"], 4)])
def test_failed_clean_up_ends_with_4_after_its_verdict(
    left: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def go(self: Rehearsal) -> Verdict:
        self.left = left
        return Verdict("kill-web", 3, SURVIVES, verdict=SURVIVES, as_expected=True)

    monkeypatch.setattr(drill, "connect", stage)
    monkeypatch.setattr(Rehearsal, "go", go)
    assert drill.run("kill-web", 3, as_json=True) == code
    assert json.loads(capsys.readouterr().out)["verdict"] == SURVIVES
    assert len(list(record.RESULTS.glob("*/verdict.json"))) == 1


def test_break_and_heal_answer_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = stage()
    monkeypatch.setattr(drill, "connect", lambda: engine)
    assert drill.break_("kill-web", 3, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["broken"] == "kill-web"
    assert drill.heal(3, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"healed": True}
    assert record.faults() == []


def test_heal_names_what_only_up_can_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill, "connect", lambda: stage(without=("worker-b",)))
    monkeypatch.setattr(drill, "STEADY_BOUND", 0)
    with pytest.raises(TenfoldError, match="worker-b is missing") as caught:
        drill.heal(3)
    assert (caught.value.exit_code, "make stage-3 up" in caught.value.do) == (4, True)


def test_drill_is_refused_at_another_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill, "connect", stage)
    monkeypatch.setenv("PACE", "aws")
    with pytest.raises(TenfoldError) as caught:
        drill.run("kill-web", 3)
    assert caught.value.exit_code == 3
    assert "make stage-3 up PACE=drill" in caught.value.do


def test_settling_waits_longer_than_the_visibility_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    made = tools.Tools(stage(), "r", tmp_path)  # type: ignore[arg-type]
    monkeypatch.setattr(made, "_start", lambda role, argv, mounts: asked.extend(argv))
    for pace, quiet in (("drill", "14"), ("aws", "34")):
        monkeypatch.setenv("PACE", pace)
        asked.clear()
        made.settle(90)
        assert asked[asked.index("--quiet") + 1] == quiet


def test_page_of_the_load_needs_a_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "connect", stage)
    for port, taken, code in (("nine", False, 2), ("70000", False, 2), ("9999", True, 3)):
        monkeypatch.setenv("TENFOLD_PORT_LOCUST", port)
        monkeypatch.setattr("tenfold.observe.port_taken", lambda _, taken=taken: taken)
        with pytest.raises(TenfoldError, match=port) as caught:
            load.run("steady", 1, 1, True, 3)
        assert caught.value.exit_code == code


def test_load_does_not_begin_beside_a_drill(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr(load, "connect", stage)
    with (state / "lock").open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write("drill-kill-web (process 1)")
        other.flush()
        with pytest.raises(TenfoldError, match="drill-kill-web") as caught:
            load.run("steady", 1, 1, False, 3)
    assert caught.value.exit_code == 3
    assert not record.RESULTS.exists()


def test_watch_leaves_nothing_when_its_gate_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []

    def gate(*_: object) -> None:
        raise TenfoldError("the stage does not answer cleanly")

    monkeypatch.setattr(watch, "connect", stage)
    monkeypatch.setattr(watch, "_watch", gate)
    monkeypatch.setattr(tools.Tools, "remove", lambda self: removed.append(self.run))
    with pytest.raises(TenfoldError, match="cleanly"):
        watch.run(3)
    assert len(removed) == 1
