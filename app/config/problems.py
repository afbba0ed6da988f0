"""Refusals and failures as RFC 9457 problem documents: one exception, one response."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that is refused or cannot be served, with a reason for who asked.

    `title` is the status' own phrase unless given; `detail` is a sentence a person can use.
    """

    def __init__(
        self,
        status: int,
        title: str = "",
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Status 400 to 599."""
        super().__init__(status, title, detail)
        self.status = status
        self.title = title or phrase(status)
        self.detail = detail
        self.headers: dict[str, str] = dict(headers or {})

    def __str__(self) -> str:
        return f"{self.status} {self.title}" + (f": {self.detail}" if self.detail else "")

    def as_dict(self) -> dict[str, Any]:
        """The document, without the request's id."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
        }
        if self.detail:
            document["detail"] = self.detail
        return document


def phrase(status: int) -> str:
    """The usual title of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Request refused" if status < 500 else "Server error"


def response(problem: Problem, request_id: str = "") -> HttpResponse:
    """The problem as an answer; the request's id is in it, for whoever reports it."""
    document = problem.as_dict()
    if request_id:
        document["request_id"] = request_id
    answer = HttpResponse(json.dumps(document), status=problem.status, content_type=CONTENT_TYPE)
    for name, value in problem.headers.items():
        answer.headers[name] = value
    if problem.status in (429, 503):
        answer.headers.setdefault("Retry-After", "2")
    return answer
