"""Notifications by the API."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts import services as accounts
from config.rest import DEFAULT_LIMIT, Cursor, Key, Limit, PageOf, bearer, caller
from notifications import services

router = Router(tags=["notifications"], auth=bearer)


class NotificationOut(Schema):
    """`actor` liked the post, or follows the caller (then there is no post)."""

    id: uuid.UUID
    kind: str = Field(json_schema_extra={"enum": list(services.KINDS)})
    actor: str
    post_id: uuid.UUID | None
    read: bool
    created_at: datetime


class Read(Schema):
    """How many were unread."""

    marked: int


@router.get("/notifications", response=PageOf[NotificationOut], summary="What others did")
def listed(
    request: HttpRequest, cursor: Cursor = "", limit: Limit = DEFAULT_LIMIT
) -> PageOf[NotificationOut]:
    """Newest first."""
    found = services.page(caller(request).id, cursor, limit)
    actors = accounts.get_many({one.actor_id for one in found.items})
    items = [
        NotificationOut(
            id=one.id,
            kind=one.kind,
            actor=actors[one.actor_id].handle,
            post_id=one.post_id,
            read=one.read,
            created_at=one.created_at,
        )
        for one in found.items
        if one.actor_id in actors
    ]
    return PageOf(items=items, next_cursor=found.next_cursor)


@router.post("/notifications/read", response=Read, summary="Mark all as read")
def mark_read(request: HttpRequest, key: Key = "") -> Read:
    """All of them."""
    return Read(marked=services.mark_read(caller(request).id, key=key))
