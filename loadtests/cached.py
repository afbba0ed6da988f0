"""Files that CloudFront has in its cache: asked for once in good times, then again and again.

A static page and a stylesheet with a name of its own, and a picture that was uploaded for it. A
later answer is good only if it has the very bytes of the first: an error page is not the file.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from typing import TYPE_CHECKING

from loadtests import content

if TYPE_CHECKING:
    from loadtests.client import Account, Answer, Client

PAGES = ("/static/pages/landing.html", "/static/pages/help.html")
LOOKED = 0.5


class Files:
    """The files and what they held when they were asked for first."""

    def __init__(self, client: Client) -> None:
        """Nothing is asked yet."""
        self.client = client
        self.held: dict[str, bytes] = {}
        self._turn = itertools.count()

    async def prepare(self, account: Account, bound: float) -> None:
        """Find and fetch them; raises SystemExit when one is not served within `bound` seconds."""
        deadline = time.monotonic() + bound
        picture = await self._picture(account, deadline)
        for path in (*PAGES, *await self._styles(deadline), picture):
            while path not in self.held:
                answer, data = await self.client.file(path)
                if not answer.error and data:
                    self.held[path] = data
                else:
                    await _again(deadline, f"{path} ({answer.error or 'empty'})")

    async def ask(self) -> Answer:
        """The next of them."""
        path = list(self.held)[next(self._turn) % len(self.held)]
        answer, data = await self.client.file(path)
        if not answer.error and data != self.held[path]:
            answer.error = "other-content"
        return answer

    async def _styles(self, deadline: float) -> list[str]:
        """The stylesheets that the application's own pages name: their names have a hash."""
        while True:
            _, page = await self.client.file("/login")
            if found := re.findall(r'href="(/static/[^"]+\.css)"', page.decode(errors="replace")):
                return list(found)
            await _again(deadline, "the login page")

    async def _picture(self, account: Account, deadline: float) -> str:
        """The address of a picture that was uploaded and has been looked at by the application."""
        while True:
            data, asked = content.picture(), "/api/v1/media"
            body = {"content_type": "image/png", "size": len(data)}
            slot = await self.client.call("POST", asked, body, account, content.key())
            if not slot.error and isinstance(slot.body, dict):
                await self.client.put(slot.body["url"], data, slot.body["headers"])
                break
            await _again(deadline, "a place for a picture")
        media_id = slot.body["id"]
        # It has an address once a post shows it and its thumbnail was made.
        post = {"text": content.sentence(), "media_ids": [media_id]}
        await self.client.call("POST", "/api/v1/posts", post, account, content.key())
        while True:
            told = await self.client.call("GET", f"{asked}/{media_id}", account=account)
            if isinstance(told.body, dict) and (url := told.body.get("url")):
                return re.sub(r"^https?://[^/]+", "", str(url))
            await _again(deadline, "the picture")


async def _again(deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise SystemExit(f"the probe was not given {what}")
    await asyncio.sleep(LOOKED)
