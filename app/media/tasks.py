"""The worker's part: thumbnails."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from aws import objectstore
from aws.effects import effect
from media import pictures, services
from media.models import Media

log = logging.getLogger(__name__)


@effect("media.thumbnail")
def make_thumbnail(payload: dict[str, Any], effect_id: str) -> None:
    """Make a picture's thumbnail; may be repeated, since the same bytes get the same name.

    A store that is away raises, so that the queue delivers it again; a picture that is none, or
    that never came, is failed. It is tried again when another post shows it.
    """
    media_id = uuid.UUID(payload["media_id"])
    row = Media.objects.using("default").filter(id=media_id).first()
    if row is None or row.status == services.READY:
        return
    try:
        made = _made(row)
    except (pictures.NotAPicture, objectstore.NotFound) as error:
        reason = str(error)
        if isinstance(error, objectstore.NotFound):
            reason = "No picture was uploaded."
        log.warning("picture %s failed: %s", media_id, reason)
        # A twin that found it in order has the last word.
        Media.objects.using("default").filter(id=media_id).exclude(status=services.READY).update(
            status=services.FAILED, reason=reason[:200]
        )
        return
    objectstore.put(services.thumbnail_key(media_id), made.data, "image/webp", services.IMMUTABLE)
    Media.objects.using("default").filter(id=media_id).update(
        status=services.READY, reason="", width=made.width, height=made.height
    )


def _made(row: Media) -> pictures.Thumbnail:
    key = services.original_key(row.id)
    head = objectstore.head(key)
    if head is None:
        raise objectstore.NotFound(key)
    if head.size > services.MAX_BYTES:
        raise pictures.NotAPicture("The picture is too large.")
    return pictures.thumbnail(objectstore.get(key), services.FORMATS[row.content_type])
