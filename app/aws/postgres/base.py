"""The database backend: PostgreSQL through a pool that fails fast and recovers by itself.

A connection that the endpoint has cut is found by looking at its socket, without a round trip. A
server that never answers costs `answer_timeout` seconds. While the database is away at most
WAITERS threads wait for it: the others answer at once, so that the health check is answered too.
What each query took, and which role answered, goes to aws/seen.py.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from psycopg import errors

from aws import seen
from aws.postgres import login

WAITERS = 2
FIRST_WAIT = 0.5
"""seconds a thread waits for a connection before it asks whether the database is away"""


class Connection(psycopg.Connection[Any]):
    """A connection on which no wait is for ever."""

    answer_timeout: float | None = None

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Connection:  # type: ignore[override]
        """As psycopg's, with `answer_timeout` in seconds (0: none)."""
        answer_timeout = float(options.pop("answer_timeout", 0))
        made = super().connect(conninfo, **options)
        made.answer_timeout = answer_timeout or None
        return made

    def wait(self, gen: Any, interval: float = 0.5, timeout: float | None = None) -> Any:
        """Every answer is waited for here."""
        try:
            return super().wait(gen, interval, timeout or self.answer_timeout)
        except errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"the server has not answered for {timeout or self.answer_timeout} s"
            ) from None


class Away:
    """Whether a database is away, and how many threads wait for it nevertheless."""

    def __init__(self) -> None:
        """Not away."""
        self.since: float | None = None
        self._lock = threading.Lock()
        self._waiting = 0

    def came(self) -> None:
        """A connection was made or found alive."""
        self.since = None

    def failed(self) -> None:
        """A connection could not be made."""
        if self.since is None:
            self.since = time.monotonic()

    def may_wait(self) -> bool:
        """Take one of the places to wait; give it back with leave()."""
        with self._lock:
            if self.since is not None and self._waiting >= WAITERS:
                return False
            self._waiting += 1
            return True

    def leave(self) -> None:
        """The wait is over."""
        with self._lock:
            self._waiting -= 1


_away: dict[str, Away] = {}


def away(alias: str) -> Away:
    """The state of one database."""
    return _away.setdefault(alias, Away())


def alive(connection: psycopg.Connection[Any]) -> None:
    """Raises unless a pooled connection can be used; a round trip only if something is odd.

    An idle connection has nothing to read. If it has, it is the end of the connection (HAProxy
    cuts sessions when a node is primary no more), or a notice.
    """
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        connection.execute("")


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module."""

    _pool_lock = threading.Lock()
    # Django's own; its stubs do not know them.
    _connection_pools: dict[str, Any]
    _configure_connection: Any

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        """As Django's; each query is measured."""
        super().__init__(settings_dict, alias)
        self.role = "replica" if alias.startswith("replica") else "primary"
        self.execute_wrappers.append(self._measured)

    @property
    def pool(self) -> Any:
        """The process' pool for this database."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        with self._pool_lock:
            if self.alias not in self._connection_pools:
                self._connection_pools[self.alias] = self._make_pool(dict(options))
        return self._connection_pools[self.alias]

    def _make_pool(self, options: dict[str, Any]) -> Any:
        from psycopg_pool import ConnectionPool

        state = away(self.alias)

        class Watched(Connection):
            """Tells whether it could be made."""

            @classmethod
            def connect(cls, conninfo: str = "", **given: Any) -> Connection:  # type: ignore[override]
                make = partial(super().connect, conninfo)
                try:
                    made = login.connect(make, settings.SECRET_STORE, given)
                except psycopg.Error:
                    state.failed()
                    raise
                state.came()
                return made

        def again(pool: ConnectionPool[Any]) -> None:
            # It has given up, somebody still waits: grow again (no public name tells who waits).
            if pool.get_stats().get("requests_waiting"):
                pool.check()

        return ConnectionPool(
            kwargs=self.get_connection_params() | {"autocommit": True},
            connection_class=Watched,
            open=False,
            configure=self._configure_connection,
            check=alive,
            reconnect_failed=again,
            name=self.alias,
            **options,
        )

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection out of the pool: soon, or an OperationalError."""
        started = time.perf_counter()
        try:
            if self.pool is None:
                self.isolation_level = IsolationLevel.READ_COMMITTED
                return login.connect(Connection.connect, settings.SECRET_STORE, conn_params)
            return self._from_pool(self.pool)
        finally:
            seen.now().waited(time.perf_counter() - started)

    def _from_pool(self, pool: Any) -> Any:
        from psycopg_pool import PoolTimeout

        self.isolation_level = IsolationLevel.READ_COMMITTED
        pool.open()
        state = away(self.alias)
        if not state.may_wait():
            raise psycopg.OperationalError(f"the {self.role} is away")
        try:
            first = min(FIRST_WAIT, pool.timeout)
            try:
                return pool.getconn(timeout=first)
            except PoolTimeout:
                pass
        finally:
            state.leave()
        if not state.may_wait():
            raise psycopg.OperationalError(f"the {self.role} is away")
        try:
            return pool.getconn(timeout=max(0.1, pool.timeout - first))
        finally:
            state.leave()

    def _measured(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seen.now().database_answered(self.role, time.perf_counter() - started)
