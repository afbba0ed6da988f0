"""An instance gets too little CPU: it answers, health checks too, but slowly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold.engine import Container, Engine, NotFound
from tenfold.errors import TenfoldError
from tenfold.faults.base import NoEffect, State, choose, named
from tenfold.wait import wait_until

# cgroup v2, else v1: the limit in microseconds of a period's, and how often it was met.
LIMIT = (
    "cat /sys/fs/cgroup/cpu.max 2>/dev/null || "
    "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us"
)
STAT = "cat /sys/fs/cgroup/cpu.stat 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.stat"


@dataclass(frozen=True)
class Starve:
    """One container of a role may use only `cpus` of a CPU from now on.

    What happens to a burstable instance without CPU credits, or beside a greedy neighbour.
    """

    role: str
    cpus: float
    lasts: float | None = None
    bound: float = 20.0
    """seconds within which its processes must have been held back"""

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Choose the victim, and remember what it has."""
        victim = choose(engine, self.role, "first")
        had = engine.cpu_limit(victim)
        if had <= self.cpus:
            # None at all is 0: there would be nothing to give back to.
            raise TenfoldError(
                f"{victim.short} has {had:g} CPU already", do="`make heal` gives it back its own"
            )
        return {"victim": named(victim), "had": had}

    def inject(self, engine: Engine, state: State) -> None:
        """Lower the limit; nothing is restarted."""
        victim = engine.inspect(state["victim"]["id"])
        state["before"] = held_back(engine, victim)
        engine.set_cpu_limit(victim, self.cpus)

    def took_effect(self, engine: Engine, state: State) -> str:
        """Seen from inside: the limit is the new one, and the kernel holds its processes back."""
        victim, name = engine.inspect(state["victim"]["id"]), state["victim"]["name"]
        limit = limit_inside(engine, victim)
        if abs(limit - self.cpus) > 0.001:
            raise NoEffect(f"{name} sees a limit of {limit:g} CPU")
        begin = state["before"]

        def throttled() -> int:
            return held_back(engine, victim) - begin

        times = wait_until(
            f"{name} to be held back", lambda: throttled() >= 3 and throttled(), self.bound
        )
        return f"{name} has {limit:g} CPU, from {state['had']:g}; held back {times} times so far"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Give it back what it had, unless it was replaced."""
        name, had = state["victim"]["name"], float(state["had"])
        try:
            victim = engine.inspect(state["victim"]["id"])
            if engine.cpu_limit(victim) == had:
                return []
            engine.set_cpu_limit(victim, had)
        except NotFound:
            return []
        return [f"{name} has {had:g} CPU again"]


def limit_inside(engine: Engine, c: Container) -> float:
    """CPUs that a container's own cgroup allows it; 0 when it names no limit."""
    words = engine.exec(c, ["sh", "-c", LIMIT]).output.split()
    try:
        quota, period = (int(word) for word in words)
    except ValueError:
        return 0.0  # "max", or no such file
    return max(0, quota) / period


def held_back(engine: Engine, c: Container) -> int:
    """Periods so far in which the container's processes had used up their share; -1 unknown."""
    for line in engine.exec(c, ["sh", "-c", STAT]).output.splitlines():
        name, _, value = line.partition(" ")
        if name == "nr_throttled":
            return int(value)
    return -1
