"""All design switches by name, as WITHOUT= names them."""

from __future__ import annotations

from tenfold.switches.base import Environment, Setting, Switch, Together
from tenfold.switches.database import Standby
from tenfold.switches.disks import Backups, OwnDisk, SecondInstance
from tenfold.switches.smalldisk import SmallDisk

SWITCHES: dict[str, Switch] = {
    "health-check": Setting("health-check", "the ALB takes no unhealthy target out"),
    "scale-out": Setting("scale-out", "the group does not scale out"),
    "multi-az": Standby("the database has no standby in another AZ"),
    "stale-cache": Environment(
        "cloudfront", (("CLOUDFRONT_STALE", "0"),), "CloudFront serves nothing that has expired"
    ),
    "small-disk": SmallDisk(),
    "backups": Backups(),
    "rds": OwnDisk(),
    "second-instance": SecondInstance(),
    "read-replica": Environment(
        "web",
        (("REPLICA_URLS", ""), ("ANALYTICS_URLS", "")),
        "analytics queries go to the primary, as all others",
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
    "host-alarms": Environment(
        "alarms", (("ALARMS", "site"),), "no alarm looks at CPU, memory and disks"
    ),
    "stateless": Together(
        (
            Environment("alb", (("ALB_STICKINESS", "on"),), "the ALB is sticky"),
            Environment("web", (("SESSION_STORE", "process"),), "sessions are in the process"),
        ),
        "sessions are in the instances' processes, and the ALB sends each client to its own",
    ),
    "secret-refresh": Environment(
        "web", (("SECRETS_REFRESH", "0"),), "instances keep the secrets that they read at the start"
    ),
    "dead-letter-queue": Environment(
        "sqs", (("SQS_DEAD_LETTERS", "0"),), "SQS gives a message out for ever"
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
