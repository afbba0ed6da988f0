"""Friendly error pages. They touch no database, since its absence may be the error."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token

TEXTS = {
    400: ("That request makes no sense", "The address or the form was damaged on the way."),
    403: ("Not allowed", "This is not yours to see or to change."),
    404: ("Nothing here", "The page was never here, or it has gone."),
    405: ("Not like this", "This address takes a form, not a visit."),
    409: ("Already done differently", "This form was sent before with something else in it."),
    413: ("Too much at once", "What you sent is larger than the site takes."),
    429: ("Too fast", "Wait a moment before you try again."),
    500: ("Something broke", "It is our fault. What you sent was perhaps not kept: look first."),
    503: ("Back in a moment", "A part of the site does not answer just now. Try again soon."),
}


def page(request: HttpRequest, status: int, reason: str = "") -> HttpResponse:
    """The error page of `status`, with a reason of its own where there is one."""
    heading, usual = TEXTS.get(status, TEXTS[400] if status < 500 else TEXTS[500])
    again = status in (429, 500, 503) and request.method == "GET"
    answer = render(
        request,
        "error.html",
        {
            "heading": heading,
            "reason": reason or usual,
            "status": status,
            "back_url": request.get_full_path() if again else "/",
            "back_text": "Try again" if again else "Go home",
            "request_id": getattr(request, "request_id", ""),
            # No query on an error page.
            "unread": 0,
        },
        status=status,
    )
    if status in (429, 503):
        answer.headers.setdefault("Retry-After", "3")
    return answer


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Django's handler of 400."""
    return page(request, 400)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Django's handler of 403."""
    return page(request, 403)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Django's handler of 404."""
    return page(request, 404)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of 500."""
    return page(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """A dependency is away."""
    return page(request, 503)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: it was open for long, or cookies are off."""
    return page(
        request,
        403,
        "The form was too old, or your browser keeps no cookies. Go back, reload, send it again.",
    )
