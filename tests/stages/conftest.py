"""The stage under test, driven from outside: its front door, its API, its command line.

TENFOLD_STAGE names the stage (default 3). It is started by the product's own command when it does
not run yet, and left running for the next test file; `make test` stops it at the end.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = [sys.executable, "-m", "tenfold"]
STAGE = int(os.environ.get("TENFOLD_STAGE", "3"))


def tool(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The tool itself: make hides its exit codes behind 2."""
    return subprocess.run(
        [*TOOL, *words],
        cwd=ROOT,
        env={**os.environ, **env},
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )


def make(*goals: str, timeout: float = 600, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the product's own front door; variables go in as `NAME=value`."""
    given = [f"{name}={value}" for name, value in variables.items()]
    return subprocess.run(
        ["make", "--no-print-directory", *goals, *given],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Answer:
    """What the front door answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Client:
    """A caller of the public API, optionally with an account's token."""

    base: str
    token: str = ""
    handle: str = ""
    sent: list[str] = field(default_factory=list)
    position: str = ""
    """of its last write, as a program keeps it: what it reads next is not older"""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """One request; 4xx and 5xx are answers, not exceptions."""
        url = path if path.startswith("http") else self.base + path
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        request = urllib.request.Request(url, data=data, method=method)
        request.add_header("Accept", "application/json")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        given = headers or {}
        if self.position:
            request.add_header("X-Position", self.position)
        if method in ("POST", "DELETE") and path.startswith("/api/"):
            request.add_header(
                "Idempotency-Key", given.get("Idempotency-Key", secrets.token_hex(16))
            )
        for name, value in given.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=20) as got:
                self.position = got.headers.get("X-Position") or self.position
                return Answer(got.status, _lower(got.headers), got.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, _lower(error.headers), error.read())

    def get(self, path: str, **options: Any) -> Answer:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        """POST with an Idempotency-Key of its own unless given."""
        return self.call("POST", path, {} if body is None else body, **options)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.fixture(scope="session")
def stage() -> int:
    """The running stage's number; starts it if need be."""
    done = make(f"stage-{STAGE}", "up")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return STAGE


@pytest.fixture(scope="session")
def urls(stage: int) -> dict[str, str]:
    """Every page of the running stage by its name, as the product says: its ports may be moved."""
    done = subprocess.run(
        [sys.executable, "-m", "tenfold", "urls"],
        cwd=ROOT,
        env={**os.environ, "JSON": "1", "TENFOLD_STAGE": str(stage)},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {page["name"]: page["url"] for page in json.loads(done.stdout)["urls"]}


@pytest.fixture
def site(urls: dict[str, str]) -> Client:
    """The front door, as nobody in particular."""
    return Client(urls["the site"].rstrip("/"))


@pytest.fixture
def account(site: Client) -> Client:
    """A new account, logged in."""
    return sign_up(site)


@pytest.fixture
def other(site: Client) -> Client:
    """A second new account, logged in."""
    return sign_up(site)


def sign_up(site: Client) -> Client:
    """Make an account through the API and take a token for it."""
    handle = f"t-{secrets.token_hex(6)}"
    password = secrets.token_hex(12)
    made = site.post(
        "/api/v1/accounts",
        {"handle": handle, "email": f"{handle}@example.com", "password": password},
    )
    assert made.status == 201, made.body
    got = site.post("/api/v1/tokens", {"handle": handle, "password": password})
    assert got.status in (200, 201), got.body
    return Client(site.base, token=got.json["access"], handle=handle, position=site.position)
