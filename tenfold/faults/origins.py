"""CloudFront's origins go away, one after the other: S3, then the ALB."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold.engine import Engine
from tenfold.faults.base import NoEffect, State, choose, named, start_again
from tenfold.wait import wait_until

BACK_BOUND = 20.0


@dataclass(frozen=True)
class OriginsAway:
    """S3 dies and comes back after `each` seconds; then the ALB does, for as long."""

    each: float = 18.0

    @property
    def lasts(self) -> float | None:
        """Both times."""
        return 2 * self.each

    @property
    def steps(self) -> list[float]:
        """The ALB's turn."""
        return [self.each]

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """The two."""
        return {
            "s3": named(choose(engine, "s3", "first")),
            "alb": named(choose(engine, "alb", "first")),
        }

    def inject(self, engine: Engine, state: State) -> None:
        """S3 first."""
        engine.kill(engine.inspect(state["s3"]["id"]))

    def took_effect(self, engine: Engine, state: State) -> str:
        """It is dead, and the ALB is not yet."""
        return f"{_dead(engine, state['s3'])}; {state['alb']['name']} runs"

    def go_on(self, engine: Engine, state: State, step: int) -> str:
        """S3 is started, and when it answers the ALB is killed."""
        start_again(engine, state["s3"])
        wait_until(
            f"{state['s3']['name']} to answer again",
            lambda: engine.inspect(state["s3"]["id"]).health == "healthy",
            bound=BACK_BOUND,
        )
        engine.kill(engine.inspect(state["alb"]["id"]))
        state["alb_at"] = time.time()
        return f"{state['s3']['name']} is back; {_dead(engine, state['alb'])}"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Start what is down."""
        return [done for one in ("s3", "alb") for done in start_again(engine, state[one])]


def _dead(engine: Engine, victim: Mapping[str, Any]) -> str:
    now = engine.inspect(victim["id"])
    if now.state not in ("exited", "dead"):
        raise NoEffect(f"{victim['name']} is {now.state} after the kill")
    return f"{victim['name']} is dead (exit code {now.exit_code})"
