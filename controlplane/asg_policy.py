"""The pure half of Auto Scaling: how many instances there should be, and which come and go.

Target tracking as on AWS: out in proportion after a few periods above the target, in one at a time
after many below 0.7 of it, and nothing without data. Placement as on AWS: balanced over the AZs,
the dead and the unhealthy replaced, never more than the maximum.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

SCALE_IN_BELOW = 0.7
"""of the target: AWS's low alarm keeps this distance, so that a group does not swing"""

Lifecycle = Literal["pending", "in_service", "terminating"]
Health = Literal["ok", "unhealthy", "dead"]


@dataclass(frozen=True)
class Target:
    """What the group tracks, and within which bounds."""

    cpu: float
    """percent"""
    out_periods: int
    in_periods: int
    minimum: int
    maximum: int

    def clamp(self, wanted: int) -> int:
        """Within the bounds."""
        return max(self.minimum, min(self.maximum, wanted))


@dataclass(frozen=True)
class Period:
    """The metric of one period."""

    cpu: float | None
    """average over the instances in service, in percent; None when there is no data"""
    measured: int
    """instances that the average is of"""


@dataclass(frozen=True)
class Change:
    """Another desired capacity."""

    desired: int
    reason: str


@dataclass(frozen=True)
class Instance:
    """An instance of the group, as placement needs to know it."""

    name: str
    service: str
    """one an AZ"""
    number: int
    lifecycle: Lifecycle
    health: Health = "ok"


@dataclass(frozen=True)
class Plan:
    """What is to be launched (services) and ended (name, reason) now."""

    launch: tuple[str, ...] = ()
    terminate: tuple[tuple[str, str], ...] = ()


def scale(
    periods: Sequence[Period], desired: int, target: Target, *, cooling: bool, out: bool = True
) -> Change | None:
    """The new desired capacity, or None. Periods oldest first; times are the caller's.

    Scale-out is held back by warm-up alone, as on AWS: what was launched lately is not measured,
    so the need that made it is not met twice, and a larger need is met at once. `cooling` holds
    back scale-in; `out` says whether scaling out is allowed.
    """
    bounded = target.clamp(desired)
    if bounded != desired:
        return Change(bounded, f"outside {target.minimum} to {target.maximum}")
    cpu = _all(periods[-target.out_periods :], target.out_periods)
    if cpu and min(cpu) > target.cpu:
        wanted = target.clamp(math.ceil(periods[-1].measured * cpu[-1] / target.cpu))
        if out and wanted > desired:
            return Change(wanted, _told(cpu, "above", target.cpu))
        return None
    low = SCALE_IN_BELOW * target.cpu
    cpu = _all(periods[-target.in_periods :], target.in_periods)
    if not cooling and cpu and max(cpu) < low:
        wanted = target.clamp(max(math.ceil(desired * cpu[-1] / target.cpu), desired - 1))
        if wanted < desired:
            return Change(wanted, _told(cpu, "below", low))
    return None


def _all(periods: Sequence[Period], wanted: int) -> list[float]:
    """The averages, if there are so many and none is missing."""
    found = [p.cpu for p in periods if p.cpu is not None and p.measured > 0]
    return found if len(found) == wanted else []


def _told(cpu: Sequence[float], side: str, limit: float) -> str:
    return f"CPU {cpu[-1]:.0f} % {side} {limit:.0f} % for {len(cpu)} periods"


def place(
    instances: Iterable[Instance],
    services: Iterable[str],
    desired: int,
    maximum: int,
    missing: int = 0,
) -> Plan:
    """What brings the group to its desired capacity. `missing`: gone, but not yet believed so.

    `services`: those whose AZ takes launches; with none nothing is launched.
    An unhealthy instance that still runs is ended once its replacement serves (an instance
    maintenance policy of 100 %); a dead one at once. At the maximum there is no room for that:
    then one unhealthy instance goes first.
    """
    active = [i for i in instances if i.lifecycle != "terminating"]
    dead = [i for i in active if i.health == "dead"]
    bad = [i for i in active if i.health == "unhealthy"]
    good = [i for i in active if i.health == "ok"]
    serving = sum(i.lifecycle == "in_service" for i in good)
    pending = len(good) - serving
    room = max(0, maximum - len(good) - len(bad) - missing)
    short = max(0, desired - len(good) - missing)
    open_to = sorted(services)
    counts = Counter(dict.fromkeys(open_to, 0))
    counts.update(i.service for i in good)

    end = [(i.name, "dead") for i in dead]
    launch: list[str] = []
    for _ in range(min(short, room) if open_to else 0):
        launch.append(min(open_to, key=lambda name: counts[name]))
        counts[launch[-1]] += 1

    if bad:
        replaced = max(0, min(len(bad), len(bad) + serving - desired))
        if short and not room and not pending:
            replaced = max(replaced, 1)
        end += [(i.name, "unhealthy") for i in sorted(bad, key=_newest_first)[:replaced]]
    elif len(good) > desired:
        end += [(i.name, "scale-in") for i in _surplus(good, counts, desired, serving)]
    elif not (dead or pending or launch or missing) and _lopsided({s: counts[s] for s in open_to}):
        # AZRebalance: launched first where there is room for it.
        if len(good) < maximum:
            launch.append(min(open_to, key=lambda name: counts[name]))
        else:
            end.append((_from_the_fullest(good, counts).name, "rebalance"))
    return Plan(tuple(launch), tuple(end))


def _surplus(
    good: Sequence[Instance], counts: Mapping[str, int], desired: int, serving: int
) -> list[Instance]:
    """Whom to end of too many, leaving as many in service as are desired."""
    left, counted, chosen = list(good), Counter(counts), []
    while len(left) > desired:
        one = _from_the_fullest(left, counted)
        if one.lifecycle == "in_service":
            if serving - 1 < desired:
                break  # what is to take its place does not serve yet
            serving -= 1
        left.remove(one)
        counted[one.service] -= 1
        chosen.append(one)
    return chosen


def _from_the_fullest(good: Sequence[Instance], counts: Mapping[str, int]) -> Instance:
    """The newest number of the AZ with most instances."""
    return min(good, key=lambda i: (-counts[i.service], *_newest_first(i)))


def _newest_first(one: Instance) -> tuple[int, str]:
    return (-one.number, one.name)


def _lopsided(counts: Mapping[str, int]) -> bool:
    return bool(counts) and max(counts.values()) - min(counts.values()) >= 2
