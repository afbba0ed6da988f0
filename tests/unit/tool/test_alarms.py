"""Alarms: each rule has its runbook, a list says who is at it, a wrong word is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenfold import alarms, pace, stages
from tenfold.errors import TenfoldError
from tenfold.paths import Paths
from tests.unit.drills.fake_engine import FakeEngine, container

ROOT = Path(__file__).resolve().parents[3]
RULES = {
    path.stem: [
        rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]
    for path in sorted((ROOT / "compose/services/alarms/rules").glob("*.yaml"))
}
EVERY = [rule for rules in RULES.values() for rule in rules]
INDEX = (ROOT / "docs/runbooks/README.md").read_text()


@pytest.mark.parametrize("rule", EVERY, ids=lambda r: r["alert"])
def test_each_alarm_has_a_runbook_that_is_listed(rule: dict[str, Any]) -> None:
    page = ROOT / rule["annotations"]["runbook"]
    assert rule["alert"] in page.read_text().splitlines()[0]
    assert f"[{rule['alert']}]({page.name})" in INDEX
    assert rule["labels"]["severity"] in ("warning", "critical")


def test_no_two_alarms_share_a_name_and_the_index_names_no_other() -> None:
    names = [rule["alert"] for rule in EVERY]
    assert len(names) == len(set(names))
    assert INDEX.count("| [") == len(names)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_stage_names_groups_that_exist(number: int) -> None:
    about = stages.read(Paths.here(), number)
    given = about.services["alarms"].get("environment", {}).get("ALARMS", "host site rds")
    assert set(given.split()) <= set(RULES)
    assert ("queries" in given) is (number >= 3)


def answer(**states: str) -> dict[str, Any]:
    """What vmalert answers: the alarms by name, each firing, pending or quiet."""
    rules = [
        {
            "type": "alerting",
            "name": name,
            "query": "1 > 2",
            "labels": {"severity": "critical"},
            "annotations": {"runbook": f"docs/runbooks/{name.lower()}.md"},
            "alerts": [
                {
                    "state": state,
                    "activeAt": "2026-11-25T08:00:00Z",
                    "labels": {"instance": "rds-a"},
                    "annotations": {"summary": f"{name} of rds-a"},
                }
            ]
            if state != "quiet"
            else [],
        }
        for name, state in states.items()
    ]
    return {"data": {"groups": [{"rules": rules}]}}


def silence(state: str = "active", **matchers: str) -> dict[str, Any]:
    return {
        "status": {"state": state},
        "createdBy": "ana",
        "comment": "at it",
        "endsAt": "2026-11-25T08:30:00.000Z",
        "matchers": [
            {"name": k, "value": v, "isRegex": False, "isEqual": True} for k, v in matchers.items()
        ],
    }


def test_the_list_says_who_is_at_it() -> None:
    told = answer(Quiet="quiet", Full="firing", Slow="firing", Late="pending")
    found = alarms.read(told, [silence(alertname="Slow"), silence("expired", alertname="Full")])
    assert [(a.name, a.state) for a in found] == [
        ("Full", alarms.FIRING),
        ("Slow", alarms.ACKNOWLEDGED),
        ("Late", alarms.PENDING),
        ("Quiet", alarms.QUIET),
    ]
    assert found[1].by == "ana: at it"
    assert found[0].by == ""


def test_a_silence_of_another_machine_does_not_fit() -> None:
    labels = {"alertname": "Full", "instance": "rds-a"}
    assert alarms.fits(silence(alertname="Full", instance="rds-a"), labels)
    assert not alarms.fits(silence(alertname="Full", instance="rds-b"), labels)


def engine(rules: dict[str, Any], silences: list[dict[str, Any]]) -> FakeEngine:
    made = FakeEngine(container("alarms", "alarms"), container("sns", "sns"))
    made.answers = [("api/v1/rules", json.dumps(rules)), ("api/v2/silences", json.dumps(silences))]
    return made


@pytest.mark.parametrize(
    ("name", "silences", "says"),
    [
        ("Fool", [], "no alarm is called"),
        ("quiet", [], "not on"),
        ("Full", [silence(alertname="Full")], "acknowledged already"),
        # Alertmanager took it and the alarm is on as before: that is no acknowledgement.
        ("Full", [], "still not acknowledged"),
    ],
)
def test_what_cannot_be_acknowledged_is_said(
    name: str, silences: list[dict[str, Any]], says: str
) -> None:
    made = engine(answer(Full="firing", Quiet="quiet"), silences)
    with pytest.raises(TenfoldError, match=says):
        alarms.acknowledge(made, name, "ana", "", 60)  # type: ignore[arg-type]


def test_paged_is_quicker_than_complained_to() -> None:
    assert pace.seconds("RUNBOOK_SECONDS") < pace.seconds("OPERATOR_SECONDS")
