"""Accounts: what is refused before the database is asked, and passwords."""

from __future__ import annotations

import dataclasses
import json
import threading

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts import passwords, services
from aws import limits
from config import env
from config.problems import Problem


@pytest.mark.parametrize(
    ("handle", "email", "password", "reason"),
    [
        ("a", "a@b.example", "12345678", "handle"),
        ("a b c", "a@b.example", "12345678", "handle"),
        ("abc\n", "a@b.example", "12345678", "handle"),
        ("abc", "nobody", "12345678", "e-mail"),
        ("abc", "a\x00@b.example", "12345678", "control"),
        ("abc", "a@b.example", "1234567", "at least 8"),
        ("abc", "a@b.example", "x" * 129, "at most 128"),
        ("abc", "a@b.example", "\ud800" * 8, "Unicode"),
    ],
)
def test_bad_sign_ups_say_why(handle: str, email: str, password: str, reason: str) -> None:
    with pytest.raises(Problem, match=reason) as found:
        services.create(handle, email, password)
    assert found.value.status == 422


def test_an_impossible_handle_is_nobody_without_a_query() -> None:
    assert services.by_handle("\x00") is None
    assert services.authenticate("x", "whatever") is None
    assert services.authenticate("maria", "x" * 1000) is None


def test_passwords_are_argon2id_with_19_mib() -> None:
    kept = passwords.hashed("tenfold")
    assert kept.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches("tenfold", kept)
    assert not passwords.matches("Tenfold", kept)
    assert not passwords.matches("nobody's password", None)


def test_a_flood_of_logins_waits_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)
    with passwords._slot(), pytest.raises(Problem) as found:
        passwords.hashed("x")
    assert found.value.status == 503
    passwords.hashed("the slot is free again")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        # Behind CloudFront and the ALB, which appends CloudFront.
        (2, "198.51.100.7, 10.30.0.10", "198.51.100.7"),
        (2, "203.0.113.1, 198.51.100.7, 10.30.0.10", "198.51.100.7"),
        (2, "203.0.113.1,203.0.113.2 , 198.51.100.7,10.30.0.10", "198.51.100.7"),
        # Past CloudFront: one entry, which may be the caller's own.
        (2, "203.0.113.1", "10.0.0.9"),
        (2, "203.0.113.1, , 10.30.0.10", "10.0.0.9"),
        # Behind the box's nginx.
        (1, "203.0.113.1, 198.51.100.7", "198.51.100.7"),
        (1, "", "10.0.0.9"),
        (0, "203.0.113.1", "10.0.0.9"),
    ],
)
def test_a_forged_forwarding_does_not_move_the_caller(
    monkeypatch: pytest.MonkeyPatch, proxies: int, forwarded: str, seen: str
) -> None:
    monkeypatch.setattr(settings, "ENV", dataclasses.replace(settings.ENV, trusted_proxies=proxies))
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR="10.0.0.9")
    assert limits.address(request) == seen


@pytest.mark.parametrize("path", ["/login", "/api/v1/tokens"])
def test_both_doors_count_logins_by_the_callers_address(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    counted: list[str] = []

    def count(_name: str, who: str, _per_minute: int) -> None:
        counted.append(who)
        raise Problem(429)

    monkeypatch.setattr(limits, "require", count)
    given = {"handle": "maria", "password": "whatever"}
    for forged in ("203.0.113.1", "203.0.113.2"):
        forwarded = {"X-Forwarded-For": f"{forged}, 198.51.100.7, 10.30.0.10"}
        kind = "application/json" if path.startswith("/api/") else MULTIPART_CONTENT
        data = json.dumps(given) if path.startswith("/api/") else encode_multipart(BOUNDARY, given)
        answer = Client().generic("POST", path, data, kind, headers=forwarded)
        assert answer.status_code == 429
    assert counted == ["maria 198.51.100.7"] * 2


@pytest.mark.parametrize("value", ["-1", "two"])
def test_the_number_of_proxies_is_checked(value: str) -> None:
    given = {
        "SECRETS_URL": "file:///x",
        "DATABASE_URL": "postgresql://x",
        "MAIL_URL": "smtp://x",
    }
    assert env.read(given).trusted_proxies == 2
    with pytest.raises(env.EnvironmentInvalid, match="TRUSTED_PROXIES"):
        env.read({**given, "TRUSTED_PROXIES": value})
