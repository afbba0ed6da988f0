"""An instance whose requests leak memory until the kernel kills."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold import deploy as deploys
from tenfold import release as releases
from tenfold.deploy.rolling import Rolling
from tenfold.engine import Container, Engine, EngineError, NotFound
from tenfold.faults.base import NoEffect, State, choose, named
from tenfold.faults.deploys import Quiet, back, go, is_box, running
from tenfold.faults.traffic import Traffic
from tenfold.paths import Paths
from tenfold.release import Release
from tenfold.wait import WaitTimeout, wait_until

COUNTS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
"""where the kernel counts what it killed: control groups of version 2, and of version 1"""
OOM_BOUND = 40.0


@dataclass(frozen=True)
class LeakOne:
    """One instance gets a leaky build of its release, and requests of its own that go on.

    From stage 2 on the others stay as they are, and the group does not copy it. The requests go to
    the instance itself, so that the leak goes on when the load balancer has taken it out.
    """

    rate: float = 40.0
    """requests a second, sent to that instance"""
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """The instance, and the release it goes back to."""
        now, release = running(engine), releases.current(Paths.here())
        plain = {"name": release.name, "fault": release.fault}
        return {
            "folder": str(context["folder"]),
            "victim": named(choose(engine, "web", "first")),
            "stage": now.stage,
            "pace": now.pace,
            "before": plain,
            "after": {**plain, "fault": "leak"},
        }

    def inject(self, engine: Engine, state: State) -> None:
        """Give it the leaky build, then send; the fault counts from the first request."""
        victim = engine.inspect(state["victim"]["id"])
        if is_box(engine, victim):
            go(engine, state, "after")
            state["target"] = f"http://{victim.service}:8080"
        else:
            _only(engine, state, "after", victim)
            victim = next(c for c in engine.containers("web") if c.short == victim.short)
            state["victim"] = named(victim)
            state["target"] = f"http://{victim.ip}:8000"
        state["at"] = time.time()
        self._traffic().inject(engine, state)

    def took_effect(self, engine: Engine, state: State) -> str:
        """The kernel has killed, and the engine's flag says so too."""
        victim = state["victim"]

        def killed() -> int:
            return kills(engine, engine.inspect(victim["id"]))

        try:
            count = wait_until("the kernel to kill", killed, OOM_BOUND, tolerate=(EngineError,))
        except WaitTimeout as error:
            raise NoEffect(f"the kernel has killed nothing in {victim['name']}") from error
        flag = engine.inspect(victim["id"]).oom_killed
        told = "the engine's flag is set" if flag else "the engine's flag is not set"
        return f"out of memory: the kernel killed in {victim['name']} ({count} so far; {told})"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """End the requests; the sound build again, unless Auto Scaling has replaced it."""
        done = self._traffic().heal(engine, state)
        try:
            victim = engine.inspect(state["victim"]["id"])
        except NotFound:
            return done
        count = kills(engine, victim)
        word = f"{victim.short} (the kernel killed {count} times)" if count else victim.short
        if is_box(engine, victim):
            return [*done, *(f"{word}: {text}" for text in back(engine, state))]
        if victim.running and deploys.base.of(engine, victim) == Release(**state["before"]):
            return done
        _only(engine, state, "before", victim)
        return [*done, f"{word}: its sound build again"]

    def _traffic(self) -> Traffic:
        return Traffic("loadtests.leak", args=("--rate", f"{self.rate:g}"))


def kills(engine: Engine, c: Container) -> int:
    """How many processes the kernel has killed in a container for want of memory."""
    if not c.running:
        return int(c.oom_killed)
    for path in COUNTS:
        got = engine.exec(c, ["cat", path])
        if found := re.search(r"^oom_kill (\d+)$", got.output, re.MULTILINE):
            return int(found[1])
    return int(c.oom_killed)


def _only(engine: Engine, state: State, which: str, c: Container) -> None:
    release = Release(**state[which])
    Rolling(Paths.here(), engine, state["stage"], state["pace"], release, Quiet()).only(c)
