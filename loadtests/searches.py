"""Expensive searches: words that few posts have, a page of fifty.

The database reads posts from the newest on and takes each one's words apart until a page is full.
"""

from __future__ import annotations

import asyncio
import itertools

from loadtests import content, traffic
from loadtests.client import Answer, Client


async def main() -> None:
    """Search at the rate until SIGTERM; anybody may."""
    given = traffic.arguments(__doc__ or "").parse_args()
    turn = itertools.cycle(content.dear_words())
    async with Client(given.target) as client:

        async def search() -> Answer:
            return await client.call("GET", f"/api/v1/search?limit=50&q={next(turn)}")

        await traffic.send(search, given)


if __name__ == "__main__":
    asyncio.run(main())
