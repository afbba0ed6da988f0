"""Which database answers: writes go to the primary, analytics may read a replica.

With REPLICA_READS=analytics models of the analytics context are read from a replica, and so is
whatever runs in `on_replica` (a report's queries). Product reads stay on the primary. With
REPLICA_READS=product they go to a replica as well, as far as the request allows it
(aws/readafter.py); analytics has a replica of its own then (ANALYTICS_URLS), since one long query
takes as much CPU as a thousand short ones.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from psycopg.errors import QueryCanceled

T = TypeVar("T")
AWAY_SECONDS = 5.0
"""how long a replica that did not answer is left alone"""
CONTEXTS = frozenset({"analytics"})
log = logging.getLogger(__name__)
ANALYTICS = "replica_analytics"
"""how the databases of analytics begin, where it has its own; all replicas begin with `replica`"""
NEVER = "FFFFFFFF/FFFFFFFF"
"""a position that no replica has replayed"""
_asked: ContextVar[bool] = ContextVar("tenfold_on_replica", default=False)
_away_until: dict[str, float] = {}


@dataclass
class Reads:
    """What one request's reads must see, and which replica may answer them."""

    position: str
    """of the log; empty: any replica will do"""
    used: str = ""
    """the replica that answers; empty: none does"""
    looked: bool = False

    def alias(self) -> str:
        """The same database for all reads of a request."""
        if not self.looked:
            self.looked = True
            found = replica()
            if found and (not self.position or replayed(found, self.position)):
                self.used = found
        return self.used or DEFAULT_DB_ALIAS


_reads: ContextVar[Reads | None] = ContextVar("tenfold_reads", default=None)


@contextmanager
def product_reads(position: str) -> Iterator[Reads]:
    """Inside, the product's reads may go to a replica that has replayed past `position`."""
    reads = Reads(position)
    token = _reads.set(reads)
    try:
        yield reads
    finally:
        _reads.reset(token)


def replayed(alias: str, position: str) -> bool:
    """Whether a replica has come so far in the log; False where it cannot say."""
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [position])
            return bool(cursor.fetchone()[0])
    except (OperationalError, InterfaceError) as error:
        failed(alias, error)
        return False


class Router:
    """Django's router: the primary for all but what may be a little behind."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """A replica for analytics, unless the read belongs to a transaction on the primary."""
        if connections[DEFAULT_DB_ALIAS].in_atomic_block:
            return DEFAULT_DB_ALIAS
        if _asked.get() or model._meta.app_label in CONTEXTS:
            return replica(analytics=True) or DEFAULT_DB_ALIAS
        reads = _reads.get()
        return DEFAULT_DB_ALIAS if reads is None else reads.alias()

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """Always the primary."""
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        """All databases hold the same rows."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Replicas get their tables by replication."""
        return db == DEFAULT_DB_ALIAS


def replica(*, analytics: bool = False) -> str | None:
    """The alias of a replica that answers, else None; of analytics' own where it has some."""
    now = time.monotonic()
    replicas = [alias for alias in settings.DATABASES if alias != DEFAULT_DB_ALIAS]
    own = [alias for alias in replicas if alias.startswith(ANALYTICS)]
    others = [alias for alias in replicas if alias not in own]
    for alias in (own or others) if analytics else others:
        if _away_until.get(alias, 0.0) > now:
            continue
        try:
            connections[alias].ensure_connection()
        except (OperationalError, InterfaceError) as error:
            failed(alias, error)
            continue
        return str(alias)
    return None


def failed(alias: str, error: Exception) -> None:
    """A replica did not answer: leave it alone for a while."""
    _away_until[alias] = time.monotonic() + AWAY_SECONDS
    log.warning("%s away: %s", alias, str(error).strip())
    connections[alias].close()


def on_replica(read: Callable[[], T]) -> T:
    """Call `read` with all its queries on a replica; on the primary when no replica answers.

    For long reads that may be a little behind, in any context. `read` may be called twice: when
    the replica goes away in the midst of it, once more on the primary.
    """
    alias = replica(analytics=True)
    if alias is None:
        return read()
    token = _asked.set(True)
    try:
        return read()
    except (OperationalError, InterfaceError) as error:
        if isinstance(error.__cause__, QueryCanceled):
            # Too slow is not away: on the primary it would be as slow, and hurt everybody.
            raise
        failed(alias, error)
    finally:
        _asked.reset(token)
    return read()
