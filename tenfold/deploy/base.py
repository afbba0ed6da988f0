"""What the ways of deploying share: what is deployed where, and the moments on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from tenfold.engine import ONEOFF_LABEL, Container, Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.release import Release
from tenfold.wait import wait_until

ROLES = ("web", "worker")
"""what has a release, in the order in which it gets one"""
BOX = "BOX_SERVICES"
"""in the environment of an instance that is a whole machine"""
ON_DISK = "/data/release"
"""of a box: the release that was deployed to it, read at each start of the app"""
STARTED = "started"
"""a hook's moment: the instance has the new release, and is registered; it serves not yet"""

Hook = Callable[[str, Container], None]


def nothing(_moment: str, _container: Container) -> None:
    """The hook of an ordinary deploy."""


@dataclass
class Deploy:
    """One deploy of one release."""

    paths: Paths
    engine: Engine
    stage: int
    pace: str
    release: Release
    out: Output
    hook: Hook = nothing
    point: Callable[[], None] = lambda: None
    """a safe point: raises KeyboardInterrupt if somebody asked for the end"""

    how: ClassVar[str] = ""
    """in words"""

    def go(self) -> None:
        """Bring it to all instances; what has it already is left alone."""
        raise NotImplementedError

    def wait(
        self,
        what: str,
        check: Callable[[], bool],
        bound: float,
        every: float = 0.2,
        tolerate: tuple[type[BaseException], ...] = (),
    ) -> None:
        """Wait as everybody does; each look is a safe point."""

        def look() -> bool:
            self.point()
            return check()

        wait_until(what, look, bound, every, tolerate)


def instances(engine: Engine) -> list[Container]:
    """All that has a release: web instances first, then workers."""
    found = [c for role in ROLES for c in engine.containers(role)]
    return [c for c in found if c.labels.get(ONEOFF_LABEL) != "True"]


def of(engine: Engine, c: Container) -> Release:
    """The release of one instance; a box has what was deployed on its disk."""
    env = engine.environment(c)
    if BOX in env:
        env |= on_disk(engine, c)
    return Release.of(env)


def on_disk(engine: Engine, c: Container) -> dict[str, str]:
    """What a box's disk says; empty where nothing was deployed, or the box is down."""
    if not c.running:
        return {}
    try:
        got = engine.exec(c, ["cat", ON_DISK])
    except EngineError:
        return {}
    if got.code:
        return {}
    pairs = (line.partition("=") for line in got.output.splitlines())
    return {name: value for name, _, value in pairs if value}


def where(engine: Engine) -> dict[str, Release]:
    """Each instance's release, by its short name."""
    found = {}
    for c in instances(engine):
        try:
            found[c.short] = of(engine, c)
        except EngineError:
            continue  # ended meanwhile
    return found


def died(c: Container) -> TenfoldError:
    """An instance that ended in mid-deploy."""
    why = "ran out of memory" if c.oom_killed else f"exit code {c.exit_code}"
    return TenfoldError(f"{c.short} is {c.state} ({why})")
