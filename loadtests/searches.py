"""Expensive searches: the words that stand in most posts, several of them, page after page.

What they cost the database grows with the posts that have all the words, not with what is shown.
"""

from __future__ import annotations

import asyncio
import itertools
from urllib.parse import quote

from loadtests import content, traffic
from loadtests.client import Answer, Client


async def main() -> None:
    """Search at the rate until SIGTERM; anybody may."""
    given = traffic.arguments(__doc__ or "").parse_args()
    turn = itertools.cycle(content.common_words())
    async with Client(given.target) as client:

        async def search() -> Answer:
            return await client.call("GET", f"/api/v1/search?limit=50&q={quote(next(turn))}")

        await traffic.send(search, given)


if __name__ == "__main__":
    asyncio.run(main())
