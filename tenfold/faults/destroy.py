"""Faults that destroy data: an operator's DROP TABLE, a box that is gone with its disk.

What the database held before is entered in the run's ledger as acknowledged, and a snapshot is
taken beside it: the ledger shows what was lost, the snapshot leaves the stage as it was found.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenfold import controlplane_client as controlplane
from tenfold import patroni, record, restore, snapshot, sql, stages
from tenfold.engine import Engine, EngineError, NotFound
from tenfold.errors import FAILED, TenfoldError
from tenfold.faults.base import NoEffect, State, choose, named
from tenfold.ledger import ACKED, Ledger, Write
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.wait import wait_until

TABLE = "posts_post"
KEPT = 300
"""rows from before that are looked for afterwards"""
BACKUP_BOUND = 90.0
MAKE_BOUND = 120.0
BEFORE = 1.0
"""a restore goes to so many seconds before the mistake"""


class Quiet(Output):
    """The drill's own lines tell enough."""

    def step(self, text: str, style: str = "") -> None:
        """Nothing."""


@dataclass(frozen=True)
class DropTable:
    """DROP TABLE on the primary; the operator restores it from a second before."""

    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """How many rows are there; a stage that has backups must have made its first."""
        if backed_up(engine) is False and "backups" not in {s["name"] for s in record.switches()}:
            wait_until("the first base backup", lambda: backed_up(engine), BACKUP_BOUND, every=1)
        return {"folder": str(context["folder"]), "rows": _rows(engine)}

    def inject(self, engine: Engine, state: State) -> None:
        """The mistake, at the database's own time."""
        remember(engine, Path(state["folder"]))
        snapshot.take(engine, Path(state["folder"]))
        # Its own clock: the restore is to a second of it.
        state["at"] = float(sql.run(engine, "SELECT extract(epoch FROM clock_timestamp())"))
        sql.run(engine, f"DROP TABLE {TABLE} CASCADE")

    def took_effect(self, engine: Engine, state: State) -> str:
        """No node has it any more: a standby and a replica repeat a mistake faithfully."""
        clustered = patroni.clustered(engine)
        nodes = [n for n in patroni.nodes(engine) if n.running] if clustered else [None]

        def gone() -> bool:
            return all(_rows(engine, node) < 0 for node in nodes)

        wait_until(f"{TABLE} to be gone on every node", gone, bound=10)
        where = f"on all {len(nodes)} nodes" if clustered else "in the one database"
        return f"{TABLE} with its {state['rows']} rows is gone, {where}"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """The operator restores into a new instance and takes the table; else makes it empty."""
        if "at" not in state or _rows(engine) >= 0:
            return []
        if not backed_up(engine):
            snapshot.empty_table(engine, Path(state["folder"]))
            return [f"{TABLE} was made anew, empty: there is no backup"]
        paths = Paths.here()
        now = stages.running(paths, engine)
        assert now is not None
        to, out = datetime.fromtimestamp(state["at"] - BEFORE, UTC), Quiet(as_json=True)
        begun = time.monotonic()
        fresh = restore.beside(paths, engine, now, to, out)
        restore.take_tables(engine, fresh, out)
        if (back := _rows(engine)) < 0:
            raise TenfoldError(f"{TABLE} is not back", "`make heal` tries again", FAILED)
        return [f"{TABLE} is back with {back} rows after {time.monotonic() - begun:.0f} s"]

    def put_back(self, engine: Engine, state: State) -> list[str]:
        """Where rows were lost, the snapshot; and no restored instance is left."""
        restore.remove(engine)
        return _put_back(engine, state)


@dataclass(frozen=True)
class WipeBox:
    """The first web instance is gone, and the disk that it had with it."""

    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """The instance, and what is needed to make another."""
        victim = choose(engine, "web", "first")
        told = engine.description(victim)
        return {
            "folder": str(context["folder"]),
            "victim": named(victim),
            "made_of": told,
            "volumes": list(told["volumes"]),
            "rows": _rows(engine),
        }

    def inject(self, engine: Engine, state: State) -> None:
        """Remove the container and its volumes."""
        remember(engine, Path(state["folder"]))
        snapshot.take(engine, Path(state["folder"]), *state["volumes"][:1])
        state["at"] = time.time()
        engine.remove(engine.inspect(state["victim"]["id"]))
        for name in state["volumes"]:
            engine.client.api.remove_volume(name)

    def took_effect(self, engine: Engine, state: State) -> str:
        """Neither is there."""
        with suppress(NotFound):
            engine.inspect(state["victim"]["id"])
            raise NoEffect(f"{state['victim']['name']} is still there")
        listed = engine.client.api.volumes().get("Volumes") or []
        if left := {v["Name"] for v in listed} & set(state["volumes"]):
            raise NoEffect(f"{', '.join(left)} is still there")
        disk = ", ".join(state["volumes"]) or "no disk of its own"
        return f"{state['victim']['name']} is gone, with {disk}"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """The operator makes a new one from the image; an auto-scaling group does it by itself."""
        service = state["victim"]["service"]
        scaled = bool(engine.containers("controlplane", running=True)) and "asg" in (
            controlplane.state(engine)
        )
        if scaled or any(c.running for c in engine.containers(service=service)):
            return []
        fresh = engine.make(state["made_of"])
        wait_until(
            f"{fresh.short} to be healthy",
            lambda: engine.inspect(fresh.id).health == "healthy",
            MAKE_BOUND,
        )
        return [f"{fresh.short} was made anew from its image"]

    def put_back(self, engine: Engine, state: State) -> list[str]:
        """The box's disk as it was: rows where they were on it, pictures."""
        done = _put_back(engine, state, keep=True)
        folder = Path(state["folder"])
        if state["volumes"] and snapshot.unpack(engine, folder, state["volumes"][0]):
            done.append("the pictures are back")
        snapshot.forget(folder)
        return done


def backed_up(engine: Engine) -> bool | None:
    """Whether there is a base backup; None where the stage makes none."""
    if not engine.containers("rds"):
        return None
    return restore.window(engine, patroni.primary(engine)).earliest is not None


def remember(engine: Engine, folder: Path) -> None:
    """Enter rows from before into the ledger: each was acknowledged once."""
    told = sql.run(
        engine,
        f"SELECT id, extract(epoch FROM created_at) FROM {TABLE} ORDER BY random() LIMIT {KEPT}",
    )
    book = Ledger(folder / "ledger-before.jsonl")
    for line in told.splitlines():
        marker, _, at = line.partition("|")
        book.add(Write(float(at), "kept", "", marker, "", ACKED, 201, by="before"))
    book.close()


def _rows(engine: Engine, node: Any = None) -> int:
    """Rows of the posts' table; -1 where there is none."""
    if not sql.run(engine, f"SELECT to_regclass('public.{TABLE}')", node):
        return -1
    return int(sql.run(engine, f"SELECT count(*) FROM {TABLE}", node))


def _put_back(engine: Engine, state: State, *, keep: bool = False) -> list[str]:
    """The snapshot's rows, where some of them are not there any more."""
    folder, done = Path(state["folder"]), []
    if not snapshot.there(folder):
        return []
    try:
        now = _rows(engine)
    except (TenfoldError, EngineError) as error:
        raise TenfoldError(
            f"the database cannot be asked: {error}", "`make heal` tries again", FAILED
        ) from error
    if now < int(state["rows"]):
        snapshot.put_back(engine, folder)
        done.append(f"the seeded snapshot is back: {_rows(engine)} posts")
    if not keep:
        snapshot.forget(folder)
    return done
