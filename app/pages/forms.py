"""What people type into the pages, checked as to shape; the contexts check what it means."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.http import url_has_allowed_host_and_scheme

KEY = RegexValidator(r"\A[0-9A-Za-z_-]{8,64}\Z", "This form is damaged: reload the page.")
MAX_PICTURES = 4
MAX_SEARCH = 200


def new_key() -> str:
    """A key that no other form has."""
    return secrets.token_hex(16)


class Base(forms.Form):
    """A form that writes: it carries the key by which a second click is known."""

    required_css_class = "required"
    idempotency_key = forms.CharField(widget=forms.HiddenInput, required=False, validators=[KEY])

    def key(self) -> str:
        """The key that came with the form; one that came without is sent once only."""
        return str(self.cleaned_data.get("idempotency_key") or new_key())

    def clean_idempotency_key(self) -> str:
        """An empty key is replaced, so that the form can be shown again with it."""
        return self.cleaned_data["idempotency_key"] or new_key()


class SignUp(Base):
    """A new account."""

    handle = forms.CharField(
        label="Handle",
        min_length=3,
        max_length=30,
        help_text="Your name here: 3 to 30 of a–z, 0–9, hyphen and underscore.",
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    email = forms.EmailField(
        label="E-mail address", max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )
    password = forms.CharField(
        label="Password",
        min_length=8,
        max_length=128,
        strip=False,
        help_text="At least 8 characters.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean_handle(self) -> str:
        """Handles are lower case; a leading @ is how people write them."""
        return str(self.cleaned_data["handle"]).removeprefix("@").lower()


class LogIn(Base):
    """A handle and its password."""

    handle = forms.CharField(
        label="Handle",
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label="Password",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_handle(self) -> str:
        """As in SignUp."""
        return str(self.cleaned_data["handle"]).removeprefix("@").lower()

    def clean_next(self) -> str:
        """Where to go afterwards: a path of this site, else the home page."""
        return inner_path(self.cleaned_data["next"])


def inner_path(given: str) -> str:
    """`given` where it is a path of this site, else the home page."""
    safe = url_has_allowed_host_and_scheme(given, allowed_hosts=None) and given.startswith("/")
    return given if safe else "/"


class IdList(forms.Field):
    """Several hidden fields of one name, each an id."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[uuid.UUID]:
        """The ids, each once, in order."""
        try:
            return [uuid.UUID(str(one)) for one in dict.fromkeys(value or [])]
        except ValueError:
            raise forms.ValidationError("A picture is unknown: choose it again.") from None


class Post(Base):
    """A text, pictures, or both."""

    text = forms.CharField(required=False, widget=forms.Textarea)
    media_ids = IdList(required=False)

    def __init__(self, *args: Any, max_text: int, **options: Any) -> None:
        """`max_text` is how many characters a post may have."""
        super().__init__(*args, **options)
        self.max_text = max_text

    def clean_text(self) -> str:
        """Browsers send line ends as two characters: a text counts as it was typed."""
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n").strip()
        if len(text) > self.max_text:
            raise forms.ValidationError(
                f"That is {len(text)} characters; a post takes at most {self.max_text}."
            )
        return text

    def clean_media_ids(self) -> list[uuid.UUID]:
        """At most MAX_PICTURES."""
        ids: list[uuid.UUID] = self.cleaned_data["media_ids"]
        if len(ids) > MAX_PICTURES:
            raise forms.ValidationError(f"A post takes at most {MAX_PICTURES} pictures.")
        return ids

    def clean(self) -> dict[str, Any]:
        """Something must be in it."""
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("text") and not cleaned.get("media_ids"):
            self.add_error("text", "Write something, or add a picture.")
        return cleaned


class Upload(Base):
    """The picture that a browser is about to send."""

    content_type = forms.CharField(max_length=100)
    size = forms.IntegerField(min_value=1)


class Search(forms.Form):
    """Words to look for."""

    q = forms.CharField(required=False, max_length=MAX_SEARCH)


def reasons(form: forms.Form) -> str:
    """All that is wrong with a form, in one line."""
    return " ".join(str(one) for errors in form.errors.values() for one in errors)
