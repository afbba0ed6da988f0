"""An asyncio client of the product for the probe: no retries, true errors.

A connection that failed is never used again (aiohttp closes it); one that worked is kept alive, as
a browser does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from loadtests import content
from tenfold.ledger import REFUSED, outcome_of

LIMIT_SECONDS = 5.0
"""A request's own limit; what takes longer has failed."""


@dataclass
class Answer:
    """What came back, or why nothing did."""

    status: int = 0
    error: str = ""
    """empty for a 2xx; else timeout, connect, reset, http-NNN, logged-out"""
    outcome: str = ""
    """what a client may conclude of a write: see tenfold.ledger"""
    body: Any = None
    served_by: str = ""
    position: str = ""
    """where the write is in the database's log, to be sent with what is read next"""


@dataclass
class Account:
    """An account of the probe, with its token."""

    name: str
    token: str = ""
    until: float = 0.0
    position: str = ""
    """of its last write: the product reads nothing older for it"""


@dataclass
class Client:
    """Callers of one front door."""

    base: str
    accounts: list[Account] = field(default_factory=list)
    logged_in_by: str = ""
    """which instance (X-Served-By) made the browser's session"""

    async def __aenter__(self) -> Client:
        limit = aiohttp.ClientTimeout(total=LIMIT_SECONDS)
        self.api = aiohttp.ClientSession(
            self.base,
            timeout=limit,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self.browser = aiohttp.ClientSession(
            self.base,
            timeout=limit,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        )
        for session in (self.api, self.browser):
            # aiohttp repeats a GET whose kept connection was closed; a probe repeats nothing.
            session._retry_connection = False  # noqa: SLF001 (there is no public switch)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.api.close()
        await self.browser.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        account: Account | None = None,
        key: str = "",
    ) -> Answer:
        """One API request within LIMIT_SECONDS; never raises for what the network does."""
        headers = {"Accept": "application/json"}
        if account and account.token:
            headers["Authorization"] = f"Bearer {account.token}"
        if account and account.position:
            headers["X-Position"] = account.position
        if key:
            headers["Idempotency-Key"] = key
        answer = await ask(self.api, method, path, headers=headers, json=body)
        if account and answer.position:
            account.position = answer.position
        return answer

    async def file(self, path: str) -> tuple[Answer, bytes]:
        """A file as a browser asks for it, with its bytes; never raises."""
        return await _ask_bytes(self.browser, path)

    async def put(self, url: str, data: bytes, headers: dict[str, str]) -> Answer:
        """Upload to a presigned address."""
        path = re.sub(r"^https?://[^/]+", "", url)
        return await ask(self.api, "PUT", path, headers=headers, data=data)

    async def token(self, account: Account) -> bool:
        """Log an account in by its password; True if it has a token now."""
        body = {k: content.sign_up(account.name)[k] for k in ("handle", "password")}
        answer = await self.call("POST", "/api/v1/tokens", body)
        if not answer.error and isinstance(answer.body, dict):
            account.token = str(answer.body.get("access", ""))
            account.until = time.monotonic() + 480
        return bool(account.token)

    async def newcomer(self, prefix: str) -> Account:
        """An account of one's own, signed up and logged in; without one the module ends."""
        account = Account(content.handle(prefix))
        body = content.sign_up(account.name)
        await self.call("POST", "/api/v1/accounts", body, key=content.key())
        if not await self.token(account):
            raise SystemExit(f"{self.base} lets nobody log in")
        return account

    async def log_in_browser(self, account: Account) -> bool:
        """Log in through the page's form, so that a session cookie is kept."""
        page = await ask(self.browser, "GET", "/login")
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', str(page.body))
        if not found:
            return False
        form = {k: content.sign_up(account.name)[k] for k in ("handle", "password")}
        form["csrfmiddlewaretoken"] = found.group(1)
        done = await ask(self.browser, "POST", "/login", data=form, allow_redirects=False)
        self.logged_in_by = done.served_by
        return not (await self.session_page()).error

    async def session_page(self) -> Answer:
        """A page that only a logged-in person gets; a redirect to the login is `logged-out`."""
        answer = await ask(self.browser, "GET", "/notifications", allow_redirects=False)
        if answer.status in (301, 302, 303, 307, 401, 403):
            answer.error = "logged-out"
        return answer


async def ask(
    session: aiohttp.ClientSession, method: str, path: str | URL, **options: Any
) -> Answer:
    """One request, its body as JSON or text; never raises for what the network does."""

    async def take(got: aiohttp.ClientResponse) -> Any:
        if "json" in got.headers.get("Content-Type", ""):
            return await got.json(content_type=None)
        return (await got.read()).decode(errors="replace")

    return await _send(session, take, method, path, **options)


async def _ask_bytes(session: aiohttp.ClientSession, path: str) -> tuple[Answer, bytes]:
    answer = await _send(session, aiohttp.ClientResponse.read, "GET", path)
    return answer, answer.body or b""


async def _send(
    session: aiohttp.ClientSession,
    take: Callable[[aiohttp.ClientResponse], Awaitable[Any]],
    method: str,
    path: str | URL,
    **options: Any,
) -> Answer:
    """One request; `take` reads the body."""
    answer = Answer()
    try:
        async with session.request(method, path, **options) as got:
            answer.status = got.status
            answer.served_by = got.headers.get("X-Served-By", "")
            answer.body = await take(got)
            answer.position = got.headers.get("X-Position", "")
        answer.outcome = outcome_of(answer.status)
        if answer.status >= 300:
            answer.error = f"http-{answer.status}"
    except aiohttp.ClientConnectorError:
        answer.error, answer.outcome = "connect", REFUSED
    except TimeoutError:
        answer.error, answer.outcome = "timeout", outcome_of(0)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError):
        answer.error, answer.outcome = "reset", outcome_of(0)
    except (aiohttp.ClientError, ValueError) as error:
        answer.error, answer.outcome = type(error).__name__, outcome_of(0)
    return answer
