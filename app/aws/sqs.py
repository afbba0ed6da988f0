"""SQS as the relay uses it: batches of Celery messages, sent without loading Celery.

The message is Celery's protocol 2 in kombu's envelope; the tests decode it with kombu itself.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings

from aws.sigv4 import Credentials, Scope
from aws.wire import Endpoint, Refused, Unreachable

TASK = "tenfold.effect"
BATCH = 10
"""messages a SendMessageBatch takes"""
BATCH_BYTES = 200_000
"""well below the 256 KiB that older SQS takes a batch (1 MiB by now)"""


@dataclass(frozen=True)
class Message:
    """An effect on its way."""

    effect_id: str
    task: str
    payload: dict[str, Any]

    def envelope(self, queue: str) -> str:
        """As kombu's SQS transport would have put it."""
        arguments = {"task": self.task, "payload": self.payload, "effect_id": self.effect_id}
        embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
        message = {
            "body": _b64(json.dumps([[], arguments, embed])),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": TASK,
                "id": self.effect_id,
                "root_id": self.effect_id,
                "parent_id": None,
                "group": None,
                "shadow": self.task,
                "retries": 0,
                "eta": None,
                "expires": None,
                "timelimit": [None, None],
                "argsrepr": "()",
                "kwargsrepr": "{}",
                "origin": settings.ENV.instance,
                "ignore_result": True,
            },
            "properties": {
                "correlation_id": self.effect_id,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
            },
        }
        return _b64(json.dumps(message))


def queue_url() -> str:
    """The tasks' queue, as SQS names it."""
    return f"{settings.ENV.queue_url}/000000000000/{settings.ENV.queue_name}"


@cache
def endpoint() -> Endpoint:
    """SQS as this instance reaches it, with the key of its role."""
    role = Credentials("instance-role", "instance-role")
    return Endpoint(settings.ENV.queue_url, Scope("sqs"), role, timeout=2.0)


def send(messages: Sequence[Message]) -> list[str]:
    """Send in order; the effect ids that SQS took, as far as it goes.

    Raises wire's Unreachable and Refused when it took none.
    """
    taken: list[str] = []
    for batch in _batches([(m.effect_id, m.envelope(settings.ENV.queue_name)) for m in messages]):
        entries = [{"Id": one, "MessageBody": body} for one, body in batch]
        arguments = {"QueueUrl": queue_url(), "Entries": entries}
        try:
            told = endpoint().call("AmazonSQS.SendMessageBatch", arguments, version="1.0")
        except (Unreachable, Refused):
            if taken:
                break
            raise
        taken += [str(entry["Id"]) for entry in told.get("Successful", [])]
        if told.get("Failed"):
            break
    return taken


def ping() -> None:
    """Raises unless the queue answers."""
    endpoint().call(
        "AmazonSQS.GetQueueAttributes",
        {"QueueUrl": queue_url(), "AttributeNames": ["ApproximateNumberOfMessages"]},
        version="1.0",
    )


def _batches(bodies: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    size = 0
    for one in bodies:
        if not found or len(found[-1]) == BATCH or size + len(one[1]) > BATCH_BYTES:
            found.append([])
            size = 0
        found[-1].append(one)
        size += len(one[1])
    return found


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
