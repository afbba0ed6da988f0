"""A starved instance is seen from inside; the origins go one after the other; cached is judged."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tenfold import faults, switches
from tenfold.faults import GoesOn, NoEffect, OriginsAway, Starve
from tenfold.measure import Threshold
from tests.unit.drills.fake_engine import FakeEngine, container
from tests.unit.drills.test_verdict import INJECTED, steady, verdict_of


def test_starved_seen_from_inside_and_fed_again() -> None:
    engine, fault = (
        FakeEngine(container("web-a", "web"), container("web-b", "web")),
        Starve("web", 0.05),
    )
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    assert fault.took_effect(engine, state) == (
        "web-a-1 has 0.05 CPU, from 0.25; held back 4 times so far"
    )
    again = faults.from_record(json.loads(json.dumps(faults.to_record(fault))))
    assert again.heal(engine, json.loads(json.dumps(state))) == ["web-a-1 has 0.25 CPU again"]
    assert again.heal(engine, state) == []
    engine.remove(engine.inspect("id-web-a"))
    assert again.heal(engine, state) == []


def test_a_limit_that_was_not_taken_is_no_fault() -> None:
    engine, fault = FakeEngine(container("web-a", "web")), Starve("web", 0.05)
    engine.deaf = True
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    with pytest.raises(NoEffect, match=r"0\.25"):
        fault.took_effect(engine, state)


def test_one_origin_after_the_other() -> None:
    engine = FakeEngine(container("s3", "s3", ""), container("alb", "alb", ""))
    fault = OriginsAway(each=3)
    assert isinstance(fault, GoesOn)
    assert (fault.steps, fault.lasts) == ([3], 6)
    state = fault.plan(engine, {})
    with pytest.raises(NoEffect):
        fault.took_effect(engine, state)
    fault.inject(engine, state)
    assert fault.took_effect(engine, state) == "s3-1 is dead (exit code 137); alb-1 runs"
    assert fault.go_on(engine, state, 1) == "s3-1 is back; alb-1 is dead (exit code 137)"
    assert fault.heal(engine, json.loads(json.dumps(state))) == ["alb-1 started"]
    assert fault.heal(engine, state) == []


def test_the_edge_without_stale() -> None:
    engine = FakeEngine(container("cloudfront", "cloudfront", ""))
    engine.env["id-cloudfront"] = {"CLOUDFRONT_STALE": "1"}
    switches.apply(engine, "stale-cache", lambda _: None)  # type: ignore[arg-type]
    assert engine.env["id-cloudfront"] == {"CLOUDFRONT_STALE": "0"}
    switches.undo_all(engine, lambda _: None)  # type: ignore[arg-type]
    assert engine.env["id-cloudfront"] == {"CLOUDFRONT_STALE": "1"}


CACHED = Threshold(cached_failed=0, cached_ms=50)


@pytest.mark.parametrize(
    ("bad", "slow", "verdict"),
    [(0, 0, "S"), (1, 0, "B"), (0, 3, "S"), (0, 4, "B")],
)
def test_cached_files_are_all_served_and_at_once(bad: int, slow: int, verdict: str) -> None:
    """350 asked for after the fault: none may fail, one in a hundred may be slow."""
    history = steady(kinds=("read", "write", "cached"))
    after = [s for s in history.samples if s.kind == "cached" and s.at >= INJECTED]
    assert len(after) == 350
    told = {id(s): dataclasses.replace(s, error="http-504") for s in after[:bad]}
    told |= {id(s): dataclasses.replace(s, ms=900.0) for s in after[bad : bad + slow]}
    history.samples = [told.get(id(s), s) for s in history.samples]
    assert verdict_of(history, CACHED).verdict == verdict


def test_cached_files_that_nobody_asked_for_prove_nothing() -> None:
    assert verdict_of(steady(), CACHED).verdict == "B"


def test_the_gap_may_be_that_of_sessions() -> None:
    """People who are logged out for 40 s are no survivors where the row says so."""
    history = steady(
        kinds=("read", "write", "session"), outage=(INJECTED, INJECTED + 40), bad=("session",)
    )
    assert verdict_of(history, Threshold(gap=35)).verdict == "S"
    assert verdict_of(history, Threshold(gap=35, gap_of=("read", "session"))).verdict == "B"
