"""Alarms and SNS: what each rule goes off at, and that an acknowledgement ends with its alarm."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standin import Box, Stand, serves

from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

IMAGE = "tenfold/alarms:dev"
HERE = Path(__file__).parent
GROUPS = "host site rds balanced multi-az queue queries"
PACE = {"ALARM_PERIOD": "5", "RDS_LOG_SHIP_SECONDS": "30", "ALARMS_PAGE": "http://127.0.0.1"}
JUDGE = r"""
printf '#!/bin/sh\nexec vmalert-tool unittest --files=/alarms.yaml --disableAlertgroupLabel\n' \
  > /tmp/vmalert && chmod +x /tmp/vmalert && PATH=/tmp:$PATH exec start-alarms
"""
"""the start script as it is, with the rules' own judge in the evaluator's place"""


def test_rules_go_off_when_they_should_and_not_before(lab: Stand) -> None:
    box = lab.run(
        IMAGE,
        ["sh", "-c", JUDGE],
        service="alarms",
        host=10,
        env={**PACE, "ALARMS": GROUPS},
        files={HERE / "alarms.yaml": "/alarms.yaml"},
    )
    code = lab.engine.wait(lab.engine.inspect(box.id), 60)
    assert code == 0, box.logs()[-3000:]
    assert "SUCCESS" in box.logs()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"ALARMS": "host hosts"}, "no such group"), ({"ALARM_PERIOD": "soon"}, "no number")],
)
def test_a_wrong_setting_ends_the_start(lab: Stand, wrong: dict[str, str], says: str) -> None:
    name = f"wrong-{next(iter(wrong)).lower().replace('_', '-')}"
    host = 20 + len(name)
    env = {**PACE, "ALARMS": GROUPS, **wrong}
    box = lab.run(IMAGE, ["start-alarms"], service=name, host=host, env=env)
    assert lab.engine.wait(lab.engine.inspect(box.id), 20) == 78
    assert says in box.logs()


@pytest.fixture(scope="module")
def topic(lab: Stand) -> Iterator[Box]:
    box = lab.run(IMAGE, ["start-sns"], service="sns", host=11, ports=[9093])
    serves(box, 9093, "/-/healthy")
    yield box


def iso(when: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def post(topic: Box, path: str, body: Any) -> Any:
    answer = topic.call(
        9093,
        "POST",
        f"/api/v2/{path}",
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status == 200, answer.text
    return answer.json if answer.body else None


def test_an_acknowledgement_ends_with_its_alarm(topic: Box) -> None:
    """One alarm goes on and stays acknowledged; the other is over, and so is who was at it."""
    now = time.time()

    def tell(name: str, seconds: float) -> None:
        one = {"labels": {"alertname": name}, "endsAt": iso(time.time() + seconds)}
        post(topic, "alerts", [one])

    ids = {}
    for name in ("Over", "GoesOn"):
        tell(name, 600)
        matcher = {"name": "alertname", "value": name, "isRegex": False, "isEqual": True}
        body = {"matchers": [matcher], "startsAt": iso(now), "endsAt": iso(now + 600)}
        told = post(topic, "silences", {**body, "createdBy": "ana", "comment": "at it"})
        ids[told["silenceID"]] = name

    def states() -> dict[str, str]:
        silences = topic.call(9093, "GET", "/api/v2/silences").json
        return {ids[one["id"]]: one["status"]["state"] for one in silences}

    # Past the first looks: what is on stays acknowledged.
    wait_until("some looks", lambda: time.time() - now > 27, bound=40, every=0.5)
    assert states() == {"Over": "active", "GoesOn": "active"}
    tell("Over", -1)
    wait_until("the end", lambda: states()["Over"] == "expired", bound=30, every=0.5)
    assert states()["GoesOn"] == "active"
