"""Locust's users: what people do with the product, in believable proportions.

Reads are about 85 % of it, the timeline alone 40 %. Each write goes into the ledger with what it
was told. Settings come from the environment: SHAPE, USERS, SECONDS, RESULTS, PACE_SECONDS (a user
does one thing each so many seconds), MIX (all or reads).
"""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

import gevent.lock
from locust import FastHttpUser, LoadTestShape, constant_throughput, tag, task

from loadtests import content, figures  # noqa: F401 (its listeners write load.jsonl)
from loadtests.shapes import users_at
from tenfold import ledger
from tenfold.ledger import Ledger, Write

RESULTS = Path(os.environ.get("RESULTS", "/results"))
SHAPE = os.environ.get("SHAPE", "")
USERS = int(os.environ.get("USERS", "20"))
SECONDS = float(os.environ.get("SECONDS", "60"))
PACE_SECONDS = float(os.environ.get("PACE_SECONDS", "1"))
READS_ONLY = os.environ.get("MIX", "all") == "reads"
ACCOUNTS = int(os.environ.get("ACCOUNTS", "12"))
"""Accounts in use: a login costs a password hash, which is not what a load test is about."""

book = Ledger(RESULTS / "ledger-load.jsonl")
recent_posts: deque[str] = deque(maxlen=200)
handles: deque[str] = deque(maxlen=200)


class Account:
    """One signed-up account, shared by several users; its token is renewed before it ends."""

    TOKEN_SECONDS = 600  # a token lives 15 min

    def __init__(self) -> None:
        self.name = content.handle("load")
        self.token = ""
        self.until = 0.0
        self.made = False
        self.lock = gevent.lock.Semaphore()


accounts = [Account() for _ in range(ACCOUNTS)]
turn = itertools.count()


