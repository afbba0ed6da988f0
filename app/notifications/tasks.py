"""Effects of other contexts' writes that somebody is told of."""

from __future__ import annotations

import uuid
from typing import Any

from aws.effects import effect
from notifications import services


@effect("notifications.like")
def like(payload: dict[str, Any], effect_id: str) -> None:
    """A post was liked; its row is unique, so that a repeat changes nothing."""
    services.tell(
        uuid.UUID(payload["account_id"]),
        "like",
        uuid.UUID(payload["actor_id"]),
        uuid.UUID(payload["post_id"]),
    )


@effect("notifications.follow")
def follow(payload: dict[str, Any], effect_id: str) -> None:
    """Somebody has a new follower."""
    services.tell(uuid.UUID(payload["account_id"]), "follow", uuid.UUID(payload["actor_id"]))
