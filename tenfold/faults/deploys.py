"""Deploys that go wrong: a faulty release, and an instance that dies in the middle of one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold import deploy as deploys
from tenfold import history as h
from tenfold import release as releases
from tenfold import stages
from tenfold.deploy.base import BOX, STARTED
from tenfold.engine import Container, Engine, NotFound
from tenfold.errors import INTERRUPTED, TenfoldError
from tenfold.faults.base import NoEffect, State, choose, named
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.release import Release

ASKED = 20
"""ordinary requests that prove a fault"""
ORDINARY = "http://127.0.0.1:8000/api/v1/timeline"
"""without a token: a sound release answers 401, at once"""


class Quiet(Output):
    """Keeps what a deploy tells: the drill has its own lines."""

    def __init__(self) -> None:
        super().__init__(as_json=True)
        self.steps: list[str] = []

    def step(self, text: str, style: str = "") -> None:
        """Kept."""
        self.steps.append(f"{self.elapsed():.1f} s {text}")


@dataclass(frozen=True)
class BadDeploy:
    """A release with a fault is deployed to all; healed by deploying the one before."""

    fault: str
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """From the release of now to a faulty one."""
        return planned(engine, f"bad-{self.fault}", self.fault)

    def inject(self, engine: Engine, state: State) -> None:
        """`make deploy`, which passes every check; the fault counts from its beginning."""
        state["at"] = time.time()
        state["steps"] = go(engine, state, "after")

    def took_effect(self, engine: Engine, state: State) -> str:
        """Every instance has it, is held healthy, and does wrong."""
        wanted = Release(**state["after"])
        wrong = {n: str(r) for n, r in deploys.where(engine).items() if r != wanted}
        if wrong:
            raise NoEffect(f"not everything has {wanted}: {wrong}")
        instance = choose(engine, "web", "first")
        words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{time_total}\\n"]
        codes, slowest = [], 0.0
        for _ in range(ASKED if self.fault == "errors" else 3):
            got = engine.exec(instance, [*words, ORDINARY]).output.split()
            codes.append(got[0])
            slowest = max(slowest, float(got[1]))
        check = engine.exec(instance, [*words, "http://127.0.0.1:8000/healthz"]).output.split()[0]
        failed = codes.count("500")
        if check != "200" or (self.fault == "errors" and not failed):
            raise NoEffect(f"{instance.short}: /healthz {check}, {failed} of {ASKED} failed")
        if self.fault == "slow" and slowest < 1:
            raise NoEffect(f"{instance.short} answers within {slowest:.2f} s")
        did = f"fails {failed} of {ASKED} requests" if failed else f"takes {slowest:.1f} s"
        return f"{wanted} is on every instance; {instance.short} passes /healthz and {did}"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """The release before, deployed as ever."""
        return back(engine, state)


@dataclass(frozen=True)
class DeployDies:
    """An instance dies while a sound release is being deployed to it."""

    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """From the release of now to the next."""
        return planned(engine, "next", "")

    def inject(self, engine: Engine, state: State) -> None:
        """Deploy; kill the first instance when it has just started with the new release."""

        def strike(moment: str, c: Container) -> None:
            if moment == STARTED and "victim" not in state:
                state["victim"] = named(c)
                state["at"] = time.time()
                engine.kill(engine.inspect(c.id))

        try:
            state["steps"] = go(engine, state, "after", strike)
            state["said"] = "the deploy went on to its end"
        except TenfoldError as error:
            if error.exit_code == INTERRUPTED:
                raise KeyboardInterrupt from error
            state["said"] = error.message

    def took_effect(self, engine: Engine, state: State) -> str:
        """It is dead, or replaced already."""
        victim = state.get("victim")
        if not victim:
            raise NoEffect(f"no instance was struck: {state['said']}")
        try:
            now = engine.inspect(victim["id"])
        except NotFound:
            return f"{victim['name']} died and is replaced; {state['said']}"
        if now.running:
            raise NoEffect(f"{victim['name']} is {now.state} after the kill")
        return f"{victim['name']} died in mid-deploy; {state['said']}"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """The release before, deployed to whatever has it not, the dead instance first."""
        return back(engine, state)


def planned(engine: Engine, word: str, fault: str) -> State:
    """The release of now, and the one that is to come."""
    now = running(engine)
    release = releases.current(Paths.here())
    after = Release(f"{release.name[:25]}-{word}", fault)
    return {
        "stage": now.stage,
        "pace": now.pace,
        "before": {"name": release.name, "fault": release.fault},
        "after": {"name": after.name, "fault": after.fault},
    }


def running(engine: Engine) -> stages.Running:
    """The stage that runs; raises TenfoldError."""
    return stages.need(Paths.here(), engine)


def go(
    engine: Engine, state: State, which: str, hook: deploys.base.Hook = deploys.base.nothing
) -> list[str]:
    """Deploy the plan's `before` or `after`; answers what it told."""
    out = Quiet()
    deploys.deploy(
        Paths.here(), engine, state["stage"], state["pace"], Release(**state[which]), out, hook
    )
    return out.steps


def back(engine: Engine, state: State) -> list[str]:
    """Deploy the release before; nothing to do where everything has it."""
    before = Release(**state["before"])
    there = deploys.instances(engine)
    whole = all(c.running for c in there) and set(deploys.where(engine).values()) <= {before}
    if whole and releases.current(Paths.here()) == before:
        return []
    state.setdefault("marks", []).append((h.DEPLOYED, str(before), time.time()))
    go(engine, state, "before")
    return [f"{before} is deployed again"]


def is_box(engine: Engine, c: Container) -> bool:
    """Whether an instance is a whole machine, stages 0 and 1."""
    return BOX in engine.environment(c)
