"""Feature flags as the other contexts know them."""

from __future__ import annotations

import hashlib
import uuid

from aws import cache
from flags.models import Flag

CACHED_SECONDS = 3
"""a change shows everywhere after that, so that a feature is off within 5 s"""


def is_on(
    name: str, account_id: uuid.UUID | None = None, plan: str = "", *, default: bool = False
) -> bool:
    """Whether a feature is on for an account (None: only if it is on for all)."""

    def look() -> tuple[int, bool] | None:
        return Flag.objects.filter(name=name).values_list("percent", "paid_only").first()

    found = cache.cached(f"flag:{name}", CACHED_SECONDS, look)
    if found is None:
        return default
    percent, paid_only = found
    if paid_only and plan != "paid":
        return False
    return percent >= 100 if account_id is None else share_of(name, account_id) < percent


def share_of(name: str, account_id: uuid.UUID) -> int:
    """Where an account stands for a flag: 0 to 99, always the same."""
    digest = hashlib.sha256(f"{name}:{account_id}".encode()).digest()
    return int.from_bytes(digest[:4]) % 100
