"""Ids: UUIDv7 (RFC 9562) whose random part begins with the owner's bucket.

Layout: 48 bits of milliseconds, version, 12 random bits, variant, 10 bits of bucket, 52 random
bits. An owner's rows share a bucket from the first stage on, so that sharding renumbers nothing.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid

BUCKETS = 1024


def new_id(bucket: int, now_ms: int | None = None) -> uuid.UUID:
    """A new id in `bucket` (0 to 1023); raises ValueError outside of it."""
    if not 0 <= bucket < BUCKETS:
        raise ValueError(f"bucket {bucket} is not between 0 and {BUCKETS - 1}")
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    value = (ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= bucket << 52
    value |= secrets.randbits(52)
    return uuid.UUID(int=value)


def first_at(seconds: float) -> uuid.UUID:
    """What no id made since that moment (seconds since the epoch) is smaller than."""
    return uuid.UUID(int=int(seconds * 1000) << 80)


def new_account_id(now_ms: int | None = None) -> uuid.UUID:
    """An account's id: its bucket is a hash of the rest of it, so that it is evenly spread."""
    seed = new_id(0, now_ms)
    bucket = int.from_bytes(hashlib.sha256(seed.bytes).digest()[:2]) % BUCKETS
    return uuid.UUID(int=seed.int | bucket << 52)


def bucket_of(one: uuid.UUID) -> int:
    """The bucket an id carries."""
    return (one.int >> 52) & (BUCKETS - 1)


def new_id_for(owner: uuid.UUID) -> uuid.UUID:
    """A new id in the bucket of its owner."""
    return new_id(bucket_of(owner))
