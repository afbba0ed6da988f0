"""The probe: requests at a fixed rate that wait for no answer, so that a stall is counted in full.

Each request is timed from the moment it was due. Reads are timelines and profiles, writes are posts
with a marker of their own, sessions ask whether a browser is still logged in, jobs start work that
ends later (a picture's thumbnail, a report, a welcome mail), cached asks for files that CloudFront
was asked for before (a page, a stylesheet, a picture). Nothing is retried: the client is the
judge. SIGTERM ends it: no new request, the open ones finish.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

from loadtests import cached, content, digests
from loadtests.client import LIMIT_SECONDS, Account, Answer, Client
from loadtests.observe import observe, pause
from tenfold import history
from tenfold.history import Mark, Sample
from tenfold.ledger import ACKED, Ledger, Write

ACCOUNTS = 3


class Probe:
    """One run of the probe."""

    def __init__(self, client: Client, out: TextIO, book: Ledger) -> None:
        self.client = client
        self.out = out
        self.book = book
        self.stopping = asyncio.Event()
        self.open: set[asyncio.Task[None]] = set()
        self.turn = itertools.count()
        self.posted: list[tuple[float, str]] = []
        """when and by whom, of the acknowledged posts"""
        self.jobs = itertools.cycle([self._picture, self._report, self._newcomer, self._report])
        self.loop = asyncio.get_running_loop()
        # Schedules run on the monotonic clock; records carry the wall clock, tied together once.
        self.wall = time.time() - self.loop.time()

    # -- the schedule ------------------------------------------------------------------------

    async def at_rate(self, kind: str, rate: float, act: Callable[[], Awaitable[Answer]]) -> None:
        """Start `act` `rate` times a second until stopped, whatever came of the ones before."""
        if rate <= 0:
            return
        begin = self.loop.time()
        for n in itertools.count():
            due = begin + n / rate
            wait = due - self.loop.time()
            if wait > 0:
                await pause(self.stopping, wait)
            if self.stopping.is_set():
                return
            task = asyncio.create_task(self._timed(kind, due, act))
            self.open.add(task)
            task.add_done_callback(self.open.discard)

    async def _timed(self, kind: str, due: float, act: Callable[[], Awaitable[Answer]]) -> None:
        sent = self.loop.time()
        answer = await act()
        sample = Sample(
            at=round(self.wall + due, 4),
            kind=kind,
            ms=round((self.loop.time() - due) * 1000, 2),
            status=answer.status,
            error=answer.error,
            served_by=answer.served_by,
            late_ms=round((sent - due) * 1000, 2),
        )
        self.out.write(history.to_line(sample) + "\n")

    # -- what is asked -------------------------------------------------------------------------

    def _account(self) -> Account:
        return self.client.accounts[next(self.turn) % len(self.client.accounts)]

    async def read(self) -> Answer:
        """A timeline, every third time a profile."""
        account = self._account()
        profile = f"/api/v1/accounts/{account.name}/posts"
        path = profile if next(self.turn) % 3 == 0 else "/api/v1/timeline"
        return await self.client.call("GET", path, account=account)

    async def write(self) -> Answer:
        """A post with a marker of its own."""
        marker, account, at = content.marker(), self._account(), time.time()
        body = {"text": marker}
        answer = await self._recorded("post", "/api/v1/posts", body, marker, account)
        if answer.outcome == ACKED:
            self.posted.append((at, account.name))
        return answer

    async def job(self) -> Answer:
        """Something that a worker finishes: a picture, a report, a newcomer's mail, in turn."""
        return await next(self.jobs)()

    async def _picture(self) -> Answer:
        account, data = self._account(), content.picture()
        answer = await self.client.call(
            "POST",
            "/api/v1/media",
            {"content_type": "image/png", "size": len(data)},
            account,
            content.key(),
        )
        if answer.error or not isinstance(answer.body, dict):
            return answer
        media = answer.body
        answer = await self.client.put(media["url"], data, media["headers"])
        if answer.error:
            return answer
        marker = str(media["id"])
        body = {"text": content.sentence(), "media_ids": [media["id"]]}
        return await self._recorded("media", "/api/v1/posts", body, marker, account)

    async def _report(self) -> Answer:
        return await self._recorded("report", "/api/v1/reports", {}, "")

    async def _newcomer(self) -> Answer:
        name = content.handle("probe")
        return await self._recorded("signup", "/api/v1/accounts", content.sign_up(name), name)

    async def _recorded(
        self, kind: str, path: str, body: object, marker: str, account: Account | None = None
    ) -> Answer:
        """One write into the ledger; without a marker the id that was answered identifies it."""
        account = account or self._account()
        key, sent = content.key(), time.time()
        answer = await self.client.call("POST", path, body, account, key)
        found = str(answer.body.get("id", "")) if isinstance(answer.body, dict) else ""
        self.book.add(
            Write(
                at=sent,
                kind=kind,
                key=key,
                marker=marker or (found if answer.outcome == ACKED else ""),
                account=account.name,
                outcome=answer.outcome,
                status=answer.status,
                id=found,
                ms=round((time.time() - sent) * 1000, 1),
                by="probe",
            )
        )
        return answer

    # -- before and beside ------------------------------------------------------------------------

    async def prepare(self, bound: float) -> None:
        """Own accounts, tokens and a session, tried until they are there or the bound is over."""
        deadline = self.loop.time() + bound
        self.client.accounts = [Account(content.handle("probe")) for _ in range(ACCOUNTS)]
        for account in self.client.accounts:
            while not self.stopping.is_set():
                await self._recorded(
                    "signup",
                    "/api/v1/accounts",
                    content.sign_up(account.name),
                    account.name,
                    account,
                )
                if await self.client.token(account):
                    break
                self._give_up_after(deadline, "sign up and log in by the API")
                await asyncio.sleep(0.5)
        while not self.stopping.is_set():
            if await self.client.log_in_browser(self.client.accounts[0]):
                self._mark(history.LOGGED_IN, self.client.logged_in_by)
                break
            self._give_up_after(deadline, "log in through the page")
            await asyncio.sleep(0.5)

    def _mark(self, name: str, text: str) -> None:
        """Something that the probe knows and others want to."""
        self.out.write(history.to_line(Mark(time.time(), name, text, source="probe")) + "\n")

    def _give_up_after(self, deadline: float, what: str) -> None:
        if self.loop.time() > deadline:
            raise SystemExit(f"the probe could not {what}")

    async def befriend(self, bound: float) -> None:
        """Each account follows all the others, so that what one writes is another's news."""
        deadline = self.loop.time() + bound
        for one in self.client.accounts:
            for other in self.client.accounts:
                body = {"handle": other.name}
                while one is not other and not self.stopping.is_set():
                    answer = await self.client.call(
                        "POST", "/api/v1/follows", body, one, content.key()
                    )
                    if not answer.error:
                        break
                    self._give_up_after(deadline, "follow somebody")
                    await asyncio.sleep(0.5)

    def record_digests(self, period: float) -> None:
        """The mails that the product owes these accounts, into the ledger; nobody asks for them."""
        names = [account.name for account in self.client.accounts]
        for at, number, name in digests.due(self.posted, names, period, time.time()):
            marker = f"{number}:{name}"
            self.book.add(
                Write(at, "digest", marker, marker, name, ACKED, 0, by="probe"),
            )

    async def renew(self) -> None:
        """Fresh tokens before they end, so that no request fails for the probe's own sake."""
        while not self.stopping.is_set():
            for account in self.client.accounts:
                if time.monotonic() > account.until:
                    await self.client.token(account)
            await pause(self.stopping, 5)


