"""Analysts who ask for topics over all posts, several at once: queries that hammer a database."""

from __future__ import annotations

import asyncio

from loadtests import content
from loadtests.client import Account, Answer, Client
from loadtests.traffic import arguments, send

LIMITS = (20, 40, 60, 80, 100)


async def main() -> None:
    """Ask until ended."""
    given = arguments(__doc__ or "").parse_args()
    async with Client(given.target) as client:
        account = Account(content.handle("analyst"))
        body = content.sign_up(account.name)
        await client.call("POST", "/api/v1/accounts", body, key=content.key())
        if not await client.token(account):
            raise SystemExit(f"{given.target} lets nobody log in")
        asked = 0

        async def ask() -> Answer:
            nonlocal asked
            asked += 1
            path = f"/api/v1/reports/topics?limit={LIMITS[asked % len(LIMITS)]}"
            return await client.call("GET", path, account=account)

        await send(ask, given)


if __name__ == "__main__":
    asyncio.run(main())
