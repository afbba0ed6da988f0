"""Credentials, by name: from Secrets Manager, or from files that the stage mounts.

Answers are kept in memory; `fresh=True` asks again, for a password that was rotated meanwhile.
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
Secret = dict[str, Any]


class SecretUnavailable(Exception):
    """A secret cannot be had; the text says which, from where, and why."""


class Store(Protocol):
    """Where secrets come from."""

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """The secret `tenfold/rds`, say; raises SecretUnavailable."""
        ...


class Files:
    """JSON files in a folder: `tenfold/rds` is `tenfold-rds`."""

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
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A secret that cannot be had is asked for during `bound` seconds, each `every`."""
        self._endpoint = endpoint
        self._bound = bound
        self._every = every
        self._sleep = sleep
        self._clock = clock
        self._known: dict[str, Secret] = {}

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """Asked for once; the service may still be starting."""
        if not fresh and name in self._known:
            return self._known[name]
        deadline = self._clock() + self._bound
        while True:
            try:
                told = self._endpoint.call("secretsmanager.GetSecretValue", {"SecretId": name})
                self._known[name] = _decode(str(told["SecretString"]))
                return self._known[name]
            except (Unreachable, Refused, KeyError, ValueError) as error:
                if self._clock() >= deadline:
                    raise SecretUnavailable(
                        f"{name} from {self._endpoint.url}, after {self._bound:g} s: {error}"
                    ) from error
            self._sleep(self._every)


def open_store(url: str) -> Store:
    """file:///folder or http://host:port of Secrets Manager."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Files(Path(unquote(parts.path)))
    # An instance's role: any key is taken, as the metadata service would hand one out.
    role = Credentials("instance-role", "instance-role")
    return Managed(Endpoint(url, Scope("secretsmanager"), role))


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
