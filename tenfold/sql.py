"""SQL on a running stage's database, as its superuser, from inside the database's own container."""

from __future__ import annotations

from tenfold import patroni
from tenfold.engine import Container, Engine
from tenfold.errors import TenfoldError

DATABASE = "tenfold"


def run(engine: Engine, sql: str, node: Container | None = None, seconds: float = 30) -> str:
    """What psql answers (unaligned, tuples only) on a node, the primary unless one is given.

    Raises TenfoldError with Postgres' own words where it refuses, or after `seconds`.
    """
    where = node or patroni.primary(engine)
    argv = ["psql", "-X", "-q", "-A", "-t", "-U", "postgres", "-d", DATABASE]
    argv += [
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        f"SET statement_timeout = {int(seconds * 1000)}",
        "-c",
        sql,
    ]
    got = engine.exec(where, argv, user="postgres")
    if got.code:
        raise TenfoldError(
            f"{where.short} refused the SQL: {got.output.strip()[-300:]}", do="see `make psql`"
        )
    return got.output.strip()
