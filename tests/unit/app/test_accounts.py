"""Accounts: what is refused before the database is asked, and passwords."""

from __future__ import annotations

import threading

import pytest

from accounts import passwords, services
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
