"""forget-me-not: exactly the instance that answered the login dies."""

from __future__ import annotations

from pathlib import Path

from tenfold import faults, history, switches
from tenfold.drill.model import find
from tenfold.history import Mark
from tests.unit.drills.fake_engine import FakeEngine, container


def told(folder: Path, *served_by: str) -> None:
    """What a probe has written."""
    marks = [Mark(1.0 + n, history.LOGGED_IN, who, "probe") for n, who in enumerate(served_by)]
    lines = [history.to_line(mark) for mark in (Mark(0.5, "probing", source="probe"), *marks)]
    (folder / "probe.jsonl").write_text("\n".join(lines) + "\n")


def test_who_logged_in_is_killed(tmp_path: Path) -> None:
    engine = FakeEngine(container("web-a", "web"), container("web-b", "web", "b"))
    fault = faults.KillWhoLoggedIn()
    # Before the probe has logged in, and by hand: the first one.
    assert fault.plan(engine, {"folder": tmp_path})["victim"]["service"] == "web-a"
    told(tmp_path, "i-id-web-a", "i-id-web-b")
    state = fault.plan(engine, {"folder": tmp_path})
    assert state["victim"]["service"] == "web-b"
    fault.inject(engine, state)
    assert fault.took_effect(engine, state).endswith("it answered the login")
    assert engine.inspect("id-web-a").running


def test_an_instance_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    engine = FakeEngine(container("web-a", "web"), container("web-b", "web", "b"))
    engine.env["id-web-b"] = {"INSTANCE_ID": "i-second"}
    told(tmp_path, "i-second")
    state = faults.KillWhoLoggedIn().plan(engine, {"folder": tmp_path})
    assert state["victim"]["service"] == "web-b"


def test_who_is_gone_is_nobody(tmp_path: Path) -> None:
    engine = FakeEngine(container("web-a", "web"))
    told(tmp_path, "i-replaced")
    state = faults.KillWhoLoggedIn().plan(engine, {"folder": tmp_path})
    assert (state["victim"]["service"], state["served_by"]) == ("web-a", "")


def test_without_stateless_is_undone() -> None:
    engine = FakeEngine(container("alb", "alb"), container("web-a", "web"))
    engine.env["id-alb"] = {"ALB_STICKINESS": "off"}
    engine.env["id-web-a"] = {"SESSION_STORE": "signed_cookies"}
    switches.apply(engine, "stateless", lambda _: None)  # type: ignore[arg-type]
    assert engine.env["id-alb"] == {"ALB_STICKINESS": "on"}
    assert engine.env["id-web-a"] == {"SESSION_STORE": "process"}
    switches.undo_all(engine, lambda _: None)  # type: ignore[arg-type]
    assert engine.env["id-alb"] == {"ALB_STICKINESS": "off"}
    assert engine.env["id-web-a"] == {"SESSION_STORE": "signed_cookies"}
    assert find("forget-me-not").expected(3, ("stateless",)) == "B"
