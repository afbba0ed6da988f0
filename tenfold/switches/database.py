"""Switches of the database's design."""

from __future__ import annotations

from dataclasses import dataclass

from tenfold import controlplane_client as controlplane
from tenfold import patroni
from tenfold.engine import Engine, EngineError
from tenfold.switches.base import State
from tenfold.wait import wait_until


@dataclass(frozen=True)
class Standby:
    """Multi-AZ: the synchronous standby is taken away."""

    says: str

    def plan(self, engine: Engine) -> State:
        """Which node it is."""
        node = patroni.standby(engine)
        return {"id": node.id, "name": node.short}

    def off(self, engine: Engine, state: State) -> None:
        """Stop it, and see that the cluster has none."""
        controlplane.ask(engine, "PUT", "/switch/replace", {"off": True})
        engine.stop(engine.inspect(state["id"]), grace=5)
        wait_until(
            "the standby to be gone",
            lambda: all(m.role != "sync_standby" for m in patroni.members(engine)),
            bound=30,
            tolerate=(EngineError,),
        )

    def on(self, engine: Engine, state: State) -> None:
        """Start it, and see that it streams."""
        controlplane.ask(engine, "PUT", "/switch/replace", {"off": False})
        node = engine.inspect(state["id"])
        if not node.running:
            engine.start(node)
        wait_until(
            "the standby to stream again",
            lambda: not patroni.problems(engine),
            bound=90,
            every=1,
            tolerate=(EngineError,),
        )
