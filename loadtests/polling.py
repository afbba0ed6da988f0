"""Many clients that ask for one page again and again: `--path`, with an account of their own."""

from __future__ import annotations

import asyncio

from loadtests import traffic
from loadtests.client import Answer, Client


async def main() -> None:
    """Sign up, then ask at the rate until SIGTERM."""
    parser = traffic.arguments(__doc__ or "")
    parser.add_argument("--path", required=True)
    given = parser.parse_args()
    async with Client(given.target) as client:
        account = await client.newcomer("poll")

        async def ask() -> Answer:
            return await client.call("GET", given.path, account=account)

        await traffic.send(ask, given)


if __name__ == "__main__":
    asyncio.run(main())
