"""What the app tells of itself: JSON lines on stdout, and metrics for CloudWatch.

One access line a request. The metrics: requests and their latency by route, the time they spent
with the database, and by route what the time and the queries were (`make profile` shows it).
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws.seen import Seen

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""seconds"""
FIELDS = "fields"
"""the `extra` name under which a log call hands over its own fields"""
access = logging.getLogger("tenfold.access")
_metrics: Any = None
_lock = threading.Lock()


class JsonFormatter(logging.Formatter):
    """A line of JSON a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Time (ISO, UTC), level, event; then the record's own fields."""
        from aws import seen

        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "ts": f"{when}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
        }
        fields = getattr(record, FIELDS, None)
        if fields is None:
            line["event"] = "log"
            line["logger"] = record.name
            line["message"] = record.getMessage()
        else:
            line["event"] = record.getMessage()
            line.update(fields)
        request_id = seen.now().request_id
        if request_id:
            line.setdefault("request_id", request_id)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure_logging(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: everything to stdout, as JSON; `config` is not used."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    for name in ("django", "django.server"):
        own = logging.getLogger(name)
        own.handlers.clear()
        own.propagate = True
    # The access line has the status; Django's own line is worth something with a traceback only.
    logging.getLogger("django.request").addFilter(lambda record: record.exc_info is not None)
    for name, level in (
        ("django.security", logging.ERROR),
        ("psycopg.pool", logging.ERROR),
        ("urllib3", logging.WARNING),
        ("botocore", logging.WARNING),
        ("PIL", logging.WARNING),
    ):
        logging.getLogger(name).setLevel(level)


def event(name: str, **fields: Any) -> None:
    """One line about something that happened, out at once."""
    logging.getLogger("tenfold").info(name, extra={FIELDS: fields})


def request_done(
    method: str, path: str, route: str, status: int, seconds: float, used: Seen
) -> None:
    """The access line, and the counters."""
    access.info(
        "request",
        extra={
            FIELDS: {
                "method": method,
                "path": path,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "db_ms": round(used.db_seconds * 1000, 1),
                "wait_ms": round(used.wait_seconds * 1000, 1),
                "cache_ms": round(used.cache_seconds * 1000, 1),
                "queries": used.queries,
            }
        },
    )
    m = metrics()
    m.requests.labels(method, route, str(status)).inc()
    m.latency.labels(method, route).observe(seconds)
    m.database.observe(used.db_seconds)
    m.queries.labels(method, route).inc(used.queries)
    for part, took in parts(seconds, used).items():
        m.parts.labels(method, route, part).inc(took)


def parts(seconds: float, used: Seen) -> dict[str, float]:
    """Where a request's seconds went; they add up to all of it."""
    database = used.db_seconds - used.wait_seconds
    known = {"database": database, "connection": used.wait_seconds, "cache": used.cache_seconds}
    return {"app": max(0.0, seconds - sum(known.values())), **known}


def metrics() -> Any:
    """The process' metrics; made when first used, so that a command needs no registry."""
    global _metrics
    with _lock:
        if _metrics is None:
            _metrics = _Metrics()
        return _metrics


class _Metrics:
    """Prometheus' client; with several processes an instance the files of all are added up."""

    def __init__(self) -> None:
        from django.conf import settings

        self.several = settings.ENV.web_workers > 1
        if self.several:
            # Read by the client when it is imported; a tmpfs, empty at each start.
            os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "/dev/shm")
        from prometheus_client import Counter, Histogram

        self.requests = Counter(
            "tenfold_requests_total", "Requests answered", ["method", "route", "status"]
        )
        self.latency = Histogram(
            "tenfold_request_seconds", "Time to answer", ["method", "route"], buckets=BUCKETS
        )
        self.database = Histogram(
            "tenfold_request_database_seconds",
            "Time of a request spent with the database",
            buckets=BUCKETS,
        )

        self.parts = Counter(
            "tenfold_request_part_seconds_total",
            "Time of requests by where it went: app, database, connection (waiting for one), cache",
            ["method", "route", "part"],
        )
        self.queries = Counter(
            "tenfold_request_queries_total", "Queries of requests", ["method", "route"]
        )

    def text(self) -> bytes:
        """The exposition format."""
        from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

        if not self.several:
            return bytes(generate_latest(REGISTRY))
        from prometheus_client import multiprocess

        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return bytes(generate_latest(registry))
