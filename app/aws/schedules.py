"""Schedules in the queue: whichever scheduler is there fires what is due, each period once.

What was fired last is a row of the database, changed in the transaction in which the effect is
promised. So any number of schedulers may run: the row is locked, the second finds nothing to do.
What nobody fired while all were away is fired later. EventBridge Scheduler does as much.

`SCHEDULER=alone` is how it was before: one scheduler, in AZ a, that remembers nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from aws import outbox, telemetry
from aws.models import Schedule as Row

MONDAY = 4 * 86_400
"""1970-01-05 00:00 UTC: periods are counted from a Monday, so that weeks are weeks"""
TICK_SECONDS = 1.0
CATCH_UP = 10
"""periods; who was away for longer is not flooded"""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """An effect that is due at the end of each period of so many seconds."""

    task: str
    seconds: int

    def current(self, now: float) -> int:
        """The number of the period that runs now."""
        return int((now - MONDAY) // self.seconds)

    def payload(self, period: int) -> dict[str, Any]:
        """The period's number and its bounds, seconds since the epoch."""
        since = MONDAY + period * self.seconds
        return {"period": period, "since": since, "until": since + self.seconds}

    def key(self, period: int) -> str:
        """Promised once."""
        return f"{self.seconds}:{period}"


_schedules: dict[str, Schedule] = {}


def every(task: str, seconds: int) -> Schedule:
    """Register the effect `task` as due after each period; contexts do so in their `tasks`."""
    made = Schedule(task, seconds)
    if _schedules.setdefault(task, made) != made:
        raise ValueError(f"two schedules of {task!r}")
    return made


def known() -> Mapping[str, Schedule]:
    """All registered ones by their task."""
    return dict(_schedules)


def promise(schedule: Schedule, period: int) -> None:
    """Promise the effect of one period, in a transaction of its own or the caller's."""
    with transaction.atomic():
        outbox.emit(schedule.task, schedule.payload(period), key=schedule.key(period))


def fire(schedule: Schedule, now: float) -> list[int]:
    """Fire the periods that have ended and nobody fired; answers which."""
    due = schedule.current(now) - 1
    with transaction.atomic():
        row, made = Row.objects.select_for_update().get_or_create(
            name=schedule.task, defaults={"period": due}
        )
        # A new schedule begins with the period that runs; one of another length begins anew.
        if made or not 0 < due - row.period < 10 * CATCH_UP:
            if row.period != due:
                row.period = due
                row.save(update_fields=["period"])
            return []
        periods = list(range(row.period + 1, due + 1))[-CATCH_UP:]
        for period in periods:
            promise(schedule, period)
        row.period = due
        row.save(update_fields=["period"])
    return periods


class Scheduler:
    """One candidate for firing."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """`clock` in seconds since the epoch."""
        self._clock = clock
        self._stopping = threading.Event()
        self._seen: dict[str, int] = {}
        """the last period that needed no look any more"""

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()

    def run(self) -> None:
        """Until stopped; with the database away it goes on trying."""
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self.tick()
            except OperationalError as error:
                log.warning("schedules: the database is away: %s", str(error).strip())
            except Exception:
                log.exception("schedules")
            finally:
                connection.close_if_unusable_or_obsolete()

    def tick(self) -> None:
        """Fire what is due; the database is asked once a period only."""
        now, alone = self._clock(), settings.ENV.scheduler == "alone"
        if alone and settings.ENV.az != "a":
            return
        for schedule in known().values():
            due = schedule.current(now) - 1
            before = self._seen.get(schedule.task)
            if before == due:
                continue
            periods = []
            if not alone:
                periods = fire(schedule, now)
            elif before is not None:
                # It was there when the period ended; of what came before it knows nothing.
                promise(schedule, due)
                periods = [due]
            self._seen[schedule.task] = due
            if periods:
                telemetry.event("schedule_fired", schedule=schedule.task, periods=periods)


def start_thread() -> Scheduler:
    """A scheduler in a thread of this process."""
    scheduler = Scheduler()
    threading.Thread(target=scheduler.run, name="scheduler", daemon=True).start()
    return scheduler
