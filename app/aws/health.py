"""What operators and the load balancer ask: does it serve, is it ready, who is it, how is it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import asdict
from functools import cache as memoize
from typing import Any

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse

from aws import telemetry
from aws import whoami as who

BOUND = 1.5
"""seconds a dependency may take to answer"""
_OK = b'{"status": "ok"}'


def healthz(request: HttpRequest) -> HttpResponse:
    """The process serves; nothing else is touched. The load balancer's check."""
    return HttpResponse(_OK, content_type="application/json")


def readyz(request: HttpRequest) -> HttpResponse:
    """Each dependency by name; 503 when one is away.

    Not the load balancer's check: one database that is away would take out all instances.
    """
    started = time.monotonic()
    asked = {name: _pool().submit(_timed, check) for name, check in _checks().items()}
    told = {name: _wait(future, started) for name, future in asked.items()}
    ready = all(one["ok"] for one in told.values())
    body = {"status": "ready" if ready else "not ready", "dependencies": told}
    return JsonResponse(body, status=200 if ready else 503)


def whoami(request: HttpRequest) -> HttpResponse:
    """The footer as JSON."""
    return JsonResponse(asdict(who.whoami()))


def metrics(request: HttpRequest) -> HttpResponse:
    """For CloudWatch; the front does not let it through."""
    return HttpResponse(
        telemetry.metrics().text(), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


@memoize
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="readyz")


def _checks() -> dict[str, Callable[[], None]]:
    env = settings.ENV
    found: dict[str, Callable[[], None]] = {"database": _database}
    if env.cache_url:
        found["cache"] = _cache
    if env.queue_url:
        found["queue"] = _queue
    if env.s3_endpoint:
        found["objectstore"] = _objectstore
    return found


def _timed(check: Callable[[], None]) -> float:
    started = time.monotonic()
    check()
    return time.monotonic() - started


def _wait(future: Future[float], started: float) -> dict[str, Any]:
    left = max(0.0, BOUND - (time.monotonic() - started))
    try:
        return {"ok": True, "ms": round(future.result(timeout=left) * 1000, 1)}
    except NotInTime:
        future.cancel()
        error = f"no answer within {BOUND} s"
    except Exception as raised:  # any failure is an answer here
        error = str(raised).strip().partition("\n")[0][:200] or type(raised).__name__
    return {"ok": False, "ms": round((time.monotonic() - started) * 1000, 1), "error": error}


def _database() -> None:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connections["default"].close()


def _cache() -> None:
    from django.core.cache import cache

    cache.get("readyz")


def _queue() -> None:
    from aws import sqs

    sqs.ping()


def _objectstore() -> None:
    from aws import objectstore

    objectstore.ping()
