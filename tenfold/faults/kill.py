"""Kill or freeze one container of a role."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold import workers
from tenfold.engine import Container, Engine, NotFound
from tenfold.faults.base import NoEffect, State, choose, named, start_again
from tenfold.wait import wait_until


@dataclass(frozen=True)
class KillOne:
    """Kill one container of a role at once: an instance, a node, its power is gone.

    choose: `first` running one; `primary`, the database node that leads; `busy`, a worker that has
    work in flight at that moment.
    """

    role: str
    choose: str = "first"
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Choose the victim."""
        return {"victim": named(choose(engine, self.role, self.choose))}

    def inject(self, engine: Engine, state: State) -> None:
        """SIGKILL to all its processes; of busy workers whichever is at work right now."""
        if self.choose == "busy":
            state["victim"], state["in_flight"] = kill_in_mid_job(engine, self.role)
            state["at"] = time.time()
        else:
            engine.kill(engine.inspect(state["victim"]["id"]))

    def took_effect(self, engine: Engine, state: State) -> str:
        """It does not run any more."""
        victim = state["victim"]
        try:
            now = engine.inspect(victim["id"])
        except NotFound:
            return f"{victim['name']} is gone"
        if now.state not in ("exited", "dead"):
            raise NoEffect(f"{victim['name']} is {now.state} after the kill")
        work = f" with {state['in_flight']} in hand" if state.get("in_flight") else ""
        return f"{victim['name']} is dead{work} (exit code {now.exit_code})"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Start it again, unless the platform has replaced it or brought it back."""
        return start_again(engine, state["victim"])


@dataclass(frozen=True)
class Freeze:
    """Stop a container's processes without ending them: it keeps its connections, says nothing."""

    role: str
    choose: str = "first"
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Choose the victim."""
        return {"victim": named(choose(engine, self.role, self.choose))}

    def inject(self, engine: Engine, state: State) -> None:
        """Pause it (the kernel's freezer)."""
        engine.pause(engine.inspect(state["victim"]["id"]))

    def took_effect(self, engine: Engine, state: State) -> str:
        """The engine says so."""
        now = engine.inspect(state["victim"]["id"])
        if now.state != "paused":
            raise NoEffect(f"{state['victim']['name']} is {now.state} after the freeze")
        return f"{state['victim']['name']} is frozen"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Let it go on; start it if it died meanwhile."""
        try:
            now = engine.inspect(state["victim"]["id"])
        except NotFound:
            return []
        if now.state == "paused":
            engine.unpause(now)
            return [f"{state['victim']['name']} goes on"]
        return start_again(engine, state["victim"])


def kill_in_mid_job(engine: Engine, role: str) -> tuple[State, str]:
    """Kill a worker that has jobs in hand, and answer which: freeze, look, kill.

    A look at a running worker is old when the kill comes; a frozen one holds what it holds. One
    that has nothing in hand is let go on and caught again a moment later.
    """
    caught: list[tuple[Container, str]] = []

    def catch() -> bool:
        for worker in engine.containers(role, running=True):
            engine.pause(worker)
            try:
                held = workers.in_hand(engine, worker)
                # A mail is out before its job has ended: in hand, it may be done all the same.
                if any(not name.startswith("mailer.") for name in held):
                    engine.kill(worker)
                    caught.append((worker, ", ".join(held)))
                    return True
            finally:
                engine.unpause(worker)
        return False

    wait_until("a worker with work in hand", catch, bound=40, every=0.05)
    worker, what = caught[0]
    return named(worker), what
