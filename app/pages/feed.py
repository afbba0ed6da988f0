"""Posts as the pages show them: one query a kind of thing for a whole page, never one a post."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import services as accounts
from media import services as media
from pages.context import Me
from posts import services as posts


@dataclass(frozen=True)
class Picture:
    """A picture of a post; `url` is empty while it cannot be shown, and `wait` says why."""

    url: str
    full: str
    wait: str = ""


@dataclass(frozen=True)
class Card:
    """A post with all that its template needs."""

    id: uuid.UUID
    author: str
    text: str
    at: datetime
    likes: int
    liked: bool
    pictures: Sequence[Picture]


def cards(found: Sequence[posts.Post], me: Me | None) -> list[Card]:
    """`found` in its order, for a reader (None: nobody logged in)."""
    if not found:
        return []
    handles = handles_of(post.author_id for post in found)
    ids = [post.id for post in found]
    liked = posts.liked_by(me.id, ids) if me else frozenset()
    wanted = {one for post in found for one in post.media_ids}
    shown = media.get_many(sorted(wanted)) if wanted else {}
    return [
        Card(
            id=post.id,
            author=handles[post.author_id],
            text=post.text,
            at=post.created_at,
            likes=post.likes,
            liked=post.id in liked,
            pictures=[_picture(shown.get(one)) for one in post.media_ids],
        )
        for post in found
        if post.author_id in handles
    ]


def handles_of(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The handles of several accounts, in one query."""
    found = accounts.get_many(sorted(set(ids)))
    return {one: account.handle for one, account in found.items()}


def _picture(one: Any) -> Picture:
    if one is None or one.status == "failed":
        return Picture("", "", "This picture cannot be shown.")
    if not one.thumbnail_url:
        return Picture("", "", "The small version is being made. Look again in a moment.")
    return Picture(one.thumbnail_url, one.url)
