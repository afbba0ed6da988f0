"""Every write: one transaction, and done once for its Idempotency-Key, where it has one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from aws import idempotency


def write(scope: str, key: str, asked: Sequence[Any], run: Callable[[], Any]) -> Any:
    """What `run` answers, as JSON gives it back; with a `key` a repeat answers the first's.

    `scope` says who does what, `asked` with which input: another input under the same key is
    Problem(409). Without a key a repeat is another write.
    """
    if key:
        return idempotency.once(scope, key, idempotency.request_hash(*asked), run)
    with transaction.atomic():
        answer = run()
    return json.loads(json.dumps(answer, default=str))
