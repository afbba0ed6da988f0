"""The digest's schedule and its words; who gets one is shown on the stages."""

from __future__ import annotations

import dataclasses
import uuid

import pytest
from django.conf import settings

from aws import schedules
from aws.schedules import MONDAY, Schedule, Scheduler
from loadtests import digests
from reports import letters

WEEK = 604_800


def test_a_week_begins_on_monday() -> None:
    weekly = Schedule("x", WEEK)
    monday = 1_795_996_800 - (1_795_996_800 - MONDAY) % WEEK
    assert weekly.current(monday) == weekly.current(monday + WEEK - 1)
    assert weekly.current(monday - 1) == weekly.current(monday) - 1
    told = weekly.payload(weekly.current(monday))
    assert (told["since"], told["until"]) == (monday, monday + WEEK)


def test_the_probe_counts_as_the_product_does() -> None:
    at = 1_795_595_000.0
    assert digests.period_of(at, 60) == Schedule("x", 60).current(at)


@pytest.fixture
def fired(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """What the scheduler does to the database, written down instead."""
    done: list[tuple[str, float]] = []
    monkeypatch.setattr(schedules, "known", lambda: {"x": Schedule("x", 60)})
    monkeypatch.setattr(schedules, "fire", lambda one, now: done.append(("fire", now)) or [])
    monkeypatch.setattr(schedules, "promise", lambda one, n: done.append(("promise", n)))
    return done


def clock(times: list[float]):  # noqa: ANN201
    """One moment after the other."""
    rest = iter(times)
    return lambda: next(rest)


def test_the_database_is_asked_once_a_period(fired: list[tuple[str, float]]) -> None:
    scheduler = Scheduler(clock([MONDAY + 1, MONDAY + 30, MONDAY + 61, MONDAY + 62]))
    for _ in range(4):
        scheduler.tick()
    assert fired == [("fire", MONDAY + 1), ("fire", MONDAY + 61)]


@pytest.mark.parametrize(("az", "promised"), [("a", [("promise", 0)]), ("b", [])])
def test_alone_it_knows_only_what_it_saw(
    az: str,
    promised: list[tuple[str, int]],
    fired: list[tuple[str, float]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: in AZ a only, and nothing of the periods before it began."""
    env = dataclasses.replace(settings.ENV, scheduler="alone", az=az)
    monkeypatch.setattr(settings, "ENV", env)
    scheduler = Scheduler(clock([MONDAY + 1, MONDAY + 61]))
    scheduler.tick()
    scheduler.tick()
    assert fired == promised


def test_the_mail_has_what_happened_and_no_markup_of_users() -> None:
    key = f"digest:7:{uuid.uuid4()}"
    lines = [letters.Line("ana", "a <b>bold</b> claim", 1)]
    letter = letters.digest(
        key, "bo", "bo@example.com", ["2 likes", "1 new follower"], lines, "https://x/"
    )
    assert letter.subject == "Your week: 2 likes and 1 new follower"
    assert "@ana: a <b>bold</b> claim (1 like)" in letter.text
    assert "&lt;b&gt;bold" in letter.html
    assert "<b>bold" not in letter.html
    assert letter.message_id.startswith("<digest.7.")
