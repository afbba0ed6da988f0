"""An index is dropped from a table that has grown big."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold import patroni, record, sql
from tenfold.engine import Engine
from tenfold.errors import TenfoldError
from tenfold.faults.base import NoEffect, State
from tenfold.faults.grown import grow, shrink
from tenfold.faults.traffic import Traffic

READERS = Traffic("loadtests.readers", ("--rate", "3"), least=6)
"""somebody who follows dozens of people, as the accounts that a drill makes do not"""
RUNBOOK = "docs/runbooks/rebuild-indexes.sql"


@dataclass(frozen=True)
class DropIndex:
    """An index of the posts' table goes; the table is made as big as a grown product's first.

    A small seed hides a missing index: reading 2,000 rows from end to end takes no time. Healing
    is the runbook's script; then the rows go.
    """

    index: str
    rows: int = 45_000
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """See that there is something to drop."""
        if not _there(engine, self.index):
            raise TenfoldError(
                f"there is no index {self.index}",
                do=f"`make psql < {RUNBOOK}` makes those that are missing",
                exit_code=3,
            )
        return {"index": self.index, **READERS.plan(engine, context)}

    def inject(self, engine: Engine, state: State) -> None:
        """Grow the table, then drop the index; `at` is when it went."""
        READERS.inject(engine, state)
        grow(engine, self.rows)
        READERS.took_effect(engine, state)
        state["at"] = time.time()
        sql.run(engine, f"DROP INDEX {self.index}")

    def took_effect(self, engine: Engine, state: State) -> str:
        """It is gone, and the planner reads the whole table for one author's posts."""
        if _there(engine, self.index):
            raise NoEffect(f"{self.index} is still there")
        asked = "SELECT id FROM posts_post WHERE author_id = gen_random_uuid()"
        plan = sql.run(engine, f"EXPLAIN {asked}")
        if "Seq Scan on posts_post" not in plan:
            raise NoEffect(f"another index is used: {plan.splitlines()[0]}")
        rows = sql.run(engine, "SELECT reltuples::bigint FROM pg_class WHERE relname='posts_post'")
        return f"{self.index} is gone: an author's posts are looked for in all {int(rows):,} rows"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """The runbook's concurrent rebuild, then the added rows go; repeats safely."""
        done = []
        if not _there(engine, self.index):
            began = time.monotonic()
            rebuild(engine)
            took = time.monotonic() - began
            if not _there(engine, self.index):
                raise TenfoldError(f"the runbook has not made {self.index}", do="`make psql`")
            done.append(f"the runbook rebuilt {self.index} concurrently in {took:.1f} s")
        shrink(engine)
        return [*done, *READERS.heal(engine, state)]


def rebuild(engine: Engine) -> None:
    """What the operator does: `make psql < docs/runbooks/rebuild-indexes.sql`."""
    script = (record.ROOT / RUNBOOK).read_text(encoding="utf-8")
    node = patroni.primary(engine)
    words = 'printf "%s" "$1" | psql -X -q -U postgres -d "$2" -v ON_ERROR_STOP=1 -f -'
    got = engine.exec(node, ["sh", "-c", words, "sh", script, sql.DATABASE], user="postgres")
    if got.code:
        raise TenfoldError(
            f"the runbook's script failed in {node.short}: {got.output.strip()[-300:]}",
            do=f"`make psql < {RUNBOOK}`",
        )


def _there(engine: Engine, index: str) -> bool:
    """Whether the index exists and is whole."""
    asked = f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{index}')"
    return sql.run(engine, asked) == "t"
