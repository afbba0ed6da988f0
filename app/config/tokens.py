"""JSON web tokens: any instance can check one without asking anybody.

HS256 with the key all instances share. An access token lives 15 minutes, a refresh token 14 days.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

import jwt
from django.conf import settings

from config.problems import Problem

ACCESS_SECONDS = 15 * 60
REFRESH_SECONDS = 14 * 24 * 3600
ACCESS, REFRESH = "access", "refresh"
ISSUER = "tenfold"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tenfold"'}


@dataclass(frozen=True)
class Identity:
    """Whose token it is."""

    id: uuid.UUID
    handle: str


@dataclass(frozen=True)
class Tokens:
    """What a login gives."""

    access: str
    refresh: str


def issue(one: Identity, now: float | None = None) -> Tokens:
    """A pair of new tokens; `now` in seconds since the epoch."""
    begin = int(time.time() if now is None else now)
    return Tokens(
        _sign(one, ACCESS, begin, ACCESS_SECONDS), _sign(one, REFRESH, begin, REFRESH_SECONDS)
    )


def read(token: str, kind: str) -> Identity:
    """Whose token this is; raises Problem(401) when it is none, of another kind, or too old."""
    try:
        claims = jwt.decode(
            token,
            settings.JWT_KEY,
            algorithms=["HS256"],
            issuer=ISSUER,
            # Instances' clocks are not exactly the same.
            leeway=5,
            options={"require": ["exp", "iat", "sub", "iss"]},
        )
        if claims.get("kind") != kind:
            raise refused(f"This is no {kind} token.")
        return Identity(uuid.UUID(claims["sub"]), str(claims["handle"]))
    except jwt.ExpiredSignatureError:
        raise refused("The token has expired: refresh it, or log in again.") from None
    except (jwt.InvalidTokenError, ValueError, KeyError):
        raise refused("The token is not valid: log in again.") from None


def refused(reason: str) -> Problem:
    """The 401 to raise."""
    return Problem(401, detail=reason, headers=CHALLENGE)


def _sign(one: Identity, kind: str, begin: int, seconds: int) -> str:
    claims = {
        "iss": ISSUER,
        "sub": str(one.id),
        "handle": one.handle,
        "kind": kind,
        "iat": begin,
        "exp": begin + seconds,
    }
    return jwt.encode(claims, settings.JWT_KEY, algorithm="HS256")
