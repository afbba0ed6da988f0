"""The worker's part: a report is put together from the other contexts, on a replica."""

from __future__ import annotations

import json
import logging
import uuid
import zlib
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from aws import outbox, schedules
from aws.dbrouter import on_replica
from aws.effects import effect
from config.pagination import MAX_LIMIT
from posts import services as posts
from reports import digest
from reports.models import Report
from reports.services import FAILED, PENDING, READY
from timeline import services as timelines

MAX_POSTS = 5000
MAX_LIKES = 5000
log = logging.getLogger(__name__)
DIGEST = schedules.every("reports.digest", settings.ENV.digest_period_seconds)
"""Mondays, for the week before"""


@effect(DIGEST.task)
def digests(payload: dict[str, Any], effect_id: str) -> None:
    """Promise one mail to each who gets one: `period`, and its bounds `since` and `until`."""
    found = digest.readers(payload["since"], payload["until"])
    period = payload["period"]
    mails = {f"{period}:{one}": payload | {"account_id": str(one)} for one in sorted(found)}
    with transaction.atomic():
        outbox.emit_all("reports.digest_mail", mails)


@effect("reports.digest_mail")
def digest_mail(payload: dict[str, Any], effect_id: str) -> None:
    """One account's mail."""
    account_id = uuid.UUID(payload["account_id"])
    digest.send(account_id, payload["period"], payload["since"], payload["until"])


@effect("reports.make")
def make(payload: dict[str, Any], effect_id: str) -> None:
    """Make a report, unless it is made: a repeat writes nothing."""
    report_id = uuid.UUID(payload["report_id"])
    rows = Report.objects.using("default").filter(id=report_id, status=PENDING)
    account_id = rows.values_list("account_id", flat=True).first()
    if account_id is None:
        return
    account = accounts.get(account_id)
    if account is None:
        log.error("report %s is of nobody", report_id)
        rows.update(status=FAILED, finished_at=timezone.now())
        return
    told = on_replica(lambda: activity(account))
    body = zlib.compress(json.dumps(told, ensure_ascii=False, indent=1, default=str).encode())
    rows.update(status=READY, body=body, finished_at=timezone.now())


def activity(account: accounts.Account) -> dict[str, Any]:
    """What somebody wrote, liked and followed."""
    followed = accounts.get_many(timelines.followed_ids(account.id))
    return {
        "handle": account.handle,
        "since": account.created_at,
        "made_at": timezone.now(),
        "posts": _posts(account.id),
        "likes": posts.likes_of(account.id, MAX_LIKES),
        "follows": sorted(one.handle for one in followed.values()),
    }


def _posts(account_id: uuid.UUID) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < MAX_POSTS:
        page = posts.by_author(account_id, cursor, MAX_LIMIT)
        found.extend(
            {
                "id": post.id,
                "at": post.created_at,
                "text": post.text,
                "likes": post.likes,
                "pictures": list(post.media_ids),
            }
            for post in page.items
        )
        cursor = page.next_cursor
        if cursor is None:
            break
    return found
