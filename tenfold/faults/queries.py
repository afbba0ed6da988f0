"""What one context's SQL can do to all others: a runaway query, every connection held."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import patroni, record, sql
from tenfold.engine import Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.faults.base import NoEffect, State, front
from tenfold.faults.traffic import end, said, start
from tenfold.wait import WaitTimeout, wait_until

ACTIVE = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = '{name}' AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock'
"""
HELD = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query ILIKE '%{table}%' AND application_name <> '{name}'
"""
END = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{}'"


@dataclass(frozen=True)
class BadSql:
    """Sessions of one context that run a query which does not come to its end."""

    name: str
    """the context's application_name"""
    query: str
    sessions: int = 4
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """The database it runs on."""
        return {"folder": str(context["folder"]), "primary": patroni.primary(engine).short}

    def inject(self, engine: Engine, state: State) -> None:
        """Start the sessions."""
        _sessions(engine, state, self.name, self.query, sessions=self.sessions)

    def took_effect(self, engine: Engine, state: State) -> str:
        """Postgres says that they run, and wait for nobody."""
        asked = ACTIVE.format(name=self.name)
        wait_until(
            f"{self.sessions} sessions of {self.name}",
            lambda: int(sql.run(engine, asked)) >= self.sessions,
            bound=20,
            tolerate=(TenfoldError, EngineError, ValueError),
        )
        return f"{self.sessions} sessions of {self.name} run their query on {state['primary']}"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """End the context's job, then what it left in the database."""
        return _end(engine, state, self.name)


@dataclass(frozen=True)
class PoolHog:
    """One context's requests hold every connection: its table is locked, its clients go on asking.

    The instances' threads and connections are one pool for all contexts; requests that wait for the
    lock keep theirs until the lock's time-out.
    """

    name: str
    table: str
    path: str
    """what the context's clients ask for"""
    rate: float = 15.0
    """requests a second"""
    least: int = 8
    """connections that must wait at once: as many as one instance has threads"""
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Where the clients ask."""
        return {"folder": str(context["folder"]), "target": front(engine)}

    def inject(self, engine: Engine, state: State) -> None:
        """Lock the table, then start the clients."""
        lock = f"LOCK TABLE {self.table} IN ACCESS EXCLUSIVE MODE"
        _sessions(engine, state, self.name, lock, keep=600)
        # idle_in_transaction_session_timeout ends the session; it takes its lock again.
        argv = ["python", "-m", "loadtests.polling", "--target", state["target"]]
        argv += ["--out", "/tmp", "--rate", f"{self.rate:g}", "--path", self.path]
        _tool(engine, state, argv)

    def took_effect(self, engine: Engine, state: State) -> str:
        """So many connections of the product wait for that table at one moment."""
        asked = HELD.format(table=self.table, name=self.name)
        most = [0]

        def held() -> bool:
            most[0] = max(most[0], int(sql.run(engine, asked)))
            return most[0] >= self.least

        try:
            wait_until(
                f"{self.least} connections that wait for {self.table}",
                held,
                bound=30,
                every=0.3,
                tolerate=(TenfoldError, EngineError, ValueError),
            )
        except WaitTimeout as error:
            raise NoEffect(f"at most {most[0]} connections wait for {self.table}") from error
        return f"{most[0]} connections of the product wait for {self.table} at one moment"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """End clients and lock."""
        return _end(engine, state, self.name)


def _sessions(
    engine: Engine, state: State, name: str, query: str, *, sessions: int = 1, keep: float = 0
) -> None:
    argv = ["python", "-m", "loadtests.sessions", "--application", name, "--sql", query]
    _tool(engine, state, [*argv, "--sessions", str(sessions), "--keep", f"{keep:g}"])
    bound = 20.0
    wait_until(
        f"{sessions} sessions of {name}",
        lambda: said(Path(state["folder"])).get("sent", 0) >= sessions,
        bound,
    )


def _tool(engine: Engine, state: State, argv: list[str]) -> None:
    secret = record.STATE / "secrets" / "tenfold-rds"
    start(engine, state, argv, {str(secret): "/run/secrets/tenfold-rds:ro"})


def _end(engine: Engine, state: State, name: str) -> list[str]:
    """Stop the containers of the run's special traffic, and end the sessions that are left."""
    done = [f"a job of {name} has ended"] * end(engine, state, grace=2)
    with contextlib.suppress(TenfoldError, EngineError):
        # The client's end does not end a query that has not looked up yet.
        if ended := int(sql.run(engine, END.format(name)) or 0):
            done.append(f"{ended} sessions of {name} terminated")
    return done
