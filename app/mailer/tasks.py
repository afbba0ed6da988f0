"""The worker's part: what others' writes cause to be sent."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from accounts import services as accounts
from aws.effects import effect
from mailer import letters, services

log = logging.getLogger(__name__)


@effect("mailer.welcome")
def welcome(payload: dict[str, Any], effect_id: str) -> None:
    """Welcome a new account; the address stays in the database, never in the queue."""
    account = accounts.get(uuid.UUID(payload["account_id"]))
    if account is None:
        log.error("welcome of nobody: %s", payload["account_id"])
        return
    services.send(letters.welcome(account.id, account.handle, account.email))
