"""What the routers of all contexts share: who asks, headers, pages, the types of JSON."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Generic, TypeVar

from django.http import HttpRequest
from ninja import Field, Header, Path, Query, Schema
from ninja.security import HttpBearer
from pydantic import BeforeValidator, ConfigDict

from config import tokens
from config.pagination import LIMIT, MAX_LIMIT
from config.tokens import Identity

T = TypeVar("T")

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[0-9A-Za-z_-]{8,64}$",
        description="A new one for each write. A write that is repeated with its key is done once"
        " and answered alike; without a key a repeat is another write.",
    ),
]
Cursor = Annotated[
    str,
    Query(pattern=r"^[0-9A-Za-z_-]{22}$", description="`next_cursor` of the page before."),
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Things a page.")]
Handle = Annotated[str, Path(pattern=r"^@?[0-9A-Za-z_-]{3,30}$")]
DEFAULT_LIMIT = LIMIT


def _string(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a string is expected")
    return value


JsonString = BeforeValidator(_string)
"""for types that Pydantic would also read from numbers, such as times and ids"""
Id = Annotated[uuid.UUID, JsonString]


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("a number is expected")
    return value


JsonInt = BeforeValidator(_number)
"""for whole numbers: 5 and 5.0 are one in JSON, "5" and true are none"""
PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""text without control characters, see config/text.py"""


class Body(Schema):
    """What a client sends: a member it does not know is a mistake, not noise."""

    model_config = ConfigDict(extra="forbid")


class PageOf(Schema, Generic[T]):
    """A page of a list, newest first."""

    items: list[T]
    next_cursor: str | None = Field(None, description="None when that was all.")


class Bearer(HttpBearer):
    """`Authorization: Bearer <access token>`."""

    def __call__(self, request: HttpRequest) -> Identity:
        """Who it is; raises Problem(401)."""
        found = identity(request)
        if found is None:
            raise tokens.refused("Send an access token: Authorization: Bearer <token>.")
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Identity:
        """Who it is; raises Problem(401)."""
        return tokens.read(token, tokens.ACCESS)


bearer = Bearer()


def identity(request: HttpRequest) -> Identity | None:
    """Who asks, where anybody may; a token that is sent must be valid."""
    given = request.headers.get("Authorization", "")
    if not given:
        return None
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise tokens.refused("Send an access token: Authorization: Bearer <token>.")
    return tokens.read(token.strip(), tokens.ACCESS)


def caller(request: HttpRequest) -> Identity:
    """Who asks, in an operation with `auth=bearer`."""
    found: Identity = request.auth  # type: ignore[attr-defined]
    return found


def reader_id(request: HttpRequest) -> uuid.UUID | None:
    """The id of who asks, where anybody may."""
    found = identity(request)
    return found.id if found else None
