"""Releases that are faulty on purpose: what they do; nothing happens without the switch."""

from __future__ import annotations

import dataclasses

import pytest
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from aws import faulty
from config import env

NEEDED = {
    "SECRETS_URL": "file:///none",
    "DATABASE_URL": "postgresql://none/none",
    "MAIL_URL": "smtp://none:25",
}


def release(monkeypatch: pytest.MonkeyPatch, fault: str) -> faulty.Faulty:
    monkeypatch.setattr(settings, "ENV", dataclasses.replace(settings.ENV, fault=fault))
    return faulty.Faulty(lambda request: HttpResponse("fine"))


def ask(one: faulty.Faulty, path: str = "/api/v1/timeline") -> HttpResponse:
    request: HttpRequest = RequestFactory().get(path)
    return one(request)


def test_a_release_without_a_fault_has_no_such_middleware(monkeypatch: pytest.MonkeyPatch) -> None:
    for fault in ("", "crash"):
        with pytest.raises(MiddlewareNotUsed):
            release(monkeypatch, fault)


def test_errors_fail_three_of_ten_and_pass_every_check(monkeypatch: pytest.MonkeyPatch) -> None:
    one, failed = release(monkeypatch, "errors"), 0
    for _ in range(1000):
        for path in ("/healthz", "/readyz"):
            assert ask(one, path).content == b"fine"
        try:
            ask(one)
        except faulty.BadRelease:
            failed += 1
    assert 200 < failed < 400


def test_an_error_is_answered_as_any_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ENV", dataclasses.replace(settings.ENV, fault="errors"))
    monkeypatch.setattr(faulty.random, "random", lambda: 0.0)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/timeline")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["X-Release"]
    assert client.get("/healthz").status_code == 200


def test_a_leak_is_kept_and_health_checks_leak_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faulty, "LEAKED_BYTES", 1000)
    one = release(monkeypatch, "leak")
    ask(one, "/healthz")
    assert not one.kept
    for _ in range(3):
        assert ask(one).content == b"fine"
    assert sum(map(len, one.kept)) == 3000


def test_slow_is_one_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(faulty.time, "sleep", slept.append)
    one = release(monkeypatch, "slow")
    ask(one, "/api/v1/search")
    assert not slept
    ask(one)
    assert slept == [faulty.SLOW_SECONDS]


def test_an_unknown_fault_stops_the_start_with_one_line() -> None:
    with pytest.raises(env.EnvironmentInvalid, match="FAULT='typo' is not one of errors, leak"):
        env.read({**NEEDED, "FAULT": "typo"})
    assert env.read(NEEDED).fault == ""
    assert env.read({**NEEDED, "FAULT": "errors"}).fault == "errors"
