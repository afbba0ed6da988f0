"""Feature flags: who is in a share."""

from __future__ import annotations

import pytest

from config import ids
from flags import services

PEOPLE = [ids.new_account_id() for _ in range(2000)]


def flag(monkeypatch: pytest.MonkeyPatch, percent: int, paid_only: bool = False) -> None:
    found = (percent, paid_only)
    monkeypatch.setattr(services.cache, "cached", lambda key, seconds, compute: found)


def test_a_share_of_the_accounts_and_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    flag(monkeypatch, 25)
    inside = {one for one in PEOPLE if services.is_on("new-search", one)}
    assert 0.2 < len(inside) / len(PEOPLE) < 0.3
    assert inside == {one for one in PEOPLE if services.is_on("new-search", one)}
    flag(monkeypatch, 50)
    assert all(services.is_on("new-search", one) for one in inside), "a larger share keeps them"


@pytest.mark.parametrize(("percent", "on"), [(0, False), (99, False), (100, True)])
def test_nobody_in_particular(percent: int, on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    flag(monkeypatch, percent)
    assert services.is_on("x") is on


def test_for_paid_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    flag(monkeypatch, 100, paid_only=True)
    assert services.is_on("x", PEOPLE[0], "paid")
    assert not services.is_on("x", PEOPLE[0], "free")


def test_an_unknown_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.cache, "cached", lambda key, seconds, compute: None)
    assert not services.is_on("x")
    assert services.is_on("x", default=True)
