"""attack is counted at the instances; flood comes from one address and then from many."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tenfold import faults, history
from tenfold.drill.evidence import gather
from tenfold.engine import Container
from tenfold.faults import NoEffect
from tenfold.faults.attack import ARRIVED, Attack, arrivals, none_arrived
from tenfold.faults.flood import Flood, answers, reads
from tenfold.history import History, Mark
from tenfold.measure import Evidence, Threshold
from tests.unit.drills.fake_engine import FakeEngine, container


class Sending(FakeEngine):
    """Tools that say at once that they have sent something."""

    def __init__(self, *containers: Container, sends: int = 30) -> None:
        super().__init__(*containers)
        self.sends = sends
        self.started: list[list[str]] = []
        self.their: list[Container] = []

    def run(
        self, image: str, argv: Sequence[str], *, mounts: Mapping[str, str], **_: Any
    ) -> Container:
        self.started.append(list(argv))
        out = argv[argv.index("--out") + 1]
        folder = Path(out.replace("/results", next(iter(mounts)), 1))
        folder.mkdir(exist_ok=True)
        told = {"at": 0, "sent": self.sends, "answers": {"http-401": self.sends}}
        (folder / "traffic.json").write_text(json.dumps(told))
        tool = container(f"tool-{len(self.started)}", "traffic")
        self.box[tool.id] = tool
        self.their.append(tool)
        return tool

    def tools(self, run: str | None = None, role: str | None = None) -> list[Container]:
        return [self.box[tool.id] for tool in self.their]


def evidence(*marks: Mark) -> Evidence:
    return Evidence(History.of(marks), [], Threshold(), 0.0, 10.0)


def test_attacks_are_counted_where_they_arrived(tmp_path: Path) -> None:
    engine = Sending(container("web-a", "web"), container("web-b", "web"), container("alb", "alb"))
    fault = Attack()
    state = fault.plan(engine, {"folder": tmp_path})
    fault.inject(engine, state)
    assert "30 requests sent" in fault.took_effect(engine, state)
    argv = engine.started[0]
    assert argv[argv.index("--mark") + 1] == state["mark"]
    one, two = (f"{state['mark']}-{n:016x}" for n in (1, 2))
    # Twice in one log (an error's line besides) it is one attack; the ALB's log is not an instance.
    engine.log["id-web-a"] = f'{{"request_id": "{one}"}}\n{{"request_id": "{one}"}}\n'
    engine.log["id-web-b"] = f'{{"request_id": "{two}"}}\n{{"request_id": "attack-0-{3:016x}"}}\n'
    engine.log["id-alb"] = f"{state['mark']}-{9:016x}"
    again = faults.from_record(json.loads(json.dumps(faults.to_record(fault))))
    assert again == fault
    assert "2 of 30 attacks reached an instance" in again.heal(engine, dict(state))
    found = gather(tmp_path, [])
    finding = none_arrived(evidence(*found.marks))[0]
    assert (finding.value, finding.holds) == (2.0, False)
    # Healed again, nothing runs and nothing is counted anew.
    assert again.heal(engine, state) == []
    assert len([m for m in gather(tmp_path, []).marks if m.name == ARRIVED]) == 1


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        ({"arrived": 0, "sent": 300}, True),
        ({"arrived": 1, "sent": 300}, False),
        # Nothing was sent: nothing was held off.
        ({"arrived": 0, "sent": 0}, False),
        (None, False),
    ],
)
def test_none_may_arrive(told: dict[str, int] | None, holds: bool) -> None:
    marks = [] if told is None else [Mark(5.0, ARRIVED, json.dumps(told))]
    assert none_arrived(evidence(*marks))[0].holds is holds


def test_a_mark_is_no_pattern() -> None:
    engine = FakeEngine(container("web-a", "web"))
    engine.log["id-web-a"] = f"attackX1-{1:016x}"
    assert arrivals(engine, "attack.1") == set()  # type: ignore[arg-type]


def test_a_flood_comes_from_one_and_then_from_many(tmp_path: Path) -> None:
    (tmp_path / "calibrate.json").write_text('{"rate": 50, "p50": 1, "p95": 2}')
    engine = Sending(container("web-a", "web"), container("web-b", "web"))
    fault = Flood(share=0.3, addresses=4)
    state = fault.plan(engine, {"folder": tmp_path})
    assert state["rate"] == 30
    fault.inject(engine, state)
    assert "from one address" in fault.took_effect(engine, state)
    assert engine.started[0][-2:] == ["--handle", "victim"]
    assert fault.steps == [20.0]
    assert "4 addresses" in fault.go_on(engine, state, 1)
    many = engine.started[1:]
    assert len(many) == 4
    assert sum(float(argv[argv.index("--rate") + 1]) for argv in many) == 30
    assert len({argv[argv.index("--out") + 1] for argv in engine.started}) == 5
    assert all("--handle" not in argv for argv in many)
    again = faults.from_record(json.loads(json.dumps(faults.to_record(fault))))
    done = again.heal(engine, state)
    assert done[0] == "5 floods have ended"
    assert "one: 30 x http-401" in done
    assert again.heal(engine, state) == []


def test_a_flood_that_sends_nothing_is_none(tmp_path: Path) -> None:
    engine = Sending(container("web-a", "web"), sends=0)
    fault = Flood(bound=0.1)
    state = fault.plan(engine, {"folder": tmp_path})
    fault.inject(engine, state)
    with pytest.raises(NoEffect):
        fault.took_effect(engine, state)


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"p50": 1}'])
def test_a_measure_that_was_not_made_is_none(tmp_path: Path, torn: str) -> None:
    (tmp_path / "calibrate.json").write_text(torn)
    assert reads(tmp_path) == 0.0
    assert reads(tmp_path / "nowhere") == 0.0
    assert answers({}) == "nothing"


def test_what_a_fault_found_is_in_the_history(tmp_path: Path) -> None:
    line = history.to_line(Mark(7.0, "found", "something"))
    (tmp_path / history.FOUND_FILE).write_text(line + "\n" + line[:9])
    assert [m.name for m in gather(tmp_path, [Mark(1.0, "started")]).marks] == ["started", "found"]
