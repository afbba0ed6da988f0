"""What the special kinds of traffic share: a fixed rate, a bound on what is open, an account of it.

A module of traffic parses its arguments with `arguments`, and gives `send` an action; what was
answered is counted in `traffic.json`: {at, sent, answers: {status or error: count}}.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from loadtests.client import Answer
from loadtests.observe import pause


def arguments(about: str) -> argparse.ArgumentParser:
    """The arguments that all of them have; a module adds its own."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--target", default="http://cloudfront:8080")
    parser.add_argument("--out", default="/results")
    parser.add_argument("--rate", type=float, default=20, help="requests a second")
    parser.add_argument("--open", type=int, default=64, help="requests under way, at most")
    return parser


async def send(act: Callable[[], Awaitable[Answer]], given: argparse.Namespace) -> None:
    """Start `act` at the rate until SIGTERM, with never more than `--open` under way."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    answers: Counter[str] = Counter()
    under_way: set[asyncio.Task[None]] = set()
    sent, begin = 0, loop.time()

    async def one() -> None:
        answer = await act()
        answers[answer.error or str(answer.status)] += 1

    def account() -> None:
        path = Path(given.out, "traffic.json")
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({"at": time.time(), "sent": sent, "answers": answers}))
        fresh.replace(path)

    async def tell() -> None:
        while True:
            account()
            await asyncio.sleep(0.5)

    teller = asyncio.create_task(tell())
    while not stopping.is_set():
        await pause(stopping, max(0.0, begin + sent / given.rate - loop.time()))
        if len(under_way) >= given.open:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            continue
        task = asyncio.create_task(one())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        sent += 1
    if under_way:
        await asyncio.wait(under_way, timeout=6)
    teller.cancel()
    # All that was sent: what arrived elsewhere is counted against it.
    account()
