"""The workers' Celery app: one task, which does an effect that the relay has put into SQS.

A job is acknowledged when it is done; one that raises is left to the queue, which gives it out
again after the visibility timeout and moves it to the dead-letter queue after maxReceiveCount.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from celery import Celery, signals
from celery.exceptions import Reject
from django.conf import settings
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES

from aws import effects, relay, schedules, sqs
from aws.kombu_sqs import RECEIVED

TRANSPORT_ALIASES["sqs"] = "aws.kombu_sqs:Transport"
_threads: list[relay.Relay | schedules.Scheduler] = []


def _broker() -> str:
    address = urlsplit(settings.ENV.queue_url or "http://sqs:9324")
    return f"sqs://instance-role:instance-role@{address.netloc}"


app = Celery("tenfold")
app.conf.update(
    broker_url=_broker(),
    broker_transport_options={
        "region": "us-east-1",
        "is_secure": settings.ENV.queue_url.startswith("https:"),
        "predefined_queues": {settings.ENV.queue_name: {"url": sqs.queue_url()}},
        "delete_on_receive": settings.ENV.acks_early,
        # Long polling; a queue that dies is noticed by its connection.
        "wait_time_seconds": 5,
        "client-config": {
            "connect_timeout": 2,
            "read_timeout": 5,
            "retries": {"max_attempts": 2, "mode": "standard"},
        },
    },
    task_queues=[Queue(settings.ENV.queue_name)],
    task_default_queue=settings.ENV.queue_name,
    task_acks_late=True,
    task_acks_on_failure_or_timeout=False,
    task_ignore_result=True,
    worker_pool="threads",
    worker_concurrency=settings.ENV.worker_threads,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_heartbeat=0,
    accept_content=["json"],
    task_serializer="json",
    enable_utc=True,
)


@app.task(name=sqs.TASK, bind=True)
def do_effect(self: Any, task: str, payload: dict[str, Any], effect_id: str) -> None:
    """Do an effect; one that failed is not acknowledged, so that SQS gives it out again."""
    if not relay.do(effect_id, task, payload):
        raise Reject(f"{task} failed", requeue=False)


@signals.setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Celery sets up its own unless somebody listens here."""
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.redirected"):
        logging.getLogger(name).setLevel(logging.WARNING)


@signals.worker_ready.connect
def _start(**_: Any) -> None:
    effects.load()
    RECEIVED.touch()
    _threads.append(relay.start_thread(relay.publish))
    _threads.append(schedules.start_thread())


@signals.worker_shutting_down.connect
def _stop(**_: Any) -> None:
    for one in _threads:
        one.stop()
