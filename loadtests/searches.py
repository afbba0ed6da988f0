"""Expensive searches: a word that half of all posts have and none of the newer, fifty a page.

The database reads posts from the newest on and takes each one's words apart until a page is full.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from loadtests import traffic
from loadtests.client import Answer, Client


async def main() -> None:
    """Search at the rate until SIGTERM; anybody may."""
    parser = traffic.arguments(__doc__ or "")
    parser.add_argument("--words", required=True, help="what is searched for")
    given = parser.parse_args()
    path = f"/api/v1/search?limit=50&q={quote(given.words)}"
    async with Client(given.target) as client:

        async def search() -> Answer:
            return await client.call("GET", path)

        await traffic.send(search, given)


if __name__ == "__main__":
    asyncio.run(main())
