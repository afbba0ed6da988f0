"""Somebody who follows many people reads their timeline again and again.

The accounts that the probe and Locust make are new and follow hardly anybody. The seeded ones
follow dozens, as people do, and their timelines are what an index is for.
"""

from __future__ import annotations

import asyncio

from loadtests import traffic
from loadtests.client import Account, Answer, Client
from loadtests.content import SEEDED_PASSWORD

READER = "maria"
"""a seeded account, with the password that every seeded one has"""


async def main() -> None:
    """Log in, then read until SIGTERM."""
    given = traffic.arguments(str(__doc__)).parse_args()
    async with Client(given.target) as client:
        reader = Account(READER)
        body = {"handle": READER, "password": SEEDED_PASSWORD}
        answer = await client.call("POST", "/api/v1/tokens", body)
        if answer.error or not isinstance(answer.body, dict):
            raise SystemExit(f"{READER} cannot log in ({answer.error}): is the stage seeded?")
        reader.token = str(answer.body["access"])

        async def read() -> Answer:
            return await client.call("GET", "/api/v1/timeline", account=reader)

        await traffic.send(read, given)


if __name__ == "__main__":
    asyncio.run(main())
