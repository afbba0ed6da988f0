"""Pages of things with UUIDv7 ids, newest first: the cursor is the last id that was shown."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from config.problems import Problem

T = TypeVar("T")
LIMIT = 20
MAX_LIMIT = 100
CURSOR = re.compile(r"[0-9A-Za-z_-]{22}\Z")
"""16 bytes in base64url"""
LAST = uuid.UUID(int=(1 << 128) - 1)
"""where the newest page begins"""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some things, and from where the next ones are to be asked for (None: that was all)."""

    items: Sequence[T]
    next_cursor: str | None


def before(cursor: str | None) -> uuid.UUID:
    """The id that the page's ids are smaller than; raises Problem(422) for what is no cursor."""
    if not cursor:
        return LAST
    if not CURSOR.match(cursor):
        raise Problem(
            422, detail="This cursor is none: take it from the page before, as it stands there."
        )
    return uuid.UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))


def cursor_at(one: uuid.UUID) -> str:
    """The cursor of the page that follows `one`."""
    return base64.urlsafe_b64encode(one.bytes).decode().rstrip("=")


def page(found: Sequence[T], limit: int, id_of: Callable[[T], uuid.UUID]) -> Page[T]:
    """A page of `limit` from up to `limit` + 1 things that were found."""
    items = found[:limit]
    more = len(found) > limit
    return Page(items, cursor_at(id_of(items[-1])) if more and items else None)


def bounded(limit: int) -> int:
    """A limit that is asked for, within 1 and MAX_LIMIT."""
    return max(1, min(limit, MAX_LIMIT))
