"""All design switches by name, as WITHOUT= names them."""

from __future__ import annotations

from tenfold.switches.base import Environment, Setting, Switch
from tenfold.switches.database import Standby
from tenfold.switches.disks import Backups, OwnDisk, SecondInstance

SWITCHES: dict[str, Switch] = {
    "health-check": Setting("health-check", "the ALB takes no unhealthy target out"),
    "scale-out": Setting("scale-out", "the group does not scale out"),
    "multi-az": Standby("the database has no standby in another AZ"),
    "stale-cache": Environment(
        "cloudfront", (("CLOUDFRONT_STALE", "0"),), "CloudFront serves nothing that has expired"
    ),
    "backups": Backups(),
    "rds": OwnDisk(),
    "second-instance": SecondInstance(),
    "read-replica": Environment(
        "web", (("REPLICA_URLS", ""),), "analytics queries go to the primary, as all others"
    ),
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
    "redundant-schedulers": Environment(
        "worker",
        (("SCHEDULER", "alone"),),
        "one scheduler, in AZ a, which remembers nothing: as a cron",
    ),
    "cache-sessions": Environment(
        "web",
        (("SESSION_STORE", "signed_cookies"),),
        "sessions are signed cookies, not rows of the one Redis",
    ),
}
