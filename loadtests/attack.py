"""Attacks as they arrive at any site on the internet: injection, cross-site scripting, traversal.

For a stage's own containers alone: the payloads are the well-known ones that only ask (nothing is
written or deleted where one should succeed), at a bounded rate. Each request carries a mark of its
own as the root of its trace (X-Amzn-Trace-Id), which load balancers pass on and the instances write
into their access log: that is where it is counted whether it arrived.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import Any

from yarl import URL

from loadtests.client import Answer, Client, ask
from loadtests.traffic import arguments, send

KINDS: dict[str, tuple[tuple[str, str, Any], ...]] = {
    "injection": (
        ("GET", "/api/v1/search?q=1%27%20OR%20%271%27%3D%271", None),
        ("GET", "/search?q=1%20UNION%20SELECT%20handle,password%20FROM%20accounts_account--", None),
        ("GET", "/api/v1/accounts/x%27%20OR%201%3D1--/posts", None),
        ("GET", "/?id=1%3BSELECT%20pg_sleep(1)--", None),
        ("POST", "/api/v1/tokens", {"handle": "admin' OR '1'='1' --", "password": "x"}),
    ),
    "scripting": (
        ("GET", "/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E", None),
        ("GET", "/login?next=javascript:alert(1)//%3Csvg/onload%3Dalert(1)%3E", None),
        ("POST", "/api/v1/posts", {"text": "<img src=x onerror=alert(document.cookie)>"}),
    ),
    "traversal": (
        ("GET", "/api/v1/media/..%2F..%2F..%2F..%2Fetc%2Fpasswd", None),
        ("GET", "/search?file=../../../../../../etc/passwd", None),
        ("GET", "/reports/..%2f..%2f..%2fproc%2fself%2fenviron/download", None),
    ),
}
ATTACKS = [attack for group in itertools.zip_longest(*KINDS.values()) for attack in group if attack]
"""the kinds in turn"""


async def main() -> None:
    """Until SIGTERM."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--mark", required=True, help="what all its marks begin with")
    given = parser.parse_args()
    turn = itertools.cycle(ATTACKS)
    async with Client(given.target) as client:

        async def attack() -> Answer:
            method, path, body = next(turn)
            return await ask(
                client.api,
                method,
                # As it stands: a client that tidies paths up would spoil the traversals.
                URL(path, encoded=True),
                json=body,
                # What it is sent on to would carry the same mark, and is no attack.
                allow_redirects=False,
                headers={"X-Amzn-Trace-Id": f"Root={mark(given.mark)}"},
            )

        await send(attack, given)


def mark(prefix: str) -> str:
    """One attack's own, of characters that a trace's root may have."""
    return f"{prefix}-{secrets.token_hex(8)}"


if __name__ == "__main__":
    asyncio.run(main())
