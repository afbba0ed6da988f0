"""Read your writes: one's own write is seen by every read after it, wherever the read goes.

Where product reads go to a replica (REPLICA_READS=product) a write answers with the position of its
commit in the primary's log, as a cookie for browsers and as the header X-Position for programs,
which send it back with what they ask next. Such a read goes to the replica if that has replayed
past the position, and to the primary if not. Who sends no position has written nothing that it
must see: it reads the replica, which may be some moments behind.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.http import HttpRequest, HttpResponse

from aws import dbrouter, seen

HEADER = "X-Position"
COOKIE = "position"
KEPT_SECONDS = 24 * 3600
"""far longer than a replica may lag and still be asked"""
SAFE = ("GET", "HEAD", "OPTIONS")
LSN = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}\Z")
log = logging.getLogger(__name__)


class ReadAfterWrite:
    """Says of each request what its reads must be able to see, and of each write where it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Around the views, inside of what makes answers of errors."""
        self.get_response = get_response
        self.on = settings.ENV.replica_reads == "product" and bool(settings.ENV.replica_urls)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request. A read that the replica failed is answered by the primary."""
        if not self.on:
            return self.get_response(request)
        position = given(request)
        if request.method not in SAFE:
            # What a write reads first must be as new as what it writes.
            return self._told(self.get_response(request), position)
        with dbrouter.product_reads(position) as reads:
            answer = self.get_response(request)
        if answer.status_code == 503 and reads.used:
            dbrouter.failed(reads.used, RuntimeError("a read failed"))
            return self.get_response(request)
        if reads.used and "primary" in seen.now().database:
            # A page that writes.
            return self._told(answer, position)
        if reads.used and COOKIE in request.COOKIES:
            answer.delete_cookie(COOKIE, samesite="Lax")
        return answer

    def _told(self, answer: HttpResponse, before: str) -> HttpResponse:
        position = before
        if "primary" in seen.now().database:
            try:
                with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
                    cursor.execute("SELECT pg_current_wal_lsn()")
                    position = str(cursor.fetchone()[0])
            except DatabaseError as error:
                # The write is done, and nobody may doubt it: its reader is sent to the primary.
                log.warning("no position: %s", str(error).strip())
                position = dbrouter.NEVER
        if position:
            answer.headers[HEADER] = position
            answer.set_cookie(COOKIE, position, max_age=KEPT_SECONDS, httponly=True, samesite="Lax")
        return answer


def given(request: HttpRequest) -> str:
    """The later of the positions that a client sends; empty where it sends none."""
    sent = (request.headers.get(HEADER, ""), request.COOKIES.get(COOKIE, ""))
    return max((one for one in sent if LSN.match(one)), key=number, default="")


def number(position: str) -> int:
    """A position as the number of bytes that it is."""
    high, _, low = position.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
