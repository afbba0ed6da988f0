"""Cached queries in ElastiCache that survive its absence: then the query is simply computed.

After an error the cache is left alone for 2 s, or a dead node would cost each request its
time-out (0.5 s).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache

from aws import seen

T = TypeVar("T")
AWAY_SECONDS = 2.0
FORGOTTEN = "tenfold:forgotten"
FORGOTTEN_SECONDS = 3
"""longer than a query may take to be computed, bar the slowest"""
log = logging.getLogger(__name__)
_MISSING = object()


class Circuit:
    """Open for a while after an error; then the next call may try."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds."""
        self._clock = clock
        self._until = 0.0

    @property
    def open(self) -> bool:
        """Whether to leave it alone."""
        return self._clock() < self._until

    def failed(self, error: BaseException) -> None:
        """An error: leave it alone for AWAY_SECONDS."""
        if not self.open:
            log.warning("cache away: %s", error or type(error).__name__)
        self._until = self._clock() + AWAY_SECONDS


circuit = Circuit()


def guarded(call: Callable[[], T], otherwise: T) -> T:
    """Do something with the cache; `otherwise` when it is away."""
    if circuit.open:
        seen.now().cache_answered("away")
        return otherwise
    started = time.perf_counter()
    try:
        return call()
    except Exception as error:
        if not is_away(error):
            raise
        circuit.failed(error)
        seen.now().cache_answered("away")
        return otherwise
    finally:
        seen.now().cache_seconds += time.perf_counter() - started


def is_away(error: BaseException) -> bool:
    """Whether an error means that the cache cannot be reached (or is still loading)."""
    if isinstance(error, OSError):
        return True
    return any(kind.__module__.startswith("redis.") for kind in type(error).__mro__)


def cached(key: str, seconds: int, compute: Callable[[], T]) -> T:
    """The cached value of `key`, else `compute()`, kept for `seconds`. Values must pickle."""
    found: Any = guarded(lambda: cache.get(key, _MISSING), _MISSING)
    if circuit.open or found == FORGOTTEN:
        return compute()
    if found is not _MISSING:
        seen.now().cache_answered("hit")
        value: T = found
        return value
    seen.now().cache_answered("miss")
    value = compute()
    # Not over what came meanwhile: it may say that a write has made this value stale.
    guarded(lambda: cache.add(key, value, seconds), False)
    return value


def forget(*keys: str) -> None:
    """Drop values that a write has made stale; with the cache away they live out their seconds.

    What stays for FORGOTTEN_SECONDS keeps a reader that computed before the write from storing it.
    """
    if keys:
        guarded(
            lambda: cache.set_many(dict.fromkeys(keys, FORGOTTEN), FORGOTTEN_SECONDS), list[str]()
        )
