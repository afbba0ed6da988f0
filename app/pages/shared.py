"""What several pages need of a request: its reader, its cursor, its idempotency key."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest

from config.problems import Problem
from pages import forms
from pages.context import Me, me

PAGE = 20
"""things a page"""


def reader(request: HttpRequest) -> Me:
    """Who is logged in, in a view that only such people reach."""
    found = me(request)
    assert found is not None
    return found


def cursor(request: HttpRequest) -> str | None:
    """From where on, as the page before said; None at the top."""
    return request.GET.get("cursor") or None


def older(after: str | None, **query: str) -> str:
    """The address of the next page, or nothing."""
    return "?" + urlencode({**query, "cursor": after}) if after else ""


def key(request: HttpRequest) -> str:
    """The idempotency key of a form that has nothing else in it."""
    form = forms.Base(request.POST)
    if not form.is_valid():
        raise Problem(400, detail=forms.reasons(form))
    return form.key()
