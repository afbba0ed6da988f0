"""How many requests a second one instance answers: a short closed loop straight against it.

The same reads as Locust's readers do, by as many clients as keep an instance busy; writes
calibrate.json {"rate": requests a second, "p50": ms, "p95": ms}. Nothing here touches the ALB, so
that a spike can be sized in units of one instance.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

from loadtests import content
from loadtests.client import Account, Client
from tenfold.history import percentile

CLIENTS = 6
WARM_SECONDS = 2.0


async def main() -> None:
    """Measure and write."""
    given = _arguments()
    async with Client(given.target) as client:
        account = await client.newcomer("cal")
        for _ in range(5):
            text = {"text": content.sentence()}
            await client.call("POST", "/api/v1/posts", text, account, content.key())
        begin = time.monotonic()
        times: list[float] = []
        failed = await asyncio.gather(
            *(_reader(client, account, begin, given.seconds, times) for _ in range(CLIENTS))
        )
    if sum(failed) > len(times) / 20:
        raise SystemExit(f"{sum(failed)} of {len(times)} requests failed")
    rate = len(times) / (given.seconds - WARM_SECONDS)
    told = {"rate": rate, "p50": percentile(times, 0.5), "p95": percentile(times, 0.95)}
    Path(given.out, "calibrate.json").write_text(json.dumps(told))


async def _reader(
    client: Client, account: Account, begin: float, seconds: float, times: list[float]
) -> int:
    """One client: the next request as soon as the answer is there. Answers its failures."""
    failed = 0
    paths = content.read_paths(account.name)
    while (at := time.monotonic()) - begin < seconds:
        answer = await client.call("GET", next(paths), account=account)
        failed += bool(answer.error)
        if at - begin >= WARM_SECONDS:
            times.append((time.monotonic() - at) * 1000)
    return failed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", help="the instance, http://address:8000")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--out", default="/results")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
