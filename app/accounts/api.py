"""Signing up and logging in by the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from accounts import services
from aws import limits
from config import tokens
from config.rest import PLAIN, Body, Key
from config.tokens import Identity

router = Router(tags=["accounts"])
LABEL = r"[0-9A-Za-z]([0-9A-Za-z-]{0,30}[0-9A-Za-z])?"
EMAIL = rf"^[0-9A-Za-z_%+-]{{1,60}}(\.[0-9A-Za-z_%+-]{{1,60}})*@({LABEL}\.){{1,5}}[A-Za-z]{{2,20}}$"
LoginName = Annotated[str, Field(min_length=1, max_length=100)]
Password = Annotated[str, Field(min_length=1, max_length=services.MAX_PASSWORD)]


class NewAccount(Body):
    """Somebody signs up."""

    handle: str = Field(pattern=r"^@?[0-9A-Za-z_-]{3,30}$", examples=["maria"])
    email: str = Field(
        max_length=services.MAX_EMAIL,
        pattern=EMAIL,
        examples=["maria@example.com"],
    )
    password: str = Field(
        min_length=services.MIN_PASSWORD, max_length=services.MAX_PASSWORD, pattern=PLAIN
    )
    home_region: Literal["us", "eu", "ap"] | None = None


class AccountOut(Schema):
    """An account, without what is private."""

    id: uuid.UUID
    handle: str
    plan: str
    home_region: str
    created_at: datetime


class Login(Body):
    """Handle and password."""

    handle: LoginName
    password: Password


class Refresh(Body):
    """The refresh token of a login."""

    refresh: str = Field(min_length=1, max_length=2000)


class TokensOut(Schema):
    """Send `access` with each request; `refresh` gets new ones."""

    access: str
    refresh: str
    token_type: str
    expires_in: int = Field(description="Seconds that `access` lives.")


@router.post("/accounts", response={201: AccountOut}, summary="Sign up")
def sign_up(request: HttpRequest, body: NewAccount, key: Key = "") -> Status[AccountOut]:
    """A new account; a welcome mail follows."""
    made = services.create(
        body.handle, body.email, body.password, key=key, home_region=body.home_region
    )
    return Status(201, AccountOut.from_orm(made))


@router.post("/tokens", response=TokensOut, summary="Log in")
def log_in(request: HttpRequest, body: Login, key: Key = "") -> TokensOut:
    """Tokens for a handle and its password; nothing is written, so any repeat is safe."""
    found = services.authenticate(body.handle, body.password, limits.address(request))
    if found is None:
        raise tokens.refused("Handle and password do not match.")
    return _tokens(found)


@router.post("/tokens/refresh", response=TokensOut, summary="Renew tokens")
def refresh(request: HttpRequest, body: Refresh, key: Key = "") -> TokensOut:
    """New tokens for a refresh token, as long as the account is there."""
    found = services.get(tokens.read(body.refresh, tokens.REFRESH).id)
    if found is None:
        raise tokens.refused("This account is no more.")
    return _tokens(found)


def _tokens(account: services.Account) -> TokensOut:
    made = tokens.issue(Identity(account.id, account.handle))
    return TokensOut(
        access=made.access,
        refresh=made.refresh,
        token_type="Bearer",
        expires_in=tokens.ACCESS_SECONDS,
    )
