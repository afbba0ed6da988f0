"""Accounts as the other contexts know them: made, found, authenticated."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError
from django.utils.crypto import salted_hmac

from accounts import passwords
from accounts.models import Account as Row
from aws import cache, limits, outbox
from config import ids
from config.problems import Problem
from config.text import clean
from config.writes import write

HANDLE = re.compile(r"[a-z0-9_-]{3,30}\Z")
MIN_PASSWORD, MAX_PASSWORD = 8, 128
"""characters"""
MAX_EMAIL = 254
REGIONS = ("us", "eu", "ap")
PLANS = ("free", "paid")
LOGINS_A_MINUTE = 60
"""of one handle from one address"""
CACHED_SECONDS = 60
TAKEN = {
    "accounts_account_handle": "This handle is taken: choose another one.",
    "accounts_account_email": "There is an account with this e-mail address already.",
}


@dataclass(frozen=True)
class Account:
    """Somebody, without the password."""

    id: uuid.UUID
    handle: str
    email: str
    plan: str
    home_region: str
    created_at: datetime


def create(
    handle: str,
    email: str,
    password: str,
    *,
    key: str = "",
    home_region: str | None = None,
    plan: str = "free",
) -> Account:
    """A new account; a welcome mail follows. Raises Problem 409 (taken) or 422 (bad input)."""
    handle, email = normal(handle), _address(email)
    if not HANDLE.match(handle):
        raise Problem(
            422,
            detail="A handle has 3 to 30 of a–z, 0–9, hyphen and underscore; choose a valid one.",
        )
    region = home_region or _default_region()
    if region not in REGIONS:
        raise Problem(422, detail=f"The home region is one of {', '.join(REGIONS)}.")
    if plan not in PLANS:
        raise Problem(422, detail=f"The plan is one of {', '.join(PLANS)}.")
    password = clean(password, "The password", longest=MAX_PASSWORD, strip=False)
    if len(password) < MIN_PASSWORD:
        raise Problem(422, detail=f"A password has at least {MIN_PASSWORD} characters.")
    # Keyed: what is kept with the Idempotency-Key must not help to guess the password.
    secret = salted_hmac("accounts.create", password, algorithm="sha256").hexdigest()
    kept = passwords.hashed(password)

    def run() -> dict[str, object]:
        row = Row(
            id=ids.new_account_id(),
            handle=handle,
            email=email,
            password=kept,
            plan=plan,
            home_region=region,
        )
        row.save(force_insert=True)
        outbox.emit("mailer.welcome", {"account_id": str(row.id)})
        return {"id": row.id}

    try:
        made = write("accounts.create", key, (handle, email, secret, region, plan), run)
    except IntegrityError as error:
        raise _taken(error) from None
    return _account(Row.objects.using("default").get(id=made["id"]))


def authenticate(handle: str, password: str, address: str = "") -> Account | None:
    """The account if handle and password belong together; `address` is where the caller is.

    Raises Problem(429) after LOGINS_A_MINUTE tries.
    """
    handle = normal(handle)
    if not HANDLE.match(handle) or len(password) > MAX_PASSWORD:
        return None
    limits.require("login", f"{handle} {address}", LOGINS_A_MINUTE)
    row = Row.objects.filter(handle=handle).first()
    if not passwords.matches(password, row.password if row else None):
        return None
    return _account(row) if row else None


def get(account_id: uuid.UUID) -> Account | None:
    """One account by its id."""
    return get_many([account_id]).get(account_id)


def get_many(account_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Account]:
    """Several accounts by id; who is not there is left out."""
    wanted = set(account_ids)
    if not wanted:
        return {}
    return {row.id: _account(row) for row in Row.objects.filter(id__in=wanted)}


def by_handle(handle: str) -> Account | None:
    """One account by its handle, in any case and with or without @."""
    handle = normal(handle)
    if not HANDLE.match(handle):
        return None

    def look() -> Account:
        return _account(Row.objects.get(handle=handle))

    try:
        return cache.cached(f"account:{handle}", CACHED_SECONDS, look)
    except Row.DoesNotExist:
        # Not cached: the next one may be its owner, who has just signed up.
        return None


def normal(handle: str) -> str:
    """A handle as it is kept."""
    return handle.removeprefix("@").lower()


def _account(row: Row) -> Account:
    return Account(row.id, row.handle, row.email, row.plan, row.home_region, row.created_at)


def _default_region() -> str:
    here: str = settings.ENV.region
    return here if here in REGIONS else REGIONS[0]


def _address(email: str) -> str:
    email = clean(email, "The e-mail address", longest=MAX_EMAIL).lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Problem(422, detail="This is no valid e-mail address.") from None
    return email


def _taken(error: IntegrityError) -> Problem:
    for constraint, reason in TAKEN.items():
        if constraint in str(error):
            return Problem(409, detail=reason)
    raise error
