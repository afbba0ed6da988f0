"""Ordinary requests to one instance; with a leaky build of the app each keeps some memory."""

from __future__ import annotations

import asyncio

from loadtests.client import Answer, Client
from loadtests.traffic import arguments, send


async def main() -> None:
    """Until SIGTERM."""
    given = arguments(__doc__ or "").parse_args()
    async with Client(given.target) as client:

        async def ask() -> Answer:
            return await client.call("GET", "/login")

        await send(ask, given)


if __name__ == "__main__":
    asyncio.run(main())
