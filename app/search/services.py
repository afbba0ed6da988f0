"""Finding posts. Until search has a store of its own, the words' index is the posts' table's."""

from __future__ import annotations

from config.pagination import LIMIT, Page
from config.problems import Problem
from posts import services as post_services

MAX_QUERY = post_services.MAX_QUERY
"""characters"""


def posts(query: str, cursor: str | None = None, limit: int = LIMIT) -> Page[post_services.Post]:
    """Posts that have all the words, newest first. Raises Problem(422) for an empty search."""
    if not query.strip():
        raise Problem(422, detail="Search for a word, or several.")
    return post_services.search(query, cursor, limit)
