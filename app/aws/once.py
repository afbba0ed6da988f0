"""A redelivered effect is not done twice: its id is remembered with its own writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def once(effect_id: str) -> Iterator[bool]:
    """A transaction that yields True the first time an effect's id is seen, else False.

    The effect's database writes belong inside; they are kept together with the id, or not at all.
    A twin that runs at the same moment waits for the first one's end.

        with once(effect_id) as first:
            if first:
                ...
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO aws_effect_done (effect_id, done_at) VALUES (%s, now())"
                " ON CONFLICT DO NOTHING",
                [effect_id],
            )
            first = cursor.rowcount == 1
        yield first
