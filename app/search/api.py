"""Search by the API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router

from config.rest import DEFAULT_LIMIT, Cursor, Limit, PageOf, reader_id
from posts import services as posts
from search import services

router = Router(tags=["search"])
Words = Annotated[
    str,
    Query(
        min_length=1,
        max_length=services.MAX_QUERY,
        pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
        description="Whole words; all of them must be in a post.",
    ),
]


@router.get("/search", response=PageOf[posts.FeedPost], summary="Find posts")
def search(
    request: HttpRequest, q: Words, cursor: Cursor = "", limit: Limit = DEFAULT_LIMIT
) -> PageOf[posts.FeedPost]:
    """Newest first; anybody may search."""
    reader = reader_id(request)
    found = services.posts(q, cursor, limit)
    return PageOf(items=posts.feed(found.items, reader), next_cursor=found.next_cursor)
