"""Idempotency keys: a write that is repeated with its key gets the first one's answer.

The key's row is written in the transaction of the write itself, so they are kept together or not
at all. A twin at the same moment waits on the row's unique index, then reads the stored answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from config.problems import Problem

KEY = re.compile(r"[0-9A-Za-z_-]{8,64}\Z")


def request_hash(*parts: Any) -> str:
    """A hash of what was asked for, whatever its parts are (strings, numbers, lists, ids)."""
    return hashlib.sha256(_encode(parts).encode()).hexdigest()


def check_key(key: str) -> None:
    """Raises Problem(400) for what is no key."""
    if not KEY.match(key or ""):
        raise Problem(
            400,
            detail="Send an Idempotency-Key header of 8 to 64 letters, digits, hyphens and"
            " underscores, a new one for each write.",
        )


def once(scope: str, key: str, request_hash: str, run: Callable[[], Any]) -> Any:
    """Call `run` in a transaction, once for a scope and key; answer what it answered.

    `scope` says who and what (`posts.create:<account id>`), `request_hash` what was asked for
    (see request_hash()). `run` answers something that JSON can hold (ids and times are turned into
    strings): first answer and repeats are alike, both as JSON gives them back. When `run` raises,
    nothing is kept. Raises Problem(400) for a bad key, Problem(409) for a key that was used for
    another request.
    """
    check_key(key)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO aws_idempotency (scope, key, request_hash, response, created_at)"
                " VALUES (%s, %s, %s, 'null', now()) ON CONFLICT DO NOTHING",
                [scope, key, request_hash],
            )
            if cursor.rowcount == 0:
                return _stored(scope, key, request_hash)
        answer = _encode(run())
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE aws_idempotency SET response = %s WHERE scope = %s AND key = %s",
                [answer, scope, key],
            )
    return json.loads(answer)


def _stored(scope: str, key: str, asked: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_hash, response::text FROM aws_idempotency"
            " WHERE scope = %s AND key = %s",
            [scope, key],
        )
        row = cursor.fetchone()
    if row is None:
        # It was there a moment ago and has been cleaned up since: the client may try again.
        raise Problem(503, detail="Try again.")
    if row[0] != asked:
        raise Problem(
            409,
            detail="This Idempotency-Key was used for another request: take a new one.",
        )
    return json.loads(row[1])


def _encode(value: Any) -> str:
    return json.dumps(value, default=str, sort_keys=True, separators=(",", ":"))
