"""All design switches by name, as WITHOUT= names them."""

from __future__ import annotations

from tenfold.switches.base import Environment, Setting, Switch
from tenfold.switches.database import Standby

SWITCHES: dict[str, Switch] = {
    "health-check": Setting("health-check", "the ALB takes no unhealthy target out"),
    "scale-out": Setting("scale-out", "the group does not scale out"),
    "multi-az": Standby("the database has no standby in another AZ"),
    "acks-late": Environment(
        "worker", (("ACKS_EARLY", "1"),), "workers acknowledge a job before they do it"
    ),
    "durable-queue": Environment(
        "sqs", (("SQS_DURABLE", "false"),), "the queue keeps its messages in memory only"
    ),
    "query-alarm": Environment(
        "alarms",
        (("ALARMS", "host site rds balanced multi-az queue"),),
        "no alarm looks at single queries",
    ),
    "cache-sessions": Environment(
        "web",
        (("SESSION_STORE", "signed_cookies"),),
        "sessions are signed cookies, not rows of the one Redis",
    ),
}
