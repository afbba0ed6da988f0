"""Sessions in ElastiCache. With the one node gone people are logged out, and no page breaks.

The cookie is kept meanwhile: a session that is still there when the cache answers again is good.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.base import CreateError
from django.contrib.sessions.backends.cache import SessionStore as CacheStore

from aws import cache
from config.problems import Problem

_AWAY: Any = object()


class SessionStore(CacheStore):
    """Django's cache sessions, without an exception of the cache's in a page."""

    _cache: Any

    def load(self) -> dict[str, Any]:
        """An empty session when the cache is away; its key is not forgotten."""
        found = cache.guarded(lambda: self._cache.get(self.cache_key), _AWAY)
        if found is _AWAY:
            return {}
        if found is None:
            self._session_key = None
            return {}
        return dict(found)

    def save(self, must_create: bool = False) -> None:
        """A new session that cannot be kept is refused (503); a changed one stays as it was."""
        done = cache.guarded(lambda: self._save(must_create), _AWAY)
        if done is _AWAY and must_create:
            raise Problem(503, detail="Logging in does not work just now. Try again in a moment.")

    def _save(self, must_create: bool) -> None:
        super().save(must_create=must_create)

    def delete(self, session_key: str | None = None) -> None:
        """Gone from the cache, if it can be reached."""
        cache.guarded(lambda: super(SessionStore, self).delete(session_key), None)

    def exists(self, session_key: str) -> bool:
        """Whether the cache has it."""
        return cache.guarded(lambda: super(SessionStore, self).exists(session_key), False)


__all__ = ["CreateError", "SessionStore"]
