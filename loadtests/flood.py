"""A flood of logins: each costs the instance a password hash, whether the password is right or not.

From one address this is one of the containers that send it: each has its own on the network. A
forged X-Forwarded-For changes as little here as on AWS (the app believes its own proxies only), and
is sent along. `--handle`: the passwords of one account are guessed; without it a leaked list of
handles is tried, each once. What is asked for exists or not: the answer takes as long.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from loadtests import content
from loadtests.client import Answer, Client, ask
from loadtests.traffic import arguments, send


async def main() -> None:
    """Until SIGTERM."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--handle", default="", help="whose password is guessed")
    given = parser.parse_args()
    Path(given.out).mkdir(parents=True, exist_ok=True)
    async with Client(given.target) as client:

        async def log_in() -> Answer:
            body = {
                "handle": given.handle or content.handle("leaked"),
                "password": content.key(),
            }
            forged = {"X-Forwarded-For": f"198.51.100.{random.randrange(1, 255)}"}
            return await ask(client.api, "POST", "/api/v1/tokens", json=body, headers=forged)

        await send(log_in, given)


if __name__ == "__main__":
    asyncio.run(main())
