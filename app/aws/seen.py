"""What one request (or one job) has used so far: database time, which role answered, the cache."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Seen:
    """Filled in by the seams while a request runs."""

    request_id: str = ""
    queries: int = 0
    db_seconds: float = 0.0
    """with the database: waiting for a connection, then for its answers"""
    wait_seconds: float = 0.0
    """of these, until there was a connection"""
    cache_seconds: float = 0.0
    database: str = ""
    """primary, replica, primary and replica, or empty: not asked"""
    cache: str = ""
    """hit, miss, away, or empty: not asked"""

    def database_answered(self, role: str, seconds: float) -> None:
        """One query was answered by `role`."""
        self.queries += 1
        self.db_seconds += seconds
        if not self.database:
            self.database = role
        elif role not in self.database:
            self.database = "primary and replica"

    def waited(self, seconds: float) -> None:
        """A connection was had, or not, after so long."""
        self.db_seconds += seconds
        self.wait_seconds += seconds

    def cache_answered(self, how: str) -> None:
        """One look into the cache; the worst of a request is what counts."""
        order = ("", "hit", "miss", "away")
        if order.index(how) > order.index(self.cache):
            self.cache = how


_seen: ContextVar[Seen | None] = ContextVar("tenfold_seen", default=None)


def begin(request_id: str = "") -> Seen:
    """A new request or job begins in this thread."""
    one = Seen(request_id=request_id)
    _seen.set(one)
    return one


def now() -> Seen:
    """What the present request has used; outside of requests it goes nowhere."""
    one = _seen.get()
    return Seen() if one is None else one
