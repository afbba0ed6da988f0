"""Events as the other contexts know them: taken in once each, and counted."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count

from analytics.models import Event as Row
from config.problems import Problem
from config.writes import write

MAX_EVENTS = 500
"""a call"""
EVENT_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")
YEARS = range(2000, 2100)
"""Clients' clocks are wrong at times: their events count all the same. `received_at` is ours."""


@dataclass(frozen=True)
class Event:
    """What a client reports: `id` is its own, `at` is when it happened."""

    id: str
    name: str
    at: datetime


@dataclass(frozen=True)
class Taken:
    """How many were new, and how many had come before."""

    accepted: int
    duplicates: int


def record(account_id: uuid.UUID, events: Sequence[Event], *, key: str = "") -> Taken:
    """Keep each event once. Raises Problem(422) if any of them is wrong: then none is kept."""
    if len(events) > MAX_EVENTS:
        raise Problem(422, detail=f"At most {MAX_EVENTS} events are taken at a time.")
    for one in events:
        if not EVENT_ID.match(one.id) or not NAME.match(one.name):
            raise Problem(422, detail=f"The event {one.id[:70]!r} has a bad id or name.")
        if one.at.year not in YEARS:
            raise Problem(422, detail=f"The event {one.id} is from an impossible time.")

    def run() -> dict[str, int]:
        if not events:
            return {"accepted": 0}
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO analytics_event (event_id, account_id, name, at)"
                " SELECT e.id, %s, e.name, e.at"
                " FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS e(id, name, at)"
                " ORDER BY e.id ON CONFLICT DO NOTHING",
                [
                    account_id,
                    [one.id for one in events],
                    [one.name for one in events],
                    [one.at for one in events],
                ],
            )
            return {"accepted": cursor.rowcount}

    asked = [(one.id, one.name, one.at) for one in events]
    told = write(f"analytics.record:{account_id}", key, (asked,), run)
    return Taken(told["accepted"], len(events) - told["accepted"])


def counts(since: datetime, until: datetime) -> Mapping[str, int]:
    """How often each event happened in a time; may be as old as the replica is behind."""
    found = Row.objects.filter(at__gte=since, at__lt=until).values_list("name")
    return dict(found.annotate(times=Count("*")))
