"""The API's edge: every refusal is a problem document, before any database is asked."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from config import tokens
from config.tokens import Identity

ME = Identity(uuid.uuid4(), "maria")
TOKEN = tokens.issue(ME).access
JSON = "application/json"


def call(method: str, path: str, body: Any = None, kind: str = JSON, **headers: str) -> Any:
    data = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
    sent = {"Authorization": f"Bearer {TOKEN}", **headers}
    return Client(raise_request_exception=False, headers=sent).generic(
        method, f"/api/v1{path}", data or "", content_type=kind
    )


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    document = json.loads(answer.content)
    assert document["status"] == status
    assert document["title"]
    return str(document.get("detail", ""))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "a text, a picture, or both"),
        ({"text": ""}, "a text, a picture, or both"),
        ({"text": "x" * 100_000}, "text: String should have at most 500"),
        ({"text": "a\x00b"}, "text: String should match pattern"),
        ({"text": "\ud800"}, "unicode"),
        ({"text": 5}, "text: Input should be a valid string"),
        ({"text": "a", "media_ids": ["x"]}, "media_ids.0"),
        ({"text": "a", "media_ids": [7]}, "media_ids.0"),
        ({"text": "a", "more": 1}, "more: Extra"),
        ([], "valid dictionary"),
        ("5", "valid dictionary"),
        (b"", "Send JSON"),
    ],
)
def test_bad_posts(body: Any, reason: str) -> None:
    assert reason in refused(call("POST", "/posts", body), 422)


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"[" * 100_000, b'{"text": NaN}', b'{"text": ' + b"9" * 9000 + b"}"]
)
def test_what_is_no_json(body: bytes) -> None:
    assert "JSON" in (said := refused(call("POST", "/posts", body), 400)) or "UTF-8" in said


def test_other_types_and_sizes() -> None:
    refused(call("POST", "/posts", "text=a", "application/x-www-form-urlencoded"), 415)
    refused(call("POST", "/posts", '{"text":"' + "x" * 2_000_000 + '"}'), 413)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/posts", 405),
        ("DELETE", "/timeline", 405),
        ("GET", "/nothing", 404),
        ("GET", "/posts/no-id", 422),
        ("GET", "/timeline?cursor=%00", 422),
        ("GET", "/timeline?limit=0", 422),
        ("GET", "/timeline?limit=" + "9" * 1000, 422),
        ("GET", "/accounts/%00/posts", 422),
        ("GET", "/search?q=", 422),
        ("GET", "/search?q=a%00", 422),
        ("GET", "/search", 422),
        ("GET", "/search?q=" + "a" * 201, 422),
    ],
)
def test_bad_addresses(method: str, path: str, status: int) -> None:
    refused(call(method, path), status)


@pytest.mark.parametrize("given", ["", "Basic abc", "Bearer", "Bearer x.y.z", "Bearer é"])
def test_who_is_nobody(given: str) -> None:
    answer = call("GET", "/timeline", Authorization=given)
    refused(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_key_that_is_none() -> None:
    said = refused(call("POST", "/posts", {"text": "a"}, **{"Idempotency-Key": "<>"}), 422)
    assert said.startswith("Idempotency-Key")


def test_a_database_that_is_away_is_a_503() -> None:
    answer = call("GET", f"/posts/{uuid.uuid4()}")
    refused(answer, 503)
    assert int(answer["Retry-After"]) > 0


def test_the_document_lists_what_may_be_refused() -> None:
    document = json.loads(Client().get("/api/openapi.json").content)
    assert {"/api/v1/posts", "/api/v1/timeline", "/api/v1/tokens/refresh"} <= set(document["paths"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert {"400", "401", "404", "409", "413", "415", "422", "429", "503"} <= set(
                operation["responses"]
            ), (path, method)
            keys = [one for one in operation["parameters"] if one["name"] == "Idempotency-Key"]
            assert len(keys) == (method in ("post", "delete")), (path, method)
    assert set(document["components"]["responses"]["404"]["content"]) == {
        "application/problem+json"
    }
