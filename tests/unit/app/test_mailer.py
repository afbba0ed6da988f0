"""Letters, and the question whether one was sent already."""

from __future__ import annotations

import dataclasses
import io
import json
import urllib.request
import uuid
from typing import Any

import pytest
from django.conf import settings

from mailer import letters, services

ID = uuid.UUID("01a210cd-1b4c-7ce1-83ad-c2d87e07b624")


def test_a_letter_is_the_same_each_time_it_is_made() -> None:
    one, other = (letters.welcome(ID, "maria", "maria@example.com") for _ in range(2))
    assert one == other
    assert one.message_id == f"<welcome.{ID}@tenfold.example>"
    assert "maria" in one.subject
    assert "@maria" in one.text
    assert "@maria" in one.html


def test_html_is_escaped() -> None:
    assert "<b>x" not in letters.welcome(ID, "<b>x", "a@b.example").html


@pytest.mark.parametrize(
    ("listed", "taken"),
    [
        ([], False),
        ([{"headers": {"message-id": "<another@tenfold.example>"}}, {}], False),
        ([{"headers": {"message-id": f"<welcome.{ID}@tenfold.example>"}}], True),
    ],
)
def test_the_provider_is_asked_by_address_and_believed_by_id(
    listed: list[Any], taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(json.dumps(listed).encode())

    env = dataclasses.replace(settings.ENV, mail_lookup_url="http://inbox:1080")
    monkeypatch.setattr(settings, "ENV", env)
    monkeypatch.setattr(urllib.request, "urlopen", answer)
    letter = letters.welcome(ID, "maria", "maria+x@example.com")
    assert services.taken_by_provider(letter) is taken
    assert asked == ["http://inbox:1080/api/email?to.address=maria%2Bx%40example.com"]


def test_who_cannot_be_asked_has_not_taken_it() -> None:
    assert not services.taken_by_provider(letters.welcome(ID, "maria", "maria@example.com"))
