"""Switches of what is where: the database on a disk of its own, a second instance, backups."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tenfold import controlplane_client as controlplane
from tenfold import patroni
from tenfold.engine import Container, Engine, EngineError, NotFound
from tenfold.errors import TenfoldError
from tenfold.switches.base import Environment, State
from tenfold.wait import wait_until

ON_THE_BOX = Environment(
    "web",
    (
        ("BOX_SERVICES", "postgres app nginx cron agent"),
        ("DATABASE_URL", "postgresql://127.0.0.1:5432/tenfold"),
    ),
    "the database is on the box's own disk, as at stage 0",
)
NAME = "rds"


@dataclass(frozen=True)
class OwnDisk:
    """Stage 1 without RDS: the box has the database too, which answers to RDS's name."""

    says: str = ON_THE_BOX.says

    def plan(self, engine: Engine) -> State:
        """The box's environment."""
        return ON_THE_BOX.plan(engine)

    def off(self, engine: Engine, state: State) -> None:
        """RDS stops, the box starts with a database of its own, and gets its name."""
        for rds in engine.containers("rds", running=True):
            engine.stop(rds, 20)
        ON_THE_BOX.off(engine, state)
        _name(engine, engine.one("web"), named=True)

    def on(self, engine: Engine, state: State) -> None:
        """The name goes back, RDS starts, the box's own database is gone."""
        for rds in engine.containers("rds"):
            engine.start(rds)
        for box in engine.containers("web"):
            _name(engine, box, named=False)
        wait_until("RDS to answer", lambda: engine.one("rds").health == "healthy", bound=60)
        ON_THE_BOX.on(engine, state)
        for box in engine.containers("web", running=True):
            engine.exec(box, ["rm", "-rf", "/data/postgresql"])


def _name(engine: Engine, box: Container, *, named: bool) -> None:
    """Give the box RDS's name on the network, or take it away."""
    link = engine.link(box)
    if (NAME in link.aliases) is named:
        return
    aliases = tuple(a for a in link.aliases if a != NAME) + ((NAME,) if named else ())
    engine.cut(box)
    engine.mend(dataclasses.replace(link, aliases=aliases))


@dataclass(frozen=True)
class Backups:
    """Automated backups: AWS's retention of 0 days deletes them all, and no log is shipped."""

    says: str = "the database's automated backups are off: retention 0"

    def plan(self, engine: Engine) -> State:
        """Nothing to remember: `on` repeats safely on every node."""
        return {}

    def off(self, engine: Engine, state: State) -> None:
        """Delete them, and see that nothing can be restored."""
        for node in patroni.nodes(engine):
            _keep(engine, node, "off")
        wait_until("no backup to be left", lambda: not _backed_up(engine), bound=30, every=1)

    def on(self, engine: Engine, state: State) -> None:
        """Begin anew, and see the first base backup."""
        for node in patroni.nodes(engine):
            if node.running:
                _keep(engine, node, "on")
        wait_until(
            "a base backup",
            lambda: _backed_up(engine),
            bound=90,
            every=1,
            tolerate=(EngineError, TenfoldError),
        )


def _keep(engine: Engine, node: Container, how: str) -> None:
    done = engine.exec(node, ["keep-backups", how], user="postgres")
    if done.code:
        raise TenfoldError(
            f"{node.short}: backups {how}: {done.output.strip()[-300:]}", "`make heal` tries again"
        )


def _backed_up(engine: Engine) -> bool:
    from tenfold import restore  # it knows this package's users

    return restore.window(engine, patroni.primary(engine)).earliest is not None


@dataclass(frozen=True)
class SecondInstance:
    """One web instance only: the other is stopped, or the auto-scaling group keeps one."""

    says: str = "there is one web instance"
    group: Environment = Environment(
        "controlplane", (("ASG_MIN", "1"), ("ASG_MAX", "1")), "the group has one instance"
    )

    def plan(self, engine: Engine) -> State:
        """The group's size, or the instance that is stopped."""
        if "asg" in controlplane.state(engine):
            return self.group.plan(engine)
        return {"id": engine.containers("web", running=True)[-1].id}

    def off(self, engine: Engine, state: State) -> None:
        """Leave one, and see that requests go to it alone."""
        if "id" in state:
            engine.stop(engine.inspect(state["id"]), 30)
        else:
            self.group.off(engine, state)
        wait_until(
            "one web instance",
            lambda: len(engine.containers("web", running=True)) == 1 and _targets(engine) == 1,
            bound=60,
            every=0.5,
            tolerate=(EngineError, TenfoldError),
        )

    def on(self, engine: Engine, state: State) -> None:
        """Two again."""
        if "id" in state:
            try:
                engine.start(engine.inspect(state["id"]))
            except NotFound:
                return  # made anew meanwhile
        else:
            self.group.on(engine, state)
        wait_until(
            "two web instances in service",
            lambda: _targets(engine) >= 2,
            bound=90,
            every=1,
            tolerate=(EngineError, TenfoldError),
        )


def _targets(engine: Engine) -> int:
    found = controlplane.targets(controlplane.state(engine))
    return sum(t["state"] == "healthy" for t in found)
