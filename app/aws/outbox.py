"""The outbox: effects are rows, written in the transaction of the write they belong to.

So an effect is promised exactly when its write is; the relay (aws/relay.py) publishes the rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from aws.models import Outbox


def emit(task: str, payload: dict[str, Any], *, key: str = "") -> uuid.UUID:
    """Promise an effect; it must be called inside `transaction.atomic()`. Answers the effect's id.

    With a `key` the effect is promised once for all time that its row is kept (an hour after it
    was sent): a second one with the same task and key changes nothing and answers the first's id.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            f"outbox.emit({task!r}) must be in the transaction of the write it belongs to"
        )
    row = Outbox(id=uuid.uuid4(), task=task, payload=payload, key=key or None)
    if not key:
        row.save(force_insert=True)
        return row.id
    # A twin in another transaction is waited for; then its row is seen.
    Outbox.objects.bulk_create([row], ignore_conflicts=True)
    first = Outbox.objects.filter(task=task, key=key).values_list("id", flat=True).first()
    return first or row.id


def emit_all(task: str, payloads: Mapping[str, dict[str, Any]]) -> None:
    """Promise one effect for each key at once; keys that were promised already change nothing."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            f"outbox.emit_all({task!r}) needs a transaction"
        )
    rows = [Outbox(id=uuid.uuid4(), task=task, payload=one, key=k) for k, one in payloads.items()]
    Outbox.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
