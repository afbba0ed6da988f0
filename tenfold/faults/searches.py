"""Expensive searches on a table that has grown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold.engine import Engine
from tenfold.faults.base import State
from tenfold.faults.grown import grow, shrink
from tenfold.faults.traffic import Traffic


@dataclass(frozen=True)
class Searches:
    """Searches at a rate, for a word of years ago, in a product that has been written in for years.

    Half of all posts have it, so that the database expects the newest fifty soon and reads from
    the newest on; they are far down. On a small seed there is nothing to read through.
    """

    rate: float = 12.0
    """a second, and as many under way at most"""
    rows: int = 40_000
    word: str = "zeppelin"
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Where they go."""
        return self._traffic().plan(engine, context)

    def inject(self, engine: Engine, state: State) -> None:
        """Grow the table, then search; `at` is when that begins."""
        grow(engine, self.rows, self.word)
        state["at"] = time.time()
        self._traffic().inject(engine, state)

    def took_effect(self, engine: Engine, state: State) -> str:
        """Searches were sent, and answered."""
        told = self._traffic().took_effect(engine, state)
        return f"{told}, among {self.rows:,} more posts"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """End them; the posts that were added go."""
        done = self._traffic().heal(engine, state)
        gone = shrink(engine)
        return [*done, *([f"{gone:,} posts taken away"] if gone else [])]

    def _traffic(self) -> Traffic:
        rate = f"{self.rate:g}"
        return Traffic("loadtests.searches", ("--rate", rate, "--open", rate, "--words", self.word))
