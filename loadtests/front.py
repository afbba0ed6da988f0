"""What the front costs: CloudFront and ALB against the instances themselves, in one run.

Saturation: as many clients as keep the instances busy, straight at them and through the front, in
turn, several rounds; the ratio of the two rates. Paced: single requests a few milliseconds apart,
alternating; the difference of the medians. The same reads both ways, and no write. Writes
front.json.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import statistics
import time
from pathlib import Path

from loadtests import content
from loadtests.client import Account, Client
from tenfold.history import percentile

FRONT = "http://cloudfront:8080"
CLIENTS_AN_INSTANCE = 6
PACED_REQUESTS = 400
PACED_GAP_SECONDS = 0.015


async def main() -> None:
    """Measure and write."""
    given = _arguments()
    async with contextlib.AsyncExitStack() as stack:
        bases = [FRONT, *given.instances]
        front, *direct = [await stack.enter_async_context(Client(base)) for base in bases]
        account = await _account(front)
        paths = itertools.cycle(
            ["/api/v1/timeline", f"/api/v1/accounts/{account.name}/posts", "/api/v1/notifications"]
        )
        for client in (front, *direct):
            await _rate([client], account, paths, 1.0)
        rounds = []
        for _ in range(given.rounds):
            straight = await _rate(direct, account, paths, given.seconds)
            through = await _rate([front] * len(direct), account, paths, given.seconds)
            rounds.append({"direct": straight, "front": through, "ratio": through / straight})
        paced = await _paced(front, direct, account)
    told = {
        "instances": len(direct),
        "rounds": rounds,
        "ratio": statistics.median(r["ratio"] for r in rounds),
        **paced,
    }
    Path(given.out, "front.json").write_text(json.dumps(told, indent=2))


async def _account(front: Client) -> Account:
    account = await front.newcomer("bench")
    for _ in range(5):
        text = {"text": content.sentence()}
        await front.call("POST", "/api/v1/posts", text, account, content.key())
    return account


async def _rate(
    clients: list[Client], account: Account, paths: itertools.cycle[str], seconds: float
) -> float:
    """Requests a second that were answered well, over all clients."""
    end = time.monotonic() + seconds

    async def ask(client: Client) -> int:
        good = 0
        while time.monotonic() < end:
            good += not (await client.call("GET", next(paths), account=account)).error
        return good

    asked = [ask(client) for client in clients for _ in range(CLIENTS_AN_INSTANCE)]
    return sum(await asyncio.gather(*asked)) / seconds


async def _paced(front: Client, direct: list[Client], account: Account) -> dict[str, float]:
    """Medians in ms of single requests, the two ways in turn."""
    times: dict[str, list[float]] = {"front": [], "direct": []}
    ways = itertools.cycle([("front", front), *(("direct", one) for one in direct[:1])])
    for _ in range(PACED_REQUESTS * 2):
        name, client = next(ways)
        begun = time.perf_counter()
        answer = await client.call("GET", f"/api/v1/accounts/{account.name}/posts", account=account)
        if not answer.error:
            times[name].append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(PACED_GAP_SECONDS)
    front_ms, direct_ms = (percentile(times[name], 0.5) for name in ("front", "direct"))
    return {
        "front_p50_ms": front_ms,
        "direct_p50_ms": direct_ms,
        "added_p50_ms": front_ms - direct_ms,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instances", nargs="+", help="http://address:8000 of each instance")
    parser.add_argument("--seconds", type=float, default=5, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", default="/results")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
