"""The group's CPU metric: two sweeps over the instances make the average of one period.

A period belongs to the instances that were in service when it began. Those still warming up when it
ends are left out while there are others; with no others they are measured after all, so that a
group whose instances never live long still sees its load.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterable, Mapping

from controlplane.asg_policy import Period
from tenfold.engine import Container, Engine

Usage = Mapping[str, tuple[float, float]]
"""CPU seconds used so far and when that was read, by id"""


class CpuMetric:
    """The averages of the last periods."""

    def __init__(self, engine: Engine, period: float, kept: int) -> None:
        """`period` in seconds; `kept`: how many periods are remembered."""
        self._engine = engine
        self._period = period
        self.periods: deque[Period] = deque(maxlen=kept)
        self._due: float | None = None
        self._members: set[str] = set()
        """ids of those in service when the period began"""
        self._before: Usage = {}
        self._limits: dict[str, float] = {}

    @property
    def last(self) -> float | None:
        """The newest average in percent; None without data."""
        return self.periods[-1].cpu if self.periods else None

    def sweep(
        self,
        there: Iterable[Container],
        serving: Collection[str],
        warm: Collection[str],
        now: float,
    ) -> bool:
        """Read the counters if a period is over; whether one has ended with that.

        `there`: the group's containers; `serving`, `warm`: ids of those in service and of those
        past their warm-up; `now` in seconds of any clock.
        """
        if self._due is not None and now < self._due:
            return False
        read = [c for c in there if c.running and (c.id in serving or c.id in self._members)]
        usage = self._engine.cpu_usage(read)
        limits = {c.id: self._limits.get(c.id) or self._limit(c) for c in read if c.id in usage}
        ended = self._due is not None
        if ended:
            members = {one: one in warm for one in self._members}
            self.periods.append(average(members, self._before, usage, limits))
        self._members = {c.id for c in read if c.id in serving}
        self._before, self._limits = usage, limits
        # On the beat; a loop that was held up does not make up for missed periods.
        self._due = max((self._due or now) + self._period, now + self._period / 2)
        return ended

    def _limit(self, c: Container) -> float:
        return self._engine.cpu_limit(c) or float(os.cpu_count() or 1)


def average(
    members: Mapping[str, bool], before: Usage, after: Usage, limits: Mapping[str, float]
) -> Period:
    """The period's metric; missing data when no member has any. Pure.

    `members`: whether each is past its warm-up now that the period is over.
    """
    rates: dict[bool, list[float]] = {True: [], False: []}
    for one, warm in members.items():
        if one not in before or one not in after:
            continue
        used = after[one][0] - before[one][0]
        took = after[one][1] - before[one][1]
        # A container that was started anew counts from nought again.
        if took > 0 and used >= 0 and limits.get(one, 0) > 0:
            rates[warm].append(100 * used / took / limits[one])
    found = rates[True] or rates[False]
    return Period(sum(found) / len(found), len(found)) if found else Period(None, 0)
