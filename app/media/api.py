"""Pictures by the API: a place to upload to, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from config.problems import Problem
from config.rest import Body, JsonInt, Key, bearer, caller
from media import services

router = Router(tags=["media"])


class NewMedia(Body):
    """The picture that is about to be sent."""

    content_type: Literal["image/jpeg", "image/png", "image/webp", "image/gif"]
    size: Annotated[int, JsonInt] = Field(ge=1, le=services.MAX_BYTES, description="Bytes.")


class SlotOut(Schema):
    """Send the bytes to `url` with this method and exactly these headers, within 10 minutes."""

    id: uuid.UUID
    url: str
    method: str
    headers: Mapping[str, str]


class MediaOut(Schema):
    """A picture: pending, then ready or failed. The addresses are null until it is ready."""

    id: uuid.UUID
    status: str = Field(json_schema_extra={"enum": ["pending", "ready", "failed"]})
    content_type: str
    url: str | None
    thumbnail_url: str | None
    width: int | None
    height: int | None
    reason: str = Field(description="Why it failed, else empty.")
    created_at: datetime


@router.post("/media", response={201: SlotOut}, auth=bearer, summary="Begin an upload")
def create(request: HttpRequest, body: NewMedia, key: Key = "") -> Status[services.Slot]:
    """A place for one picture; a post that shows it starts the making of its thumbnail."""
    slot = services.create_upload(
        caller(request).id,
        body.content_type,
        body.size,
        origin=f"{request.scheme}://{request.get_host()}",
        key=key,
    )
    return Status(201, slot)


@router.get("/media/{media_id}", response=MediaOut, summary="Look at a picture's state")
def read(request: HttpRequest, media_id: uuid.UUID) -> services.Item:
    """Anybody may look, as at the post that shows it."""
    found = services.get(media_id)
    if found is None:
        raise Problem(404, detail=f"There is no picture {media_id}.")
    return found
