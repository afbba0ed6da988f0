"""Argon2id as small as OWASP allows: 19 MiB and two passes, since an instance has 256 MiB.

A flood of logins would still take 19 MiB a thread: only SLOTS hashes are computed at a time, and
who waits longer than WAIT_SECONDS is sent away.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password

from config.problems import Problem

SLOTS = 2
WAIT_SECONDS = 4.0
_slots = threading.BoundedSemaphore(SLOTS)
_nobodys: list[str] = []


class SmallArgon2(Argon2PasswordHasher):
    """Argon2id, m=19 MiB, t=2, p=1."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise Problem(503, detail="Too many people log in at this moment. Try again soon.")
    try:
        yield
    finally:
        _slots.release()


def hashed(password: str) -> str:
    """The hash to keep."""
    with _slot():
        return make_password(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether it is the password of `kept`; None (nobody) takes as long and is False."""
    if kept is None and not _nobodys:
        _nobodys.append(hashed("nobody's password"))
    with _slot():
        right = check_password(password, _nobodys[0] if kept is None else kept)
    return right and kept is not None
