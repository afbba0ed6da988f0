"""What surrounds every request: headers, request ids, problem documents, health."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from aws import middleware
from aws.wire import Unreachable
from config.problems import Problem, response

Handler = Callable[[HttpRequest], HttpResponse]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"HTTP_X_AMZN_TRACE_ID": "Root=1-67891233-abcdef012345678912345678"}, "1-67891233-abcdef"),
        ({"HTTP_X_AMZN_TRACE_ID": "Self=1-2;Root=1-67891233-abcdef0123;Sampled=1"}, "1-67891233-"),
        ({"HTTP_X_REQUEST_ID": "abcdefgh-1"}, "abcdefgh-1"),
        ({"HTTP_X_AMZN_TRACE_ID": "Root=<script>", "HTTP_X_REQUEST_ID": "abcdefgh"}, "abcdefgh"),
    ],
)
def test_request_ids_are_taken_over_if_sane(headers: dict[str, str], expected: str) -> None:
    assert middleware.request_id(headers).startswith(expected)


@pytest.mark.parametrize("bad", ["", "short", "x" * 65, "a b c d e f g", "abcdefgh\n"])
def test_other_request_ids_are_replaced(bad: str) -> None:
    made = middleware.request_id({"HTTP_X_REQUEST_ID": bad})
    assert made != bad
    assert len(made) == 32


def test_healthz_touches_nothing_and_names_the_instance() -> None:
    answer = Client().get("/healthz", headers={"X-Request-Id": "abcdefgh"})
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert answer["X-Served-By"].startswith("i-")
    assert answer["X-Release"]
    assert answer["X-Request-Id"] == "abcdefgh"
    assert answer["Content-Length"] == str(len(answer.content))


def test_whoami_is_the_footer() -> None:
    told = Client().get("/whoami").json()
    assert set(told) == {"instance", "az", "region", "release", "database", "cache"}


def test_metrics_count_requests_by_route() -> None:
    Client().get("/whoami")
    text = Client().get("/metrics").content.decode()
    assert 'tenfold_requests_total{method="GET",route="whoami",status="200"}' in text


def test_an_unknown_address_of_the_api_is_a_problem() -> None:
    answer = Client().get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "Not Found"
    assert answer.json()["request_id"] == answer["X-Request-Id"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Problem(409, detail="no"), 409),
        (OperationalError("the primary is away"), 503),
        (Unreachable("S3"), 503),
        (ConnectionError("redis"), 503),
    ],
)
def test_what_a_view_raises_becomes_a_document(error: Exception, status: int) -> None:
    request = RequestFactory().get("/api/v1/posts")
    answer = middleware.Problems(lambda _: HttpResponse()).process_exception(request, error)
    assert answer is not None
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.headers.get("Retry-After") is not None) == (status == 503)


def test_a_bug_stays_a_bug() -> None:
    request = RequestFactory().get("/api/v1/posts")
    hook = middleware.Problems(lambda _: HttpResponse()).process_exception
    assert hook(request, KeyError("x")) is None


def test_methods_that_are_not_allowed_keep_their_allow_header() -> None:
    inner: Handler = lambda _: HttpResponse("no", status=405, headers={"Allow": "GET"})  # noqa: E731
    answer = middleware.Problems(inner)(RequestFactory().post("/api/v1/x"))
    assert answer["Allow"] == "GET"
    assert json.loads(answer.content)["status"] == 405


def test_a_page_is_left_alone() -> None:
    inner: Handler = lambda _: HttpResponse("<p>no", status=404)  # noqa: E731
    assert middleware.Problems(inner)(RequestFactory().get("/@x")).content == b"<p>no"


def test_a_problem_says_when_to_come_again() -> None:
    assert response(Problem(503))["Retry-After"] == "2"
    limited = response(Problem(429, headers={"Retry-After": "20"}), "abc")
    assert limited["Retry-After"] == "20"
    assert json.loads(limited.content)["request_id"] == "abc"
    assert "Retry-After" not in response(Problem(400))
