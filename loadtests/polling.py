"""Many clients that ask for one page again and again: `--path`, with an account of their own."""

from __future__ import annotations

import asyncio

from loadtests import content, traffic
from loadtests.client import Account, Answer, Client


async def main() -> None:
    """Sign up, then ask at the rate until SIGTERM."""
    parser = traffic.arguments(__doc__ or "")
    parser.add_argument("--path", required=True)
    given = parser.parse_args()
    async with Client(given.target) as client:
        account = Account(content.handle("poll"))
        await client.call(
            "POST", "/api/v1/accounts", content.sign_up(account.name), key=content.key()
        )
        if not await client.token(account):
            raise SystemExit(f"{given.target} lets nobody log in")

        async def ask() -> Answer:
            return await client.call("GET", given.path, account=account)

        await traffic.send(ask, given)


if __name__ == "__main__":
    asyncio.run(main())
