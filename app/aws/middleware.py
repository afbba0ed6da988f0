"""Around every request: who served it, how long it took, and failures that clients can read."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver
from django.utils.module_loading import import_string

from aws import cache, seen, telemetry
from aws.secrets import SecretUnavailable
from aws.wire import Unreachable
from config.problems import Problem, response

Handler = Callable[[HttpRequest], HttpResponse]
TRACE = re.compile(r"(?:^|;)\s*Root=([0-9A-Za-z-]{8,64})(?:;|$)")
SANE = re.compile(r"[0-9A-Za-z_-]{8,64}\Z")
QUIET = ("/healthz", "/metrics")
"""asked all the time by machines: no access line"""
JSON = ("application/json", "application/problem+json")
AWAY = "A part of the site does not answer just now. Try again in a moment."
log = logging.getLogger(__name__)


def request_id(meta: Mapping[str, Any]) -> str:
    """The load balancer's trace id, else the client's own, else a new one."""
    trace = TRACE.search(str(meta.get("HTTP_X_AMZN_TRACE_ID", "")))
    if trace:
        return trace[1]
    given = str(meta.get("HTTP_X_REQUEST_ID", ""))
    return given if SANE.match(given) else uuid.uuid4().hex


class Telemetry:
    """Names the instance in each answer, and tells of each request."""

    def __init__(self, get_response: Handler) -> None:
        """Outermost."""
        self.get_response = get_response
        self.instance, self.release = settings.ENV.instance, settings.ENV.release

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request."""
        started = time.perf_counter()
        used = seen.begin(request_id(request.META))
        request.request_id = used.request_id  # type: ignore[attr-defined]
        answer = self.get_response(request)
        answer.headers["X-Served-By"] = self.instance
        answer.headers["X-Release"] = self.release
        answer.headers["X-Request-Id"] = used.request_id
        if not answer.streaming:
            answer.headers.setdefault("Content-Length", str(len(answer.content)))
        if request.path not in QUIET:
            match = request.resolver_match
            telemetry.request_done(
                str(request.method),
                request.path,
                match.route if match else "unmatched",
                answer.status_code,
                time.perf_counter() - started,
                used,
            )
        return answer


class Problems:
    """Makes an answer out of a refusal, and out of a dependency that is away; never a 500 of them.

    Under /api every error is a problem document; a page gets the site's own error page.
    """

    def __init__(self, get_response: Handler) -> None:
        """Inside of Telemetry."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Errors under /api that Django answered as a page (no such address) are made documents."""
        answer = self.get_response(request)
        if answer.status_code < 400 or not is_api(request):
            return answer
        if answer.headers.get("Content-Type", "").startswith(JSON):
            return answer
        kept = {n: answer.headers[n] for n in ("Allow", "Retry-After") if n in answer.headers}
        return response(Problem(answer.status_code, headers=kept), _id(request))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django's hook for what a view raised."""
        problem = as_problem(error)
        if problem is None:
            return None
        if is_api(request) or problem.status < 500:
            return response(problem, _id(request))
        handler = getattr(get_resolver(None).urlconf_module, "handler503", None)
        if handler is None:
            return response(problem, _id(request))
        page: HttpResponse = import_string(handler)(request)
        return page


def as_problem(error: Exception) -> Problem | None:
    """What an exception means to a client; None for a bug of ours."""
    if isinstance(error, Problem):
        return error
    away = (OperationalError, InterfaceError, Unreachable, SecretUnavailable)
    if isinstance(error, away) or cache.is_away(error):
        log.warning("%s: %s", type(error).__name__, str(error).strip())
        return Problem(503, detail=AWAY, headers={"Retry-After": "2"})
    return None


def is_api(request: HttpRequest) -> bool:
    """Whether a program asks."""
    return request.path.startswith("/api/")


def _id(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))
