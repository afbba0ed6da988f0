"""What AWS's hypervisor and SQS tell CloudWatch by themselves: no agent runs in an instance for it.

Each five seconds: CPU and memory of the instances, workers and cache nodes, as the engine counts
them (an instance cannot hide it), and the depth of the queues. RDS's machines have an agent.
"""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from controlplane.events import Events
from tenfold import sqs
from tenfold.engine import ONEOFF_LABEL, Container, Engine

ROLES = ("web", "worker", "cache")
QUEUES = (sqs.QUEUE, f"{sqs.QUEUE}-dlq")
SQS_PORT, SQS_TIMEOUT = 9324, 2.0
Ask = Callable[[str, str], sqs.Depth]
"""(address, queue) -> its depth; raises OSError or ValueError"""


@dataclass(frozen=True)
class Usage:
    """One machine at one moment."""

    service: str
    instance: str
    role: str
    az: str
    cpu_seconds: float
    cpu_limit: float
    memory: float
    memory_limit: float
    oom_kills: int = 0

    @property
    def labels(self) -> dict[str, str]:
        """As CloudWatch's own targets are labelled."""
        return {
            "service": self.service,
            "instance": self.instance,
            "role": self.role,
            "az": self.az,
        }


@dataclass
class Queue:
    """A queue, and since when there has always been a message waiting."""

    depth: sqs.Depth
    waiting_since: float | None = None


@dataclass
class Watch:
    """The loop."""

    engine: Engine
    events: Events
    ask: Ask = field(default_factory=lambda: ask)
    clock: Callable[[], float] = time.monotonic
    usage: list[Usage] = field(default_factory=list)
    queues: dict[str, Queue] = field(default_factory=dict)
    sqs_up: bool | None = None
    """None: the stage has no SQS"""
    wall: Callable[[], float] = time.time
    kills: Counter[str] = field(default_factory=Counter)
    """by container, since the start"""
    _asked: int | None = None
    """until when the engine's events are known"""

    def tick(self) -> None:
        """Read everything once."""
        there = [c for c in self.engine.containers() if c.labels.get(ONEOFF_LABEL) != "True"]
        self._count_kills()
        self.usage = [
            used
            for c in there
            if c.role in ROLES and c.running
            if (used := self._usage(c)) is not None
        ]
        queue = next((c for c in there if c.role == "sqs"), None)
        self.sqs_up = None if queue is None else self._look(queue)

    def state(self) -> dict[str, Any]:
        """What the last tick saw."""
        now = self.clock()
        return {
            "usage": list(self.usage),
            "queues": {
                name: {
                    "waiting": q.depth.waiting,
                    "in_flight": q.depth.in_flight,
                    "delayed": q.depth.delayed,
                    "backlog_seconds": round(now - q.waiting_since, 1) if q.waiting_since else 0.0,
                }
                for name, q in self.queues.items()
            },
            "sqs_up": self.sqs_up,
        }

    def _usage(self, c: Container) -> Usage | None:
        told = self.engine.usage(c)
        if told is None:
            return None  # ended meanwhile
        return Usage(c.service, c.short, c.role, c.az, *told, oom_kills=self.kills[c.id])

    def _count_kills(self) -> None:
        """An instance that survives its process' end hides it; the engine remembers it."""
        # Whole seconds: the engine is asked for each of them once.
        until = int(self.wall())
        since, self._asked = self._asked, until
        if since is not None and until > since:
            self.kills.update(self.engine.out_of_memory(since, until))

    def _look(self, c: Container) -> bool:
        """Ask for each queue's depth; whether SQS answered."""
        if not (c.running and c.ip):
            self.queues.clear()
            return False
        try:
            found = {name: self.ask(c.ip, name) for name in QUEUES}
        except (OSError, ValueError, KeyError, http.client.HTTPException):
            # What was waiting waits still, unseen: the count goes on when it answers again.
            return False
        for name, depth in found.items():
            before = self.queues.get(name)
            since = before.waiting_since if before else None
            if depth.waiting == 0:
                since = None
            elif since is None:
                since = self.clock()
            self.queues[name] = Queue(depth, since)
        return True


def ask(address: str, queue: str) -> sqs.Depth:
    """GetQueueAttributes of one queue."""
    connection = http.client.HTTPConnection(address, SQS_PORT, timeout=SQS_TIMEOUT)
    try:
        connection.request("POST", "/", sqs.request(queue).encode(), sqs.HEADERS)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return sqs.Depth.of(told["Attributes"])
    except TypeError as error:
        raise ValueError(f"{queue} tells no depth") from error
    finally:
        connection.close()
