"""Signed HTTP to an AWS service: one connection a thread, kept; every wait is bounded.

For the web tier, which must start soon and be small (see sigv4.py); the workers' consumer is
Celery's own.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aws.sigv4 import Credentials, Scope, query_string, sign


class Unreachable(OSError):
    """The service did not answer, or answered with an error of its own."""


class Refused(Exception):
    """The service understood and refused; `code` is its name for that."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        """As the service told."""
        super().__init__(f"{status} {code} {message}".strip())
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    status: int
    headers: dict[str, str]
    """names in lower case"""
    body: bytes


@dataclass
class Endpoint:
    """One service's address."""

    url: str
    scope: Scope
    credentials: Credentials
    timeout: float = 2.0
    """seconds, for connecting and for each read"""
    _local: threading.local = field(default_factory=threading.local, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self.host = parts.netloc
        self._kind: type[http.client.HTTPConnection] = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """One signed request; raises Unreachable. `path` is already percent-encoded.

        A kept connection that turns out to be closed is replaced once; nothing else is retried.
        """
        asked = dict(query or {})
        signed = sign(
            self.credentials,
            self.scope,
            method,
            path,
            asked,
            {"host": self.host, **(headers or {})},
            body,
        )
        target = f"{path}?{query_string(asked)}" if asked else path
        kept = getattr(self._local, "connection", None)
        try:
            if kept is not None:
                try:
                    return self._ask(kept, method, target, signed, body)
                except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                    kept.close()
            fresh = self._kind(self.host, timeout=self.timeout)
            self._local.connection = fresh
            return self._ask(fresh, method, target, signed, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(f"{self.url}: {error or type(error).__name__}") from error

    def call(self, target: str, arguments: Mapping[str, Any], version: str = "1.1") -> Any:
        """An operation of the JSON protocol (`AmazonSQS.SendMessageBatch`).

        Raises Refused and Unreachable.
        """
        got = self.request(
            "POST",
            "/",
            headers={"content-type": f"application/x-amz-json-{version}", "x-amz-target": target},
            body=json.dumps(arguments).encode(),
        )
        try:
            told = json.loads(got.body or b"{}")
        except ValueError:
            told = {}
        if got.status < 300:
            return told
        if got.status >= 500:
            raise Unreachable(f"{self.url}: {target} answered {got.status}")
        code = str(told.get("__type", "")).rpartition("#")[2] or "error"
        raise Refused(got.status, code, str(told.get("message", "")))

    def close(self) -> None:
        """Drop this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    @staticmethod
    def _ask(
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        connection.request(method, target, body=body or None, headers=dict(headers))
        got = connection.getresponse()
        told = {name.lower(): value for name, value in got.getheaders()}
        return Answer(got.status, told, got.read())
