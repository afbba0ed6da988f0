"""Releases that are faulty on purpose, for drills: `make deploy RELEASE=v3 FAULT=errors`.

The environment says which fault a release was built with, once, at the start; without one there is
no middleware and nothing to pay. What operators and the load balancer ask (/healthz, /readyz,
/whoami, /metrics) is answered as ever: that is what makes such a release pass its checks. The one
that does not, FAULT=crash, ends in config/gunicorn.py.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]
EXEMPT = ("/healthz", "/readyz", "/whoami", "/metrics")
FAILED_SHARE = 0.3
LEAKED_BYTES = 8 * 1024 * 1024
"""a request: at drill pace a leak of hours takes seconds"""
SLOW_SECONDS = 1.5
SLOW = ("/", "/api/v1/timeline")
"""the feature that `slow` slows: the home timeline"""


class BadRelease(RuntimeError):
    """The bug that a release with FAULT=errors has."""


class Faulty:
    """What the release does wrong to an ordinary request."""

    def __init__(self, get_response: Handler) -> None:
        """Inside of Problems, as a bug in a view would be; not used without a fault."""
        self.get_response = get_response
        self.kept: list[bytes] = []
        faults = {"errors": self.fail, "leak": self.leak, "slow": self.dawdle}
        if settings.ENV.fault not in faults:
            raise MiddlewareNotUsed
        self.fault = faults[settings.ENV.fault]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request."""
        if request.path not in EXEMPT:
            self.fault(request)
        return self.get_response(request)

    def fail(self, request: HttpRequest) -> None:
        """FAULT=errors: three of ten, before they have changed anything."""
        if random.random() < FAILED_SHARE:
            raise BadRelease("this release fails requests (FAULT=errors)")

    def leak(self, request: HttpRequest) -> None:
        """FAULT=leak: memory that is never given back; written to, or the kernel lends no page."""
        self.kept.append(b"x" * LEAKED_BYTES)

    def dawdle(self, request: HttpRequest) -> None:
        """FAULT=slow: one feature is slow."""
        if request.path in SLOW:
            time.sleep(SLOW_SECONDS)
