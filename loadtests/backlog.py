"""Pictures faster than the workers make thumbnails of them: an import of somebody's albums."""

from __future__ import annotations

import asyncio

from loadtests import content, traffic
from loadtests.client import Answer, Client


async def main() -> None:
    """Sign up, then upload and post at the rate until SIGTERM."""
    given = traffic.arguments(__doc__ or "").parse_args()
    picture = content.large_picture()
    async with Client(given.target) as client:
        account = await client.newcomer("album")

        async def post() -> Answer:
            """A place for it, the bytes to S3, the post; what fails first is the answer."""
            size = {"content_type": "image/png", "size": len(picture)}
            got = await client.call("POST", "/api/v1/media", size, account, content.key())
            if got.error or not isinstance(got.body, dict):
                return got
            media = got.body
            got = await client.put(media["url"], picture, media["headers"])
            if got.error:
                return got
            body = {"text": content.sentence(), "media_ids": [media["id"]]}
            return await client.call("POST", "/api/v1/posts", body, account, content.key())

        await traffic.send(post, given)


if __name__ == "__main__":
    asyncio.run(main())