class Person(FastHttpUser):
    """Someone who mostly reads."""

    wait_time = constant_throughput(1 / PACE_SECONDS)
    network_timeout = 10.0
    connection_timeout = 5.0
    max_retries = 0
    max_redirects = 0

    def on_start(self) -> None:
        """Take an account; the first user of an account signs it up."""
        self.account = accounts[next(turn) % len(accounts)]
        self._login()

    # -- reading ---------------------------------------------------------------------------

    @tag("read")
    @task(40)
    def timeline(self) -> None:
        """The home timeline, and what is on it for later."""
        with self._get("/api/v1/timeline", "timeline") as answer:
            for item in (_json(answer) or {}).get("items", []):
                recent_posts.append(item["id"])

    @tag("read")
    @task(14)
    def profile(self) -> None:
        """Somebody's posts."""
        name = _any(handles) or self.account.name
        with self._get(f"/api/v1/accounts/{name}/posts", "profile") as answer:
            for item in (_json(answer) or {}).get("items", []):
                recent_posts.append(item["id"])

    @tag("read")
    @task(12)
    def post(self) -> None:
        """One post's page."""
        if one := _any(recent_posts):
            self._get(f"/api/v1/posts/{one}", "post").close()
        else:
            self.timeline()

    @tag("read")
    @task(6)
    def search(self) -> None:
        """Full text."""
        self._get(f"/api/v1/search?q={content.word()}", "search").close()

    @tag("read")
    @task(8)
    def notifications(self) -> None:
        """What happened to me."""
        self._get("/api/v1/notifications", "notifications").close()

    # -- writing ---------------------------------------------------------------------------

    @task(0 if READS_ONLY else 8)
    def write_post(self) -> None:
        """A few words."""
        # The whole text is the marker: it is found by equality, which an index can serve.
        marker = content.sentence(content.marker())
        body = {"text": marker}
        if one := self._write("post", marker, "/api/v1/posts", body, "write post"):
            recent_posts.append(str(one["id"]))

    @task(0 if READS_ONLY else 7)
    def like(self) -> None:
        """A like, often a repeated one."""
        if one := _any(recent_posts):
            marker = f"{one}:{self.account.name}"
            self._write("like", marker, f"/api/v1/posts/{one}/likes", {}, "like")

    @task(0 if READS_ONLY else 2)
    def follow(self) -> None:
        """Follow somebody seen before."""
        name = _any(handles)
        if name and name != self.account.name:
            marker = f"{self.account.name}:{name}"
            self._write("follow", marker, "/api/v1/follows", {"handle": name}, "follow")

    @task(0 if READS_ONLY else 2)
    def upload(self) -> None:
        """A picture, past the app into the object store, then a post that shows it."""
        data = content.picture()
        asked, headers = {"content_type": "image/png", "size": len(data)}, self._headers()
        with self._request("POST", "/api/v1/media", "media", headers, asked) as answer:
            upload = _json(answer)
        if not upload:
            return
        put = self.client.request(
            upload["method"], upload["url"], data=data, headers=upload["headers"], name="upload"
        )
        if put.status_code == 200:
            body = {"text": content.sentence(), "media_ids": [upload["id"]]}
            self._write("media", str(upload["id"]), "/api/v1/posts", body, "write post")

    @task(0 if READS_ONLY else 1)
    def newcomer(self) -> None:
        """Somebody signs up."""
        name = content.handle("new")
        body = content.sign_up(name)
        if self._write("signup", name, "/api/v1/accounts", body, "sign up", account=name):
            handles.append(name)

    # -- helpers ---------------------------------------------------------------------------

    def _login(self) -> None:
        account = self.account
        with account.lock:
            if time.time() < account.until:
                return
            if not account.made:
                body = content.sign_up(account.name)
                done = self._write(
                    "signup", account.name, "/api/v1/accounts", body, "sign up", account.name
                )
                account.made = bool(done)
                if done:
                    handles.append(account.name)
            login = {k: content.sign_up(account.name)[k] for k in ("handle", "password")}
            with self._request("POST", "/api/v1/tokens", "log in", {}, login) as answer:
                token = (_json(answer) or {}).get("access", "")
            if token:
                account.token, account.until = token, time.time() + account.TOKEN_SECONDS

    def _headers(self, key: str = "") -> dict[str, str]:
        if time.time() >= self.account.until:
            self._login()
        given = {"Authorization": f"Bearer {self.account.token}"} if self.account.token else {}
        return {**given, "Idempotency-Key": key or content.key()}

    def _get(self, path: str, name: str) -> Any:
        return self._request("GET", path, name, self._headers(), None)

    def _request(
        self, method: str, path: str, name: str, headers: dict[str, str], body: Any
    ) -> Any:
        more = {} if body is None else {"json": body}
        return self.client.request(
            method, path, name=name, headers=headers, catch_response=True, **more
        )

    def _write(
        self, kind: str, marker: str, path: str, body: Any, name: str, account: str = ""
    ) -> dict[str, Any] | None:
        """One write with a key of its own, into the ledger; the answer's JSON if it was a 2xx."""
        key, sent = content.key(), time.time()
        headers = {"Idempotency-Key": key} if kind == "signup" else self._headers(key)
        with self._request("POST", path, name, headers, body) as answer:
            status = int(answer.status_code or 0)
            done = _json(answer)
        book.add(
            Write(
                at=sent,
                kind=kind,
                key=key,
                marker=marker,
                account=account or self.account.name,
                outcome=ledger.outcome_of(status),
                status=status,
                id=str((done or {}).get("id", "")),
                ms=round((time.time() - sent) * 1000, 1),
                by="load",
            )
        )
        return (done or {"id": ""}) if 200 <= status < 300 else None


def _json(answer: Any) -> dict[str, Any] | None:
    """The body of a 2xx as a dict; None for anything else (Locust counts the failure)."""
    if not 200 <= int(answer.status_code or 0) < 300:
        return None
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _any(things: deque[str]) -> str | None:
    return things[int(time.time() * 1e6) % len(things)] if things else None


# -- shape ---------------------------------------------------------------------------------------

if SHAPE == "steered":

    class Steered(LoadTestShape):
        """As many users as the file RESULTS/users says: a drill turns the load up with it."""

        def tick(self) -> tuple[int, float]:
            """Read the number; keep the last one when the file is being written."""
            try:
                self.wanted = int((RESULTS / "users").read_text())
            except (OSError, ValueError):
                self.wanted = getattr(self, "wanted", USERS)
            return self.wanted, max(1.0, self.wanted / 6)

elif SHAPE:

    class Shaped(LoadTestShape):
        """Steady, ramp or spike."""

        def tick(self) -> tuple[int, float] | None:
            """Users at this moment, started at once."""
            wanted = users_at(SHAPE, self.get_run_time(), USERS, SECONDS)
            return None if wanted is None else (wanted, float(max(1, USERS)))
