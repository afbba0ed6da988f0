"""The queue goes away with messages in it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold import sqs
from tenfold.engine import Engine, NotFound
from tenfold.faults.base import NoEffect, State, choose, named, start_again
from tenfold.wait import wait_until


@dataclass(frozen=True)
class QueueAway:
    """The queue dies with messages in it and comes back after a while.

    The workers are held still until the queue holds a backlog, and go on once it is dead: else an
    idle queue dies empty, and its loss would prove nothing.
    """

    lasts: float | None = 15.0
    backlog: int = 8

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """The queue and the workers."""
        workers = engine.containers("worker", running=True)
        return {
            "victim": named(choose(engine, "sqs", "first")),
            "workers": [named(w) for w in workers],
        }

    def inject(self, engine: Engine, state: State) -> None:
        """Fill, kill, let the workers go on."""
        workers = [engine.inspect(w["id"]) for w in state["workers"]]
        queue = engine.inspect(state["victim"]["id"])
        for worker in workers:
            engine.pause(worker)
        try:
            wait_until(
                f"{self.backlog} messages in the queue",
                lambda: sqs.depth(engine, queue).waiting >= self.backlog,
                bound=25,
                every=0.5,
                tolerate=(ValueError,),
            )
            state["held"] = sqs.depth(engine, queue).total
            engine.kill(queue)
            state["at"] = time.time()
        finally:
            for worker in workers:
                engine.unpause(worker)

    def took_effect(self, engine: Engine, state: State) -> str:
        """It is dead, and messages were in it."""
        now = engine.inspect(state["victim"]["id"])
        if now.state not in ("exited", "dead"):
            raise NoEffect(f"{state['victim']['name']} is {now.state} after the kill")
        return f"{state['victim']['name']} is dead with {state['held']} messages in it"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Start the queue; let held workers go on."""
        done = []
        for worker in state["workers"]:
            try:
                now = engine.inspect(worker["id"])
            except NotFound:
                continue
            if now.state == "paused":
                engine.unpause(now)
                done.append(f"{worker['name']} goes on")
        return done + start_again(engine, state["victim"])
