"""An AZ is cut off whole, proven from inside and outside, and mended by the record alone."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tenfold import faults, patroni
from tenfold.errors import TenfoldError
from tenfold.faults import CutAz, NoEffect
from tests.unit.drills.fake_engine import FakeEngine, container


def region() -> FakeEngine:
    """Two AZs and what belongs to none, each with an address of its own."""
    boxes = [
        container("web-a", "web"),
        container("cache", "cache"),
        container("rds-a", "rds", state="exited"),
        container("web-b", "web", "b"),
        container("alb", "alb", ""),
        container("s3", "s3", ""),
    ]
    return FakeEngine(
        *(dataclasses.replace(c, ip=f"10.30.0.{n}") for n, c in enumerate(boxes, start=11))
    )


def test_one_az_goes_and_comes_back() -> None:
    engine, fault = region(), CutAz("a")
    state = fault.plan(engine, {})
    with pytest.raises(NoEffect, match="web-a-1 still has the address"):
        fault.took_effect(engine, state)
    fault.inject(engine, state)
    told = fault.took_effect(engine, state)
    assert told == ("web-a-1, cache-1, rds-a-1 are off the network; alb-1 reaches all 2 others")
    assert {c.service for c in engine.box.values() if c.ip} == {"web-b", "alb", "s3"}
    again = faults.from_record(json.loads(json.dumps(faults.to_record(fault))))
    state = json.loads(json.dumps(state))
    engine.remove(engine.inspect("id-web-a"))  # Auto Scaling has replaced it
    assert again.heal(engine, state) == [
        "cache-1 is on the network again",
        "rds-a-1 is on the network again",
    ]
    assert engine.inspect("id-cache").ip == "10.30.0.12"
    assert again.heal(engine, state) == []


def test_the_rest_must_be_reached() -> None:
    """A network that is down for everybody is another fault than this one."""
    engine, fault = region(), CutAz("a")
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    engine.answers = []
    engine.exec = lambda c, argv: type(  # type: ignore[method-assign,assignment,misc]
        "Result", (), {"output": "lo" if argv[0] == "ls" else "10.30.0.14"}
    )
    with pytest.raises(NoEffect, match="alb-1 does not reach s3-1 either"):
        fault.took_effect(engine, state)


def test_an_empty_az_cannot_be_cut() -> None:
    with pytest.raises(TenfoldError) as caught:
        CutAz("c").plan(region(), {})
    assert caught.value.exit_code == 3


def cluster(leader: str, standby: str) -> str:
    members = [
        {"name": leader, "role": "leader", "state": "running"},
        {"name": standby, "role": "sync_standby", "state": "streaming", "lag": 0},
    ]
    return json.dumps({"members": members})


def test_the_primary_is_moved_into_the_az_first() -> None:
    engine = FakeEngine(
        container("rds-a", "rds"), container("rds-b", "rds", "b"), container("dcs", "rds-dcs", "")
    )
    engine.answers = [("8008/cluster", cluster("rds-a", "rds-b"))]
    assert CutAz("a").prepare(engine) == []
    asked: list[str] = []

    class Moving(FakeEngine):
        def exec(self, c, argv):  # noqa: ANN001, ANN202
            if "switchover" in argv[-1]:
                asked.append(argv[-2])
                self.answers = [("8008/cluster", cluster("rds-a", "rds-b"))]
                return type("Result", (), {"output": "Successfully switched over", "code": 0})
            return super().exec(c, argv)

    moving = Moving(*engine.box.values())
    moving.answers = [("8008/cluster", cluster("rds-b", "rds-a"))]
    assert CutAz("a").prepare(moving) == ["the primary was moved from rds-b-1 to rds-a-1 (AZ a)"]
    assert json.loads(asked[0]) == {"leader": "rds-b", "candidate": "rds-a"}
    assert patroni.primary(moving).az == "a"  # type: ignore[arg-type]


def test_before_there_is_a_cluster_nothing_is_moved() -> None:
    assert CutAz("a").prepare(FakeEngine(container("rds", "rds"))) == []
