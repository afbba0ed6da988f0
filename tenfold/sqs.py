"""How full the queue is and what the workers have in hand, asked from inside their containers."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tenfold.engine import Container, Engine

QUEUE = "tenfold-tasks"


@dataclass(frozen=True)
class Depth:
    """Messages of the task queue, by ElasticMQ's own statistics."""

    waiting: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All that would be lost with it."""
        return self.waiting + self.in_flight + self.delayed


def depth(engine: Engine, queue: Container) -> Depth:
    """The queue's depth now; raises EngineError when it cannot be asked."""
    got = engine.exec(queue, ["curl", "-fsS", "-m", "2", "http://127.0.0.1:9325/statistics/queues"])
    for one in json.loads(got.output) if got.code == 0 else []:
        if one["name"] == QUEUE:
            told = one["statistics"]
            return Depth(
                int(told.get("approximateNumberOfVisibleMessages", 0)),
                int(told.get("approximateNumberOfInvisibleMessages", 0)),
                int(told.get("approximateNumberOfMessagesDelayed", 0)),
            )
    return Depth(0, 0, 0)
