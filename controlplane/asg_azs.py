"""Which AZs take launches: none is launched into one that is cut off.

There EC2 answers a launch with an error, and Auto Scaling takes the other AZs until it is back;
then the group is balanced again. An AZ is looked at only when a launch into it is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controlplane import asg_policy as policy
from controlplane.asg_policy import Instance
from tenfold.engine import Engine


class Azs:
    """The AZs of one group."""

    def __init__(self, engine: Engine, say: Callable[..., Any]) -> None:
        """`say(event, resource, **detail)` tells what was found."""
        self._engine = engine
        self._say = say
        self._away: set[str] = set()
        """services whose AZ was found cut off when a launch was due"""

    def place(
        self,
        group: Sequence[Instance],
        azs: Mapping[str, str],
        desired: int,
        maximum: int,
        missing: int,
    ) -> policy.Plan:
        """What comes and goes, with launches into AZs that are there. `azs`: AZ by service."""
        plan = policy.place(group, azs, desired, maximum, missing)
        if not plan.launch:
            return plan
        away = {service for service in plan.launch if self._cut_off(azs[service])}
        if not away:
            self._away.clear()
            return plan
        for service in sorted(away - self._away):
            self._say("launch_failed", service, reason=f"AZ {azs[service]} does not answer")
        self._away |= away
        open_to = [service for service, az in azs.items() if not self._cut_off(az)]
        return policy.place(group, open_to, desired, maximum, missing)

    def _cut_off(self, az: str) -> bool:
        """Whether all that runs in an AZ is off the network."""
        there = self._engine.containers(az=az, running=True)
        return bool(there) and not any(c.ip for c in there)
