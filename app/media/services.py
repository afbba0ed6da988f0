"""Pictures as the other contexts know them: a place to upload to, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aws import objectstore
from config import ids
from config.problems import Problem
from config.writes import write
from media.models import Media as Row

MAX_BYTES = 5 * 1024 * 1024
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
"""what is taken, and the name Pillow has for it"""
CONTENT_TYPES = tuple(FORMATS)
IMMUTABLE = "public, max-age=31536000, immutable"
"""what is under a media id never changes"""
PENDING, READY, FAILED = "pending", "ready", "failed"


@dataclass(frozen=True)
class Slot:
    """Where to send a picture, within 10 minutes, with exactly these headers."""

    id: uuid.UUID
    url: str
    method: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Item:
    """A picture; the addresses are None until it is ready."""

    id: uuid.UUID
    owner_id: uuid.UUID
    status: str
    content_type: str
    url: str | None
    thumbnail_url: str | None
    width: int | None
    height: int | None
    reason: str
    created_at: datetime


def create_upload(
    owner_id: uuid.UUID, content_type: str, size: int, *, origin: str = "", key: str = ""
) -> Slot:
    """A place for one picture of `size` bytes; `origin` (https://host) begins its URL.

    Raises Problem 413 (too large), 415 (no picture that is taken) or 422.
    """
    if content_type not in FORMATS:
        raise Problem(415, detail="Pictures are JPEG, PNG, GIF or WebP.")
    if size < 1:
        raise Problem(422, detail="A picture has at least one byte.")
    if size > MAX_BYTES:
        raise Problem(413, detail=f"A picture has at most {MAX_BYTES // 1048576} MB.")

    def run() -> dict[str, object]:
        row = Row(
            id=ids.new_id_for(owner_id), owner_id=owner_id, content_type=content_type, size=size
        )
        row.save(force_insert=True)
        return {"id": row.id}

    made = write(f"media.create:{owner_id}", key, (content_type, size), run)
    media_id = uuid.UUID(made["id"])
    path, headers = objectstore.presign_put(original_key(media_id), content_type, size)
    return Slot(media_id, origin + path, "PUT", headers)


def get(media_id: uuid.UUID) -> Item | None:
    """One picture."""
    return get_many([media_id]).get(media_id)


def get_many(media_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Item]:
    """Several pictures by id; what is not there is left out."""
    wanted = set(media_ids)
    if not wanted:
        return {}
    return {row.id: _item(row) for row in Row.objects.filter(id__in=wanted)}


def original_key(media_id: uuid.UUID) -> str:
    """The object a client uploads; it begins with the owner's bucket."""
    return f"{ids.bucket_of(media_id)}/{media_id}/original"


def thumbnail_key(media_id: uuid.UUID) -> str:
    """The object a worker makes of it."""
    return f"{ids.bucket_of(media_id)}/{media_id}/thumbnail.webp"


def _item(row: Row) -> Item:
    ready = row.status == READY
    return Item(
        id=row.id,
        owner_id=row.owner_id,
        status=row.status,
        content_type=row.content_type,
        url=objectstore.public_url(original_key(row.id)) if ready else None,
        thumbnail_url=objectstore.public_url(thumbnail_key(row.id)) if ready else None,
        width=row.width,
        height=row.height,
        reason=row.reason,
        created_at=row.created_at,
    )
