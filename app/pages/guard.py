"""What wraps the views: who may come in, and what a context's refusal looks like in a browser."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from config.problems import Problem
from pages import errors
from pages.context import me

View = Callable[..., HttpResponse]
log = logging.getLogger(__name__)


def view(*methods: str, login: bool = False) -> Callable[[View], View]:
    """A page that takes `methods`; with `login` only for who is logged in.

    A refusal of a context becomes an error page with its reason (or a problem document for a
    script), and a database that is away a 503: a page never answers 500 for either.
    """

    def wrap(inner: View) -> View:
        @functools.wraps(inner)
        def outer(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
            if request.method not in methods:
                answer = errors.page(request, 405)
                answer.headers["Allow"] = ", ".join(methods)
                return answer
            if login and me(request) is None:
                return _to_login(request)
            try:
                return inner(request, *args, **options)
            except Problem as problem:
                return refused(request, problem.status, problem.detail)
            except (OperationalError, InterfaceError) as error:
                log.warning("database away: %s", error)
                return refused(request, 503, "")

        return outer

    return wrap


def wants_json(request: HttpRequest) -> bool:
    """Whether our script asks, not a person."""
    return request.headers.get("Accept") == "application/json"


def refused(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    """A refusal in the form that the asker reads."""
    if not wants_json(request):
        return errors.page(request, status, reason)
    heading, usual = errors.TEXTS.get(status, errors.TEXTS[400])
    body = {"title": heading, "status": status, "detail": reason or usual}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def _to_login(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return refused(request, 403, "Log in first.")
    # After a form that was sent without a login there is nothing to come back to.
    after = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    return HttpResponseRedirect("/login?" + urlencode({"next": after}))
