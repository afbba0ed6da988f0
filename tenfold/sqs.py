"""How full the task queue is, by SQS's own GetQueueAttributes.

Used by the tool (through the engine) and by the settling image, which has no engine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenfold.engine import Container, Engine

QUEUE = "tenfold-tasks"
ENDPOINT = "http://127.0.0.1:9324/"
HEADERS = {
    "X-Amz-Target": "AmazonSQS.GetQueueAttributes",
    "Content-Type": "application/x-amz-json-1.0",
}


@dataclass(frozen=True)
class Depth:
    """Messages of a queue."""

    waiting: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All that would be lost with it."""
        return self.waiting + self.in_flight + self.delayed

    @classmethod
    def of(cls, attributes: Mapping[str, str]) -> Depth:
        """From GetQueueAttributes' answer."""
        return cls(
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
            int(attributes["ApproximateNumberOfMessagesDelayed"]),
        )


def request(queue: str = QUEUE) -> str:
    """The body of a GetQueueAttributes request."""
    address = f"http://sqs:9324/000000000000/{queue}"
    return json.dumps({"QueueUrl": address, "AttributeNames": ["All"]})


def depth(engine: Engine, container: Container, queue: str = QUEUE) -> Depth:
    """The queue's depth now, asked from inside; ValueError when it tells none."""
    argv = ["curl", "-fsS", "-m", "2", ENDPOINT, "-d", request(queue)]
    for name, value in HEADERS.items():
        argv += ["-H", f"{name}: {value}"]
    got = engine.exec(container, argv)
    try:
        return Depth.of(json.loads(got.output)["Attributes"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{container.short} does not tell its depth: {got.output}") from error


def purge(engine: Engine, container: Container, queue: str) -> None:
    """Throw away all messages of a queue (PurgeQueue); raises ValueError where it refuses."""
    body = json.dumps({"QueueUrl": f"http://sqs:9324/000000000000/{queue}"})
    argv = ["curl", "-fsS", "-m", "5", ENDPOINT, "-d", body]
    for name, value in HEADERS.items():
        argv += ["-H", f"{name}: {value.replace('GetQueueAttributes', 'PurgeQueue')}"]
    got = engine.exec(container, argv)
    if got.code:
        raise ValueError(f"{container.short} does not purge {queue}: {got.output}")
