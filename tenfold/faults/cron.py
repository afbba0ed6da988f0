"""The machine with the schedules dies: a box's cron, or one of the workers that schedule."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold import pace
from tenfold.engine import Container, Engine, NotFound
from tenfold.errors import TenfoldError
from tenfold.faults.base import NoEffect, State, named, start_again
from tenfold.wait import wait_until

MONDAY = 4 * 86_400
"""the product counts its periods from a Monday (app/aws/schedules.py)"""


@dataclass(frozen=True)
class KillScheduler:
    """Kill what sends the weekly digest, in the middle of a week; it must be back after its end.

    That is the container of the cron where there is one (stage 2), else a worker in AZ a (from
    stage 3 on), else the one box.
    """

    begin: float = 0.25
    end: float = 0.7
    """the part of the period in which it is killed"""
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Choose it."""
        return {"victim": named(_scheduler(engine))}

    def inject(self, engine: Engine, state: State) -> None:
        """SIGKILL, when the period is in its middle."""
        seconds = pace.seconds("DIGEST_PERIOD_SECONDS")

        def share() -> float:
            return ((time.time() - MONDAY) % seconds) / seconds

        wait_until("the middle of a week", lambda: self.begin <= share() <= self.end, seconds)
        state["at"] = time.time()
        state["left"] = round(seconds * (1 - share()))
        engine.kill(engine.inspect(state["victim"]["id"]))

    def took_effect(self, engine: Engine, state: State) -> str:
        """It is dead."""
        name = state["victim"]["name"]
        try:
            now = engine.inspect(state["victim"]["id"])
        except NotFound:
            return f"{name} is gone"
        if now.state not in ("exited", "dead"):
            raise NoEffect(f"{name} is {now.state} after the kill")
        return f"{name}, which sends the digests, is dead {state['left']} s before the week ends"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Start it again."""
        return start_again(engine, state["victim"])


def _scheduler(engine: Engine) -> Container:
    for role in ("cron", "worker", "web"):
        running = engine.containers(role, running=True)
        for c in sorted(running, key=lambda c: c.az):
            return c
    raise TenfoldError("nothing that has schedules runs", do="see `make status`", exit_code=3)
