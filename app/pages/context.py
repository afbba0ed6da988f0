"""What every page shows: who is logged in, what is unread, and who served the page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from aws import whoami
from notifications import services as notifications

ACCOUNT = "account"
HANDLE = "handle"


@dataclass(frozen=True)
class Me:
    """Who is logged in, as the session has it: no query needed."""

    id: uuid.UUID
    handle: str


def me(request: HttpRequest) -> Me | None:
    """Who is logged in; a session that makes no sense is nobody's."""
    session = getattr(request, "session", None)
    if session is None:
        return None
    try:
        return Me(uuid.UUID(session[ACCOUNT]), str(session[HANDLE]))
    except (KeyError, ValueError, TypeError):
        return None


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """Template variables of all pages.

    The footer is read last, when the page's own queries are done; what is unread is one query,
    and only on pages that show it.
    """
    one = me(request)
    return {
        "me": one,
        "unread": SimpleLazyObject(lambda: notifications.unread_count(one.id)) if one else 0,
        "who": SimpleLazyObject(whoami.whoami),
    }
