"""Credentials, by name: from Secrets Manager, or from files that the stage mounts.

Answers are kept in memory; Secrets Manager is asked again when they are old, and with `fresh=True`
at once, for a password that was rotated meanwhile.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from aws.sigv4 import Credentials, Scope
from aws.wire import Endpoint, Refused, Unreachable

EX_CONFIG = 78
START_SECONDS = 15.0
"""how long a start waits for Secrets Manager"""
TTL_SECONDS = 3600.0
"""age at which a secret is asked for again, as AWS's caching clients do"""
AGAIN_SECONDS = 5.0
"""Secrets Manager does not answer: what is known is used for so long before it is asked again"""
Secret = dict[str, Any]


class SecretUnavailable(Exception):
    """A secret cannot be had; the text says which, from where, and why."""


class Store(Protocol):
    """Where secrets come from."""

    @property
    def rotates(self) -> bool:
        """Whether another value may be had while the process runs."""
        ...

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """The secret `tenfold/rds`, say; raises SecretUnavailable."""
        ...


class Files:
    """JSON files in a folder: `tenfold/rds` is `tenfold-rds`.

    A mounted file is another one only after a restart: whoever replaces it restarts the instance.
    """

    rotates = False

    def __init__(self, folder: Path) -> None:
        """The folder need not be there yet."""
        self._folder = folder
        self._known: dict[str, Secret] = {}

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """Read once."""
        if fresh or name not in self._known:
            path = self._folder / name.replace("/", "-")
            try:
                self._known[name] = _decode(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                raise SecretUnavailable(f"{name} in {path}: {reason}") from error
        return self._known[name]


class Managed:
    """Secrets Manager."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        bound: float = START_SECONDS,
        every: float = 0.3,
        ttl: float = TTL_SECONDS,
        rotates: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A first value is asked for during `bound` seconds, each `every`, and is good for `ttl`.

        Without `rotates` it is good for ever: what was read at the start is all there is.
        """
        self._endpoint = endpoint
        self._bound = bound
        self._every = every
        self._ttl = ttl
        self.rotates = rotates
        self._sleep = sleep
        self._clock = clock
        self._known: dict[str, Secret] = {}
        self._until: dict[str, float] = {}
        """by the clock: until when what is known needs no second look"""

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """What is known while it is young; a first value is waited for (a start is as early as it).

        With `fresh` one request, whose failure raises. An old value whose renewal fails is used on:
        the loss of Secrets Manager stops nothing that runs.
        """
        if name not in self._known:
            return self._first(name)
        if not self.rotates:
            return self._known[name]
        if fresh:
            return self._ask(name)
        if self._clock() >= self._until[name]:
            try:
                return self._ask(name)
            except SecretUnavailable:
                self._until[name] = self._clock() + AGAIN_SECONDS
        return self._known[name]

    def _first(self, name: str) -> Secret:
        deadline = self._clock() + self._bound
        while True:
            try:
                return self._ask(name)
            except SecretUnavailable as error:
                if self._clock() >= deadline:
                    raise SecretUnavailable(f"{error}, after {self._bound:g} s") from error
            self._sleep(self._every)

    def _ask(self, name: str) -> Secret:
        try:
            told = self._endpoint.call("secretsmanager.GetSecretValue", {"SecretId": name})
            found = _decode(str(told["SecretString"]))
        except (Unreachable, Refused, KeyError, ValueError) as error:
            raise SecretUnavailable(f"{name} from {self._endpoint.url}: {error}") from error
        self._known[name] = found
        self._until[name] = self._clock() + self._ttl
        return found


def open_store(url: str, ttl: float = TTL_SECONDS, rotates: bool = True) -> Store:
    """file:///folder or http://host:port of Secrets Manager."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Files(Path(unquote(parts.path)))
    # An instance's role: any key is taken, as the metadata service would hand one out.
    role = Credentials("instance-role", "instance-role")
    return Managed(Endpoint(url, Scope("secretsmanager"), role), ttl=ttl, rotates=rotates)


def get_or_exit(store: Store, name: str) -> Secret:
    """A secret without which there is no start: one line and exit code 78 when it is not there."""
    try:
        return store.get(name)
    except SecretUnavailable as error:
        sys.stderr.write(f"tenfold: no secret {error}\n")
        raise SystemExit(EX_CONFIG) from None


def _decode(text: str) -> Secret:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found
