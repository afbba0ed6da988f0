"""A worker on SQS: what it does when its network goes away in mid-poll."""

from __future__ import annotations

from pathlib import Path

import pytest
from standin import Stand, secret

from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

SECRETS = ("tenfold-rds", "tenfold-django", "tenfold-s3")
AGE = "echo $(( $(date +%s) - $(stat -c %Y /dev/shm/tenfold-received) ))"
WORKER = [
    *("celery", "-A", "config.celery_app", "worker", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
]


def test_it_asks_again_when_the_network_is_back(tmp_path: Path) -> None:
    """At another address: the answer it was waiting for was sent to the old one, and is lost."""
    mounts = {}
    for name in SECRETS:
        mounts |= secret(tmp_path, name)[0]
    with Stand("worker") as stand:
        sqs = stand.run("tenfold/sqs:dev", service="sqs", host=10)
        nobody = stand.address(99)
        env = {
            "SECRETS_URL": "file:///run/secrets",
            "DATABASE_URL": f"postgresql://{nobody}:5432/tenfold",
            "QUEUE_URL": f"http://{sqs.ip}:9324",
            "MAIL_URL": f"smtp://{nobody}:25",
            "S3_ENDPOINT": f"http://{nobody}:9000",
        }
        worker = stand.run(
            "tenfold/app:dev",
            WORKER,
            service="worker",
            host=21,
            env=env,
            files=mounts,
            user="10001",
        )
        engine = stand.engine

        def age() -> int:
            """Seconds since the queue's last answer; large before the first."""
            told = engine.exec(engine.inspect(worker.id), ["sh", "-c", AGE]).output.split()
            return int(told[-1]) if told and told[-1].isdigit() else 1000

        # The first answers come at once; from then on each poll lasts its 5 s.
        wait_until("the first answer", lambda: age() < 3, bound=40)
        wait_until("a poll under way", lambda: age() >= 2, bound=20)
        link = engine.cut(engine.inspect(worker.id))
        wait_until("the poll's time to be over", lambda: age() > 10, bound=40)
        stand.run("tenfold/sqs:dev", service="squatter", host=21)
        engine.mend(link)
        wait_until("an answer", lambda: age() < 5, bound=30)
