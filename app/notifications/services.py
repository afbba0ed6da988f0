"""Notifications as the other contexts know them; they come by effects (tasks.py)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from config import ids
from config.pagination import LIMIT, Page, before, bounded
from config.pagination import page as one_page
from config.writes import write
from notifications.models import Notification as Row

KINDS = ("like", "follow")


@dataclass(frozen=True)
class Counts:
    """What others did in some time."""

    likes: int = 0
    followers: int = 0


@dataclass(frozen=True)
class Notification:
    """`actor_id` liked the post `post_id`, or follows one (then there is no post)."""

    id: uuid.UUID
    kind: str
    actor_id: uuid.UUID
    post_id: uuid.UUID | None
    read: bool
    created_at: datetime


def page(
    account_id: uuid.UUID, cursor: str | None = None, limit: int = LIMIT
) -> Page[Notification]:
    """What others did, newest first."""
    limit, end = bounded(limit), before(cursor)
    rows = Row.objects.filter(account_id=account_id, id__lt=end).order_by("-id")[: limit + 1]
    return one_page([_notification(row) for row in rows], limit, lambda one: one.id)


def unread_count(account_id: uuid.UUID) -> int:
    """How many are unread."""
    return Row.objects.filter(account_id=account_id, read=False).count()


def counts(
    since: float, until: float, account_ids: Sequence[uuid.UUID] | None = None
) -> dict[uuid.UUID, Counts]:
    """Likes and new followers from `since` until before `until` (seconds since the epoch).

    By account, of those of `account_ids`, or of all that had any. By the ids, which carry the time.
    """
    rows = Row.objects.filter(id__gte=ids.first_at(since), id__lt=ids.first_at(until))
    if account_ids is not None:
        rows = rows.filter(account_id__in=list(account_ids))
    counted = rows.values_list("account_id").annotate(
        likes=Count("id", filter=Q(kind="like")), followers=Count("id", filter=Q(kind="follow"))
    )
    return {one: Counts(likes, followers) for one, likes, followers in counted}


def mark_read(account_id: uuid.UUID, *, key: str = "") -> int:
    """All of them are read; answers how many were not."""

    def run() -> int:
        return Row.objects.filter(account_id=account_id, read=False).update(read=True)

    return int(write(f"notifications.read:{account_id}", key, (), run))


def tell(
    account_id: uuid.UUID, kind: str, actor_id: uuid.UUID, post_id: uuid.UUID | None = None
) -> None:
    """Add a notification, unless it is there."""
    row = Row(
        id=ids.new_id_for(account_id),
        account_id=account_id,
        kind=kind,
        actor_id=actor_id,
        post_id=post_id,
    )
    Row.objects.bulk_create([row], ignore_conflicts=True)


def _notification(row: Row) -> Notification:
    return Notification(row.id, row.kind, row.actor_id, row.post_id, row.read, row.created_at)
