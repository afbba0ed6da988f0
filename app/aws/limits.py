"""Rate limits: counted in ElastiCache where there is one (shared), else in this process."""

from __future__ import annotations

import threading
from functools import cache as memoize
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from aws import cache
from config.problems import Problem

_lock = threading.Lock()


def allow(name: str, who: str, per_minute: int) -> bool:
    """Count one `name` by `who` (an account's id, an address); False when it is one too many.

    With the cache away everything is allowed: a limit must not be what takes the site down.
    """
    if cache.circuit.open:
        return True
    from limits import RateLimitItemPerMinute

    item = RateLimitItemPerMinute(per_minute)
    with _lock:
        strategy = _strategy()
    return cache.guarded(lambda: bool(strategy.hit(item, name, who)), True)


def require(name: str, who: str, per_minute: int) -> None:
    """As allow(); raises Problem(429) instead of answering False."""
    if not allow(name, who, per_minute):
        raise Problem(
            429,
            detail=f"At most {per_minute} a minute: wait a moment.",
            headers={"Retry-After": "20"},
        )


def address(request: HttpRequest) -> str:
    """Where the caller is, as the outermost of our own proxies has seen it.

    Each of them appends whom it heard to X-Forwarded-For, as CloudFront and an ALB do; what stands
    further left is the caller's own word. Who came past them is the connection's other end.
    """
    chain = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    proxies: int = settings.ENV.trusted_proxies
    seen = chain[-proxies] if 0 < proxies <= len(chain) else ""
    return seen[:45] or str(request.META.get("REMOTE_ADDR", ""))


@memoize
def _strategy() -> Any:
    from limits.strategies import FixedWindowRateLimiter

    if not settings.ENV.cache_url:
        from limits.storage import MemoryStorage

        return FixedWindowRateLimiter(MemoryStorage())
    # The library takes redis as it finds it in sys.modules, half imported by another thread too
    # ("Found version: 0.0.0"); an import statement waits for that thread.
    import redis  # noqa: F401
    from limits.storage import RedisStorage

    return FixedWindowRateLimiter(
        RedisStorage(settings.ENV.cache_url, socket_connect_timeout=0.5, socket_timeout=0.5)
    )
