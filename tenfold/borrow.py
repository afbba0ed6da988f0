"""Stages for tests and rehearsals: one that runs is used and left, what is started is stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from tenfold import child, observe, stages
from tenfold.engine import Engine
from tenfold.errors import FAILED, MISSING, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths


@dataclass(frozen=True)
class Borrower:
    """Starts stages one after the other and leaves the machine as it was."""

    paths: Paths
    out: Output
    numbers: tuple[int, ...]
    ours: bool
    """nothing ran before: what is started is stopped"""
    fresh: bool
    """there was no data before: none is left"""

    @contextlib.contextmanager
    def stage(self, number: int) -> Iterator[None]:
        """A stage that is up; raises TenfoldError when it does not come up."""
        try:
            done = child.run(child.tool("up", str(number)), self.paths.root, to=self._where())
            if done.code:
                raise TenfoldError(
                    f"stage {number} could not be started", f"`make stage-{number} up`", FAILED
                )
            yield
        finally:
            if self.ours:
                env = {"VOLUMES": "1" if self.fresh else ""}
                child.run(child.tool("down"), self.paths.root, env, to=self._where())

    def _where(self) -> IO[str]:
        return self.out.console.file


def borrow(paths: Paths, engine: Engine, asked: Sequence[int], out: Output) -> Borrower:
    """The stages asked for; or the one that runs; or all."""
    now = stages.running(paths, engine)
    if now is not None:
        if asked and list(asked) != [now.stage]:
            raise TenfoldError(
                f"stage {now.stage} is up, stage {asked[0]} is asked for",
                "`make down` first, or leave the stage out",
                MISSING,
            )
        return Borrower(paths, out, (now.stage,), ours=False, fresh=False)
    numbers = tuple(asked) or tuple(stages.known(paths))
    return Borrower(paths, out, numbers, ours=True, fresh=not observe.volumes(engine))
