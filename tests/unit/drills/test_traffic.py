"""Special traffic: under way only when it says so, ended by its record alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenfold import faults
from tenfold.faults import traffic
from tenfold.wait import WaitTimeout
from tests.unit.drills.fake_engine import FakeEngine, container


def test_every_fault_can_be_read_back() -> None:
    assert {"KillOne", "Freeze", "QueueAway", "Spike", "Traffic"} <= set(faults.KINDS)


def test_is_under_way_when_requests_were_sent(tmp_path: Path) -> None:
    engine = FakeEngine(container("cloudfront", "cloudfront"))
    fault = faults.Traffic("loadtests.flood", least=20, bound=0.2)
    state = fault.plan(engine, {"folder": tmp_path})
    assert state["target"] == "http://cloudfront:8080"
    state["tool"] = "id-cloudfront"
    told = {"sent": 19, "answers": {"200": 15, "http-429": 4}}
    (tmp_path / "traffic.json").write_text(json.dumps(told))
    with pytest.raises(WaitTimeout):
        fault.took_effect(engine, state)
    told["sent"] = 20
    (tmp_path / "traffic.json").write_text(json.dumps(told))
    assert fault.took_effect(engine, state) == "20 requests sent (15 x 200, 4 x http-429)"
    assert traffic.said(tmp_path / "nowhere") == {}
