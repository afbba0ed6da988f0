"""Read your writes: which position counts, and where reads go for it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from aws import dbrouter, readafter, seen
from posts.models import Post

Handler = Callable[[HttpRequest], HttpResponse]


def middleware(handler: Handler) -> readafter.ReadAfterWrite:
    one = readafter.ReadAfterWrite(handler)
    one.on = True
    return one


@pytest.fixture
def replica(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A replica that has replayed to 0/20."""
    state = SimpleNamespace(at="0/20", away=[])
    monkeypatch.setattr(dbrouter, "replica", lambda **_: "replica0")
    monkeypatch.setattr(
        dbrouter,
        "replayed",
        lambda alias, position: readafter.number(state.at) >= readafter.number(position),
    )
    monkeypatch.setattr(dbrouter, "failed", lambda alias, error: state.away.append(alias))
    return state


def asks(where: list[str], status: int = 200) -> Handler:
    """A view that reads a post, and keeps from where."""

    def view(request: HttpRequest) -> HttpResponse:
        where.append(dbrouter.Router().db_for_read(Post))
        return HttpResponse(status=status if where[-1] != "default" else 200)

    return view


@pytest.mark.parametrize(
    ("position", "goes"),
    [("", "replica0"), ("0/1F", "replica0"), ("0/20", "replica0"), ("0/21", "default")],
)
def test_a_read_goes_where_its_writes_are(
    replica: SimpleNamespace, position: str, goes: str
) -> None:
    where: list[str] = []
    headers = {"X-Position": position} if position else {}
    answer = middleware(asks(where))(RequestFactory().get("/", headers=headers))
    assert (answer.status_code, where) == (200, [goes])


def test_the_later_of_header_and_cookie_counts() -> None:
    request = RequestFactory().get("/", headers={"X-Position": "0/FF"})
    assert readafter.given(request) == "0/FF"
    request.COOKIES["position"] = "1/0"
    assert readafter.given(request) == "1/0"
    request.COOKIES["position"] = "0/1; DROP"
    assert readafter.given(request) == "0/FF"


def test_writes_read_the_primary_and_say_where_they_are(
    replica: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        where.append(dbrouter.Router().db_for_read(Post))
        seen.now().database_answered("primary", 0.001)
        return HttpResponse(status=201)

    class Cursor:
        def __enter__(self) -> Any:
            return SimpleNamespace(execute=lambda sql: None, fetchone=lambda: ("0/30",))

        def __exit__(self, *_: object) -> None: ...

    fake = {"default": SimpleNamespace(cursor=Cursor)}
    monkeypatch.setattr(readafter, "connections", fake)
    seen.begin()
    answer = middleware(view)(RequestFactory().post("/"))
    assert where == ["default"]
    assert answer.headers["X-Position"] == "0/30"
    assert answer.cookies["position"].value == "0/30"


def test_a_read_that_the_replica_failed_is_answered_by_the_primary(
    replica: SimpleNamespace,
) -> None:
    where: list[str] = []
    answer = middleware(asks(where, status=503))(RequestFactory().get("/"))
    assert (answer.status_code, where, replica.away) == (200, ["replica0", "default"], ["replica0"])


def test_workers_read_the_primary(replica: SimpleNamespace) -> None:
    """There is no request: what a job does begins with what was just written."""
    assert dbrouter.Router().db_for_read(Post) == "default"
