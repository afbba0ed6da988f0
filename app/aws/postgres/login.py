"""Logging in to the database with the credentials of that moment.

A rotation in Secrets Manager changes the password first and says so after: in between the new one
cannot be had, for well under a second. So a refused login asks for the secret again and tries once
more, for a while. It is the connection that is tried again, never a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psycopg

from aws import telemetry
from aws.secrets import SecretUnavailable, Store

SECRET = "tenfold/rds"
REFUSED_SECONDS = 3.0
"""how long a refused login is tried again; below the pool's time-out, in which a request waits"""
EVERY_SECONDS = 0.15
# libpq hands over the server's words and no SQLSTATE for a login; our servers speak English.
REFUSED = "password authentication failed"

Made = TypeVar("Made")


def connect(
    make: Callable[..., Made],
    store: Store,
    options: Mapping[str, Any],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Made:
    """What `make` makes of the options and the current user and password; raises psycopg's errors.

    The options' own user and password are those of the process' start.
    """
    told = _credentials(store.get(SECRET))
    deadline, refused = clock() + REFUSED_SECONDS, 0
    while True:
        try:
            made = make(**{**options, **told})
        except psycopg.OperationalError as error:
            if REFUSED not in str(error) or not store.rotates or clock() >= deadline:
                raise
            refused += 1
            if refused > 1:
                sleep(EVERY_SECONDS)
            told = _again(store, told)
            continue
        if refused:
            telemetry.event("login_renewed", secret=SECRET, refused=refused)
        return made


def _again(store: Store, told: dict[str, str]) -> dict[str, str]:
    try:
        return _credentials(store.get(SECRET, fresh=True))
    except SecretUnavailable:
        # The login's own refusal is what is raised in the end.
        return told


def _credentials(secret: Mapping[str, Any]) -> dict[str, str]:
    return {"user": str(secret["username"]), "password": str(secret["password"])}
