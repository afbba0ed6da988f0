"""Following and the home timeline. The timeline is put together when it is read.

Cached where the cache is shared by all instances: whom one follows, and a profile's counts. Both
are dropped by the writes that change them, so that one's own write shows at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.db import connection, transaction

from accounts import services as accounts
from aws import cache, outbox
from config.pagination import LIMIT, Page
from config.problems import Problem
from config.writes import write
from posts import services as posts
from timeline.models import Follow

T = TypeVar("T")
CACHED_SECONDS = 30
MAX_FOLLOWED = 5000
"""people one may follow: the timeline looks at each of them"""


@dataclass(frozen=True)
class Stats:
    """The counts of a profile, and whether the viewer follows it."""

    followers: int
    following: int
    followed: bool


def home(account_id: uuid.UUID, cursor: str | None = None, limit: int = LIMIT) -> Page[posts.Post]:
    """The posts of the people one follows and one's own, newest first."""
    return posts.by_authors([account_id, *followed_ids(account_id)], cursor, limit)


def followed_ids(account_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Whom somebody follows."""

    def look() -> list[uuid.UUID]:
        found = Follow.objects.filter(follower_id=account_id)
        return list(found.values_list("followed_id", flat=True)[:MAX_FOLLOWED])

    return _shared(_followed_key(account_id), look)


def followers_of(account_ids: Sequence[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Everybody who follows one of these people."""
    rows = Follow.objects.filter(followed_id__in=list(account_ids))
    return frozenset(rows.values_list("follower_id", flat=True).distinct())


def follow_stats(account_id: uuid.UUID, viewer_id: uuid.UUID | None) -> Stats:
    """How many follow somebody, how many that one follows, and whether the viewer does."""

    def look() -> tuple[int, int]:
        return (
            Follow.objects.filter(followed_id=account_id).count(),
            Follow.objects.filter(follower_id=account_id).count(),
        )

    followers, following = _shared(_stats_key(account_id), look)
    followed = (
        viewer_id is not None
        and Follow.objects.filter(follower_id=viewer_id, followed_id=account_id).exists()
    )
    return Stats(followers, following, followed)


def follow(follower_id: uuid.UUID, followed_id: uuid.UUID, *, key: str = "") -> None:
    """Follow somebody, once; who is followed is told.

    Raises Problem 404 (there is nobody) or 409 (oneself, or too many).
    """
    if follower_id == followed_id:
        raise Problem(409, detail="Nobody follows oneself.")
    if accounts.get(followed_id) is None:
        raise Problem(404, detail="There is nobody of this name.")

    def run() -> dict[str, bool]:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO timeline_follow (follower_id, followed_id)"
                " SELECT %s, %s WHERE (SELECT count(*) FROM timeline_follow"
                " WHERE follower_id = %s) < %s ON CONFLICT DO NOTHING",
                [follower_id, followed_id, follower_id, MAX_FOLLOWED],
            )
            fresh = cursor.rowcount == 1
        if fresh:
            outbox.emit(
                "notifications.follow",
                {"account_id": str(followed_id), "actor_id": str(follower_id)},
            )
            _forget(follower_id, followed_id)
        elif not _follows(follower_id, followed_id):
            raise Problem(409, detail=f"One follows at most {MAX_FOLLOWED} people.")
        return {"following": True}

    write(f"timeline.follow:{follower_id}", key, (followed_id,), run)


def unfollow(follower_id: uuid.UUID, followed_id: uuid.UUID, *, key: str = "") -> None:
    """Follow somebody no more; nothing happens when one did not."""

    def run() -> dict[str, bool]:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM timeline_follow WHERE follower_id = %s AND followed_id = %s",
                [follower_id, followed_id],
            )
        _forget(follower_id, followed_id)
        return {"following": False}

    write(f"timeline.unfollow:{follower_id}", key, (followed_id,), run)


def _follows(follower_id: uuid.UUID, followed_id: uuid.UUID) -> bool:
    rows = Follow.objects.using("default")
    return rows.filter(follower_id=follower_id, followed_id=followed_id).exists()


def _shared(key: str, compute: Callable[[], T]) -> T:
    """Cached where all instances share the cache; a process' own could not be dropped by others."""
    if not settings.ENV.cache_url:
        return compute()
    return cache.cached(key, CACHED_SECONDS, compute)


def _forget(follower_id: uuid.UUID, followed_id: uuid.UUID) -> None:
    keys = (_followed_key(follower_id), _stats_key(follower_id), _stats_key(followed_id))
    if settings.ENV.cache_url:
        transaction.on_commit(lambda: cache.forget(*keys))


def _followed_key(account_id: uuid.UUID) -> str:
    return f"followed:{account_id}"


def _stats_key(account_id: uuid.UUID) -> str:
    return f"follow-stats:{account_id}"
