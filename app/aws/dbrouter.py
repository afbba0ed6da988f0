"""Which database answers: writes go to the primary, analytics may read a replica.

With REPLICA_READS=analytics models of the analytics context are read from a replica, and so is
whatever runs in `on_replica` (a report's queries). Product reads stay on the primary.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from psycopg.errors import QueryCanceled

T = TypeVar("T")
AWAY_SECONDS = 5.0
"""how long a replica that did not answer is left alone"""
CONTEXTS = frozenset({"analytics"})
log = logging.getLogger(__name__)
_asked: ContextVar[bool] = ContextVar("tenfold_on_replica", default=False)
_away_until: dict[str, float] = {}


class Router:
    """Django's router: the primary for all but what may be a little behind."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """A replica for analytics, unless the read belongs to a transaction on the primary."""
        if not _asked.get() and model._meta.app_label not in CONTEXTS:
            return DEFAULT_DB_ALIAS
        if connections[DEFAULT_DB_ALIAS].in_atomic_block:
            return DEFAULT_DB_ALIAS
        return replica() or DEFAULT_DB_ALIAS

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """Always the primary."""
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        """All databases hold the same rows."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Replicas get their tables by replication."""
        return db == DEFAULT_DB_ALIAS


def replica() -> str | None:
    """The alias of a replica that answers, else None."""
    now = time.monotonic()
    for alias in settings.DATABASES:
        if alias == DEFAULT_DB_ALIAS or _away_until.get(alias, 0.0) > now:
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
    alias = replica()
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
