"""Mails, each sent once in its reader's eyes, whenever a worker dies.

A mail is claimed by its key in a row that is committed before anything is sent, then sent while
the row is locked: a dead worker's lock goes with its connection, a twin waits. Whoever finds a
claim that is not closed asks the provider whether the message was taken before it sends again.
"""

from __future__ import annotations

import json
import logging
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.utils import timezone

from mailer.models import Mail as Row

DOMAIN = "tenfold.example"
LOOKUP_SECONDS = 5.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Letter:
    """What is to be sent; `key` is its occasion, such as `welcome:<account>`."""

    key: str
    to: str
    subject: str
    text: str
    html: str

    @property
    def message_id(self) -> str:
        """The same each time it is sent: the provider is asked by it."""
        return f"<{self.key.replace(':', '.')}@{DOMAIN}>"


def send(letter: Letter) -> bool:
    """Send it unless it was sent; False if it was. Raises what SMTP or the lookup raises."""
    attempt = _claim(letter.key)
    with transaction.atomic():
        row = Row.objects.select_for_update().get(key=letter.key)
        if row.sent_at is not None:
            return False
        taken = attempt > 1 and taken_by_provider(letter)
        if taken:
            log.info("mail %s was taken before its sender died", letter.key)
        else:
            _hand_over(letter)
        row.sent_at = timezone.now()
        row.save(update_fields=["sent_at"])
    return not taken


def taken_by_provider(letter: Letter) -> bool:
    """Whether the provider has this message already; False when it cannot be asked at all.

    SES has a message's insights for this; its stand-in, maildev, lists what came for an address.
    """
    base = settings.ENV.mail_lookup_url
    if not base:
        return False
    query = urllib.parse.urlencode({"to.address": letter.to})
    with urllib.request.urlopen(f"{base}/api/email?{query}", timeout=LOOKUP_SECONDS) as got:
        found: list[dict[str, Any]] = json.load(got)
    return any(one.get("headers", {}).get("message-id") == letter.message_id for one in found)


def _claim(key: str) -> int:
    """The number of this attempt, from 1 on; committed at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mailer_mail (key, attempts) VALUES (%s, 1) ON CONFLICT (key)"
            " DO UPDATE SET attempts = mailer_mail.attempts + 1 RETURNING attempts",
            [key],
        )
        return int(cursor.fetchone()[0])


def _hand_over(letter: Letter) -> None:
    message = EmailMultiAlternatives(
        letter.subject, letter.text, to=[letter.to], headers={"Message-ID": letter.message_id}
    )
    message.attach_alternative(letter.html, "text/html")
    message.send()