async def main() -> None:
    """Run until SIGTERM."""
    given = _arguments()
    results = Path(given.out)
    with (results / "probe.jsonl").open("a", encoding="utf-8", buffering=1) as out:
        book = Ledger(results / "ledger-probe.jsonl")
        async with Client(given.target) as client:
            probe = Probe(client, out, book)
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, probe.stopping.set)
            await probe.prepare(bound=30)
            if given.digest_period > 0:
                await probe.befriend(bound=30)
            files = cached.Files(client)
            if given.cached > 0:
                await files.prepare(client.accounts[0], bound=30)
            out.write(history.to_line(Mark(time.time(), "probing", source="probe")) + "\n")
            async with asyncio.TaskGroup() as group:
                group.create_task(probe.at_rate("read", given.reads, probe.read))
                group.create_task(probe.at_rate("write", given.writes, probe.write))
                group.create_task(probe.at_rate("session", given.sessions, client.session_page))
                group.create_task(probe.at_rate("job", given.jobs, probe.job))
                group.create_task(probe.at_rate("cached", given.cached, files.ask))
                group.create_task(probe.renew())
                group.create_task(
                    observe(out, probe.stopping, given.events, _nodes(given.primaries), given.inbox)
                )
            if probe.open:
                await asyncio.wait(probe.open, timeout=LIMIT_SECONDS * 3)
            if given.digest_period > 0:
                probe.record_digests(given.digest_period)
            book.close()


def _nodes(given: str) -> dict[str, str]:
    """`rds-a=10.30.1.11,rds-b=10.30.1.12` as name -> address."""
    return dict(one.split("=", 1) for one in given.split(",") if one)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="http://cloudfront:8080")
    parser.add_argument("--out", default="/results")
    parser.add_argument("--reads", type=float, default=10, help="a second")
    parser.add_argument("--writes", type=float, default=10, help="a second")
    parser.add_argument("--sessions", type=float, default=1, help="a second")
    parser.add_argument("--jobs", type=float, default=0, help="a second")
    parser.add_argument("--cached", type=float, default=0, help="a second")
    parser.add_argument("--digest-period", type=float, default=0, help="seconds; 0: no digests")
    parser.add_argument("--events", default="", help="the control plane's address")
    parser.add_argument("--inbox", default="", help="the address of the operator's mails")
    parser.add_argument("--primaries", default="", help="name=address of each database node")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
