"""The relay: publishes the outbox's rows in the order of their creation, at least once.

One relay at a time, by an advisory lock on a connection of its own. A relay that dies loses its
connection, and one that is frozen is cut by the server's idle_session_timeout: another takes over
in seconds. It runs as a thread of each worker, and stands by in each web instance, so that effects
reach the queue while no worker is there to do it; without a queue it does the effects itself.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from django.db import connections

from aws import effects, seen, sqs, telemetry
from aws.wire import Refused, Unreachable

LOCK = 0x7E4F01D
"""pg_try_advisory_lock's key"""
POLL_SECONDS = 0.2
BATCH = 50
CLEAN_SECONDS = 60.0
TRIES = 5
"""how often an effect is tried without a queue, as SQS's maxReceiveCount"""
Row = tuple[uuid.UUID, str, dict[str, Any]]
Send = Callable[[Sequence[Row]], Sequence[uuid.UUID]]
log = logging.getLogger(__name__)

UNSENT = """
    SELECT id, task, payload FROM aws_outbox WHERE sent_at IS NULL
    ORDER BY created_at, id LIMIT %s"""
SENT = "UPDATE aws_outbox SET sent_at = clock_timestamp() WHERE id = ANY(%s)"
OLD = (
    "DELETE FROM aws_outbox WHERE id IN (SELECT id FROM aws_outbox"
    " WHERE sent_at < now() - interval '1 hour' LIMIT 5000)",
    "DELETE FROM aws_idempotency WHERE ctid = ANY (ARRAY(SELECT ctid FROM aws_idempotency"
    " WHERE created_at < now() - interval '1 day' LIMIT 5000))",
    # Longer than the queue keeps a message: 4 days.
    "DELETE FROM aws_effect_done WHERE effect_id IN (SELECT effect_id FROM aws_effect_done"
    " WHERE done_at < now() - interval '5 days' LIMIT 5000)",
)


def publish(rows: Sequence[Row]) -> Sequence[uuid.UUID]:
    """Hand rows to the queue; the ids of those it took."""
    messages = [sqs.Message(str(one), task, payload) for one, task, payload in rows]
    return [uuid.UUID(one) for one in sqs.send(messages)]


class RunNow:
    """Does effects in this process, for stages without a queue; one that fails comes again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Remembers what failed, and when it may come again."""
        self._clock = clock
        self._failed: dict[uuid.UUID, tuple[int, float]] = {}

    def __call__(self, rows: Sequence[Row]) -> Sequence[uuid.UUID]:
        """The ids of those that are done, or given up after TRIES."""
        done = []
        for one, task, payload in rows:
            tries, not_before = self._failed.get(one, (0, 0.0))
            if self._clock() < not_before:
                continue
            if do(str(one), task, payload) or tries + 1 >= TRIES:
                self._failed.pop(one, None)
                done.append(one)
            else:
                self._failed[one] = (tries + 1, self._clock() + 2.0**tries)
        return done


run_now = RunNow()


def do(effect_id: str, task: str, payload: dict[str, Any]) -> bool:
    """Do one effect and tell of it in the log; False when it raised."""
    seen.begin(effect_id)
    started = time.perf_counter()
    told = {"task_id": effect_id, "task": task}
    telemetry.event("task_started", **told)
    try:
        effects.run(task, payload, effect_id)
    except Exception as error:  # whatever a context raises: the effect comes again
        ms = round((time.perf_counter() - started) * 1000, 1)
        telemetry.event("task_failed", ms=ms, error=f"{type(error).__name__}: {error}", **told)
        log.info("%s failed", task, exc_info=True)
        return False
    finally:
        _close_django()
    ms = round((time.perf_counter() - started) * 1000, 1)
    telemetry.event("task_succeeded", ms=ms, **told)
    return True


class Relay:
    """One candidate for the relay's work."""

    def __init__(self, send: Send, *, standby: bool = False) -> None:
        """A standby asks for the lock less often, and gives it back each 10 s to a worker."""
        self._send = send
        self._retry = 2.0 if standby else 0.5
        self._term = 10.0 if standby else None
        # Doing an effect takes longer than sending one, and the session idles meanwhile.
        self._idle = "6s" if send is publish else "15s"
        self._stopping = threading.Event()
        self._cleaned = time.monotonic()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()

    def run(self) -> None:
        """Until stopped; whatever goes wrong is tried again."""
        told = ""
        while not self._stopping.is_set():
            try:
                with connect(self._idle) as connection:
                    told = ""
                    while not self._stopping.is_set():
                        if _lock(connection):
                            self._lead(connection)
                            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
                        self._stopping.wait(self._retry)
            except (psycopg.Error, OSError) as error:
                reason = str(error).strip()
                if reason != told:  # an outage is told once
                    log.warning("relay: the database is away: %s", reason)
                    told = reason
                self._stopping.wait(0.5)
            except Exception:
                log.exception("relay")
                self._stopping.wait(1.0)

    def _lead(self, connection: psycopg.Connection[Any]) -> None:
        telemetry.event("relay_leads")
        until = time.monotonic() + self._term if self._term else None
        away = False
        while not self._stopping.is_set() and (until is None or time.monotonic() < until):
            rows = connection.execute(UNSENT, (BATCH,)).fetchall()
            try:
                sent = list(self._send(rows)) if rows else []
                away = False
            except (Unreachable, Refused) as error:
                if not away:
                    log.warning("relay: the queue is away: %s", error)
                away, sent = True, []
            if sent:
                connection.execute(SENT, (sent,))
            if time.monotonic() - self._cleaned > CLEAN_SECONDS:
                self._cleaned = time.monotonic()
                for statement in OLD:
                    connection.execute(statement)
            if len(sent) < BATCH:
                self._stopping.wait(POLL_SECONDS)


def start_thread(send: Send, *, standby: bool = False) -> Relay:
    """A relay in a thread of this process."""
    relay = Relay(send, standby=standby)
    threading.Thread(target=relay.run, name="relay", daemon=True).start()
    return relay


def connect(idle: str) -> psycopg.Connection[Any]:
    """A session of its own, outside of the pool: it holds the lock."""
    from aws.postgres.base import Connection

    parameters = dict(connections["default"].get_connection_params())
    for name in ("context", "cursor_factory"):
        parameters.pop(name, None)
    parameters["options"] = (
        f"-c statement_timeout=5000 -c lock_timeout=3000 -c idle_session_timeout={idle}"
        " -c idle_in_transaction_session_timeout=3s"
    )
    return Connection.connect(autocommit=True, **parameters)


def _lock(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
    return bool(row and row[0])


def _close_django() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
