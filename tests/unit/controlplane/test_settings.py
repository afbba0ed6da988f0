"""A control plane that cannot be right does not start, and says in one line what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane import __main__ as start
from controlplane.settings import SWITCHES, Settings, SettingsError, Switches, read

ROOT = Path(__file__).resolve().parents[3]


def pace(name: str) -> dict[str, str]:
    lines = (ROOT / "compose/pace" / f"{name}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")


def given(**changed: str) -> Settings:
    environ = {**pace("drill"), "ASG_MIN": "2", "ASG_MAX": "6", **changed}
    return read(environ, ("alb", "asg", "rds"))


def test_both_paces_are_complete() -> None:
    assert (given().asg_period, given().asg_target_cpu, given().alb_drain_seconds) == (5, 50, 10)
    found = read({**pace("aws"), "ASG_MIN": "2", "ASG_MAX": "6"}, ("alb", "asg"))
    assert (found.asg_period, found.asg_in_periods, found.alb_healthy_threshold) == (60, 15, 5)


def test_bounds_are_asked_for_only_where_there_is_a_group() -> None:
    assert read(pace("drill"), ("alb", "rds")).asg_max == 0
    with pytest.raises(SettingsError, match="ASG_MIN is not set"):
        read(pace("drill"), ("alb", "asg"))


def test_the_groups_services_may_be_named() -> None:
    assert given().asg_services == ()
    assert given(ASG_SERVICES="web-a, web-b web-c").asg_services == ("web-a", "web-b", "web-c")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALB_HEALTH_INTERVAL", "soon"),
        ("ALB_HEALTH_INTERVAL", "0"),
        ("ALB_HEALTH_TIMEOUT", "-1"),
        ("ASG_PERIOD", "nan"),
        ("RDS_DETECT_SECONDS", "inf"),
        ("ASG_OUT_PERIODS", "2.5"),
        ("ASG_OUT_PERIODS", "0"),
        ("ASG_MIN", "²"),
        ("ASG_MIN", "7"),
        ("ASG_TARGET_CPU", "101"),
        ("ASG_COOLDOWN", ""),
    ],
)
def test_what_is_senseless_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        given(**{name: value})


def test_switches_are_on_until_they_are_set() -> None:
    switches = Switches()
    assert not any(switches.is_off(name) for name in SWITCHES)
    switches.set("scale-out", off=True)
    assert switches.is_off("scale-out")
    assert switches.as_dict()["scale-out"] == {"off": True}
    assert switches.as_dict()["failover"] == {"off": False}
    with pytest.raises(KeyError):
        switches.set("gravity", off=True)
    assert not switches.is_off("gravity")


def test_settings_tell_of_their_switches() -> None:
    settings = given()
    settings.switches.set("replace", off=True)
    assert settings.is_off("replace") and not settings.is_off("failover")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "name the loops"),
        (["alb", "dns"], "there is no loop dns"),
        (["asg"], "asg needs alb"),
        (["alb", "asg"], "ASG_MIN is not set"),
    ],
)
def test_a_wrong_start_ends_with_78_and_one_line(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert start.main(argv, pace("drill")) == 78
    told = capsys.readouterr()
    assert told.err.startswith("error: ") and told.err.count("\n") == 1
    assert said in told.err and told.out == ""


def test_loops_run_in_the_order_in_which_they_need_each_other() -> None:
    assert start.wanted(["rds", "asg", "alb", "alb"]) == ("alb", "asg", "rds")
