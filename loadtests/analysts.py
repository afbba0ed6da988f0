"""Analysts who ask for topics over all posts, several at once: queries that hammer a database."""

from __future__ import annotations

import asyncio

from loadtests.client import Answer, Client
from loadtests.traffic import arguments, send

LIMITS = (20, 40, 60, 80, 100)


async def main() -> None:
    """Ask until ended."""
    given = arguments(__doc__ or "").parse_args()
    async with Client(given.target) as client:
        account = await client.newcomer("analyst")
        asked = 0

        async def ask() -> Answer:
            nonlocal asked
            asked += 1
            path = f"/api/v1/reports/topics?limit={LIMITS[asked % len(LIMITS)]}"
            return await client.call("GET", path, account=account)

        await send(ask, given)


if __name__ == "__main__":
    asyncio.run(main())
