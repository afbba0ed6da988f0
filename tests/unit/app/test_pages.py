"""Forms and template tags of the pages, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory

from pages import forms
from pages.templatetags.tern import ago, linked

KEY = "0123456789abcdef"


def post(body: str) -> forms.Post:
    return forms.Post(QueryDict(body), max_text=20)


@pytest.mark.parametrize(
    ("given", "after"),
    [
        ("/@maria?x=1", "/@maria?x=1"),
        ("", "/"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
        ("relative", "/"),
    ],
)
def test_login_leads_back_into_this_site_only(given: str, after: str) -> None:
    assert forms.inner_path(given) == after


def test_a_post_counts_line_ends_once() -> None:
    form = post("text=" + "a%0D%0A" * 9)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["text"].count("\n") == 8


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("text=", "Write something"),
        ("text=+%0D%0A+", "Write something"),
        ("text=" + "x" * 21, "21 characters"),
        ("text=a%00b", "Null characters"),
        ("text=a&media_ids=nonsense", "picture is unknown"),
        ("text=a&idempotency_key=%3Cb%3E", "damaged"),
        ("text=a&" + "&".join(f"media_ids={n:032x}" for n in range(5)), "at most 4"),
    ],
)
def test_a_bad_post_says_why(body: str, reason: str) -> None:
    form = post(body)
    assert not form.is_valid()
    assert reason in forms.reasons(form)


def test_a_picture_alone_is_a_post_and_counts_once() -> None:
    form = post(f"text=&media_ids={1:032x}&media_ids={1:032x}&idempotency_key={KEY}")
    assert form.is_valid(), form.errors
    assert len(form.cleaned_data["media_ids"]) == 1
    assert form.key() == KEY


def test_a_form_without_a_key_gets_its_own() -> None:
    one, other = post("text=a"), post("text=a")
    assert one.is_valid() and other.is_valid()
    assert one.key() != other.key()


def test_handles_are_lower_case_without_the_at() -> None:
    form = forms.SignUp({"handle": "@Maria", "email": "m@example.com", "password": " with spaces "})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["handle"] == "maria"
    assert form.cleaned_data["password"] == " with spaces "


def test_texts_are_escaped_and_linked() -> None:
    shown = linked('<script>"x"</script> @maria, see https://a.example/?b=1&c="d". me@mail.example')
    assert "<script>" not in shown
    assert '<a href="/@maria">@maria</a>' in shown
    assert '<a href="https://a.example/?b=1&amp;c=" rel=' in shown
    assert "/@mail" not in shown


@pytest.mark.parametrize(
    ("back", "words"),
    [(timedelta(seconds=3), "now"), (timedelta(minutes=5), "5 min"), (timedelta(hours=3), "3 h")],
)
def test_ages(back: timedelta, words: str) -> None:
    assert ago(datetime.now(UTC) - back) == words


def test_each_form_carries_a_token_and_a_key_of_its_own() -> None:
    text = "{% load tern %}{% write_fields %}|{% write_fields %}|{% write_fields 'kept-key' %}"
    parts = Template(text).render(Context({"request": RequestFactory().get("/")})).split("|")
    assert all('name="csrfmiddlewaretoken"' in part for part in parts)
    assert parts[0].split("idempotency_key")[1] != parts[1].split("idempotency_key")[1]
    assert 'value="kept-key"' in parts[2]
