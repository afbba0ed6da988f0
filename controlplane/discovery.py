"""Which containers have metrics, and where: the answer to Prometheus' HTTP service discovery.

Found by their labels, so that an instance that Auto Scaling started is scraped without a change in
any file. The listing is kept for two seconds, whoever asks how often.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tenfold.engine import ONEOFF_LABEL, Container, Engine

KEPT = 2.0
AGENT_PORT = 9100
AGENTS = frozenset({"rds", "rds-replica"})
"""roles whose machines run CloudWatch's agent"""
METRICS: dict[str, int] = {
    "web": 8000,
    "alb": 9001,
    "cloudfront": 9001,
    "rds-endpoint": 8404,
    "rds": 8008,
    "rds-replica": 8008,
    "rds-dcs": 2379,
}
"""port of /metrics by role"""


def agents(containers: Iterable[Container]) -> list[dict[str, Any]]:
    """The agents on machines that run, as target groups. Pure."""
    return groups(containers, dict.fromkeys(AGENTS, AGENT_PORT))


def groups(
    containers: Iterable[Container], ports: Mapping[str, int] = METRICS
) -> list[dict[str, Any]]:
    """One target group a container that runs, has an address and has metrics. Pure."""
    return [
        {
            "targets": [f"{c.ip}:{ports[c.role]}"],
            "labels": {
                "__metrics_path__": "/metrics",
                "service": c.service,
                "instance": c.short,
                "role": c.role,
                **({"az": c.az} if c.az else {}),
                **({"region": c.region} if c.region else {}),
            },
        }
        for c in containers
        if c.role in ports and c.running and c.ip and c.labels.get(ONEOFF_LABEL) != "True"
    ]


class Discovery:
    """Asks an engine of its own: the Docker client is not to be shared between threads."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is read before the first question."""
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._found: list[Container] = []

    def targets(self) -> list[dict[str, Any]]:
        """What there is to scrape; raises what the engine raises."""
        return groups(self._containers())

    def agents(self) -> list[dict[str, Any]]:
        """The machines' agents."""
        return agents(self._containers())

    def _containers(self) -> list[Container]:
        with self._lock:
            if self._clock() - self._at >= KEPT:
                self._found = self._engine.containers()
                self._at = self._clock()
            return self._found
