"""What a target group knows of a target, and how a health check changes it.

Pure: no clock, no I/O. The wire form of a target is also what the ALB keeps, so that a control
plane that was restarted goes on with what it finds there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

INITIAL, HEALTHY, UNHEALTHY, DRAINING = STATES = ("initial", "healthy", "unhealthy", "draining")
# A new target is looked at this many times an interval, so that a stage is quick to start.
INITIAL_CHECKS = 6


@dataclass(frozen=True)
class Rules:
    """A target group's health check settings, seconds and counts."""

    interval: float
    """AWS: 30 s"""
    timeout: float
    """AWS: 5 s"""
    unhealthy: int
    """failures in a row that take a target out; AWS: 2"""
    healthy: int
    """passes in a row that bring it back; AWS: 5; a new target needs one"""

    def every(self, state: str) -> float:
        """Seconds from the start of one check to the start of the next."""
        return self.interval / INITIAL_CHECKS if state == INITIAL else self.interval


@dataclass(frozen=True)
class Check:
    """The outcome of one health check."""

    ok: bool
    reason: str = ""
    """AWS's reason code and what was met, empty when it passed"""


@dataclass(frozen=True)
class Target:
    """One registered instance."""

    id: str
    """the container's short name: web-a-1"""
    address: str
    """ip:port"""
    state: str
    since: float
    """unix time at which it came to this state"""
    weight: int = 1
    group: str = "web"
    instance: str = ""
    """the container's id: another container under the same name is another instance"""
    az: str = ""
    reason: str = ""
    passes: int = 0
    """in a row; not kept by the ALB: after a restart of the control plane counting starts anew"""
    failures: int = 0

    def wire(self) -> dict[str, Any]:
        """As the ALB keeps it."""
        return {
            "id": self.id,
            "address": self.address,
            "state": self.state,
            "weight": self.weight,
            "group": self.group,
            # Milliseconds: what the ALB's JSON gives back unchanged.
            "since": round(self.since, 3),
            "instance": self.instance,
            "az": self.az,
            "reason": self.reason,
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Target:
        """From the ALB's list; raises KeyError or ValueError when it is none."""
        return cls(
            id=str(data["id"]),
            address=str(data["address"]),
            state=str(data["state"]),
            since=float(data.get("since", 0)),
            weight=int(data["weight"]),
            group=str(data.get("group", "web")),
            instance=str(data.get("instance", "")),
            az=str(data.get("az", "")),
            reason=str(data.get("reason", "")),
        )

    def to(self, state: str, now: float, reason: str = "") -> Target:
        """In another state, counters at nought."""
        return replace(self, state=state, since=now, reason=reason, passes=0, failures=0)


def fold(target: Target, check: Check, rules: Rules, now: float) -> Target:
    """The target after one more check. A draining target's health is nobody's concern."""
    if target.state == DRAINING:
        return target
    if check.ok:
        counted = replace(target, passes=target.passes + 1, failures=0)
        if target.state == HEALTHY:
            return replace(counted, reason="")
        needed = 1 if target.state == INITIAL else rules.healthy
        return target.to(HEALTHY, now) if counted.passes >= needed else counted
    counted = replace(target, passes=0, failures=target.failures + 1)
    if target.state != HEALTHY:
        counted = replace(counted, reason=check.reason)
    # A new target is looked at more often; it has as long to answer as if it were not.
    patient = target.state == INITIAL and now - target.since < rules.unhealthy * rules.interval
    if target.state != UNHEALTHY and counted.failures >= rules.unhealthy and not patient:
        return target.to(UNHEALTHY, now, check.reason)
    return counted
