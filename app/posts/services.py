"""Posts and likes as the other contexts know them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection
from django.utils import timezone

from accounts import services as accounts
from aws import outbox
from config import ids
from config.pagination import LIMIT, Page, before, bounded, page
from config.problems import Problem
from config.text import clean
from config.writes import write
from media import services as media
from posts.models import SEARCH_CONFIG, Like
from posts.models import Post as Row

MAX_TEXT = 500
"""characters"""
MAX_MEDIA = 4
MAX_QUERY = 200
MAX_TOPICS = 100
COLUMNS = "id, author_id, text, media_ids, likes, created_at"


@dataclass(frozen=True)
class Post:
    """A post; `media_ids` in the order they are shown."""

    id: uuid.UUID
    author_id: uuid.UUID
    text: str
    created_at: datetime
    likes: int
    media_ids: Sequence[uuid.UUID]


@dataclass(frozen=True)
class Topic:
    """Two words that people write together: in how many posts, of how many people."""

    words: tuple[str, str]
    posts: int
    people: int


@dataclass(frozen=True)
class Picture:
    """A picture of a post; the addresses are None until it is ready."""

    id: uuid.UUID
    status: str
    url: str | None
    thumbnail_url: str | None


@dataclass(frozen=True)
class FeedPost:
    """A post as a reader is shown it; `liked` is whether the reader likes it."""

    id: uuid.UUID
    author: str
    text: str
    created_at: datetime
    likes: int
    liked: bool
    media: Sequence[Picture]


def create(
    author_id: uuid.UUID, text: str, media_ids: Sequence[uuid.UUID] = (), *, key: str = ""
) -> Post:
    """A new post with pictures of one's own. Raises Problem 404 (no such picture) or 422."""
    text = clean(text, "The text", longest=MAX_TEXT)
    pictures = list(dict.fromkeys(media_ids))
    if not text and not pictures:
        raise Problem(422, detail="A post has a text, a picture, or both.")
    if len(pictures) > MAX_MEDIA:
        raise Problem(422, detail=f"A post takes at most {MAX_MEDIA} pictures.")
    if pictures:
        found = media.get_many(pictures)
        for one in pictures:
            if one not in found or found[one].owner_id != author_id:
                raise Problem(404, detail=f"There is no picture {one} of yours.")

    def run() -> dict[str, Any]:
        row = Row(
            id=ids.new_id_for(author_id),
            author_id=author_id,
            text=text,
            media_ids=pictures,
            created_at=timezone.now(),
        )
        row.save(force_insert=True)
        for one in pictures:
            outbox.emit("media.thumbnail", {"media_id": str(one)})
        return asdict(_post(row))

    return _again(write(f"posts.create:{author_id}", key, (text, pictures), run))


def get(post_id: uuid.UUID) -> Post | None:
    """One post."""
    row = Row.objects.filter(id=post_id).first()
    return _post(row) if row else None


def by_author(author_id: uuid.UUID, cursor: str | None = None, limit: int = LIMIT) -> Page[Post]:
    """Somebody's posts, newest first."""
    return by_authors([author_id], cursor, limit)


def by_authors(
    author_ids: Sequence[uuid.UUID], cursor: str | None = None, limit: int = LIMIT
) -> Page[Post]:
    """The posts of several people, newest first.

    The newest of each are looked up in the index (author, id), then merged: the cost depends on
    how many authors there are, never on how much they wrote.
    """
    limit, end = bounded(limit), before(cursor)
    rows: Iterable[Any] = Row.objects.raw(
        f"""
        SELECT {COLUMNS} FROM posts_post WHERE id IN (
            SELECT newest.id FROM unnest(%s::uuid[]) AS author(id) CROSS JOIN LATERAL (
                SELECT id FROM posts_post WHERE author_id = author.id AND id < %s
                ORDER BY id DESC LIMIT %s
            ) AS newest ORDER BY newest.id DESC LIMIT %s
        ) ORDER BY id DESC""",
        [list(author_ids), end, limit + 1, limit + 1],
    )
    return page([_post(row) for row in rows], limit, lambda post: post.id)


def feed(found: Sequence[Post], reader_id: uuid.UUID | None) -> list[FeedPost]:
    """`found` in its order, for a reader (None: nobody logged in).

    One query a kind of thing for a whole page, never one a post.
    """
    if not found:
        return []
    authors = accounts.get_many({post.author_id for post in found})
    liked = liked_by(reader_id, [post.id for post in found]) if reader_id else frozenset()
    pictures = media.get_many({one for post in found for one in post.media_ids})
    return [
        FeedPost(
            id=post.id,
            author=authors[post.author_id].handle,
            text=post.text,
            created_at=post.created_at,
            likes=post.likes,
            liked=post.id in liked,
            media=[_picture(pictures[one]) for one in post.media_ids if one in pictures],
        )
        for post in found
        if post.author_id in authors
    ]


def authors_between(since: float, until: float) -> Sequence[uuid.UUID]:
    """Who wrote from `since` until before `until`, seconds since the epoch (the ids carry it)."""
    rows = Row.objects.filter(id__gte=ids.first_at(since), id__lt=ids.first_at(until))
    return list(rows.values_list("author_id", flat=True).distinct())


def best_between(
    author_ids: Sequence[uuid.UUID], since: float, until: float, limit: int
) -> Sequence[Post]:
    """What these people wrote in that time, the most liked first, then the newest."""
    rows = Row.objects.filter(
        author_id__in=list(author_ids), id__gte=ids.first_at(since), id__lt=ids.first_at(until)
    )
    return [_post(row) for row in rows.order_by("-likes", "-id")[:limit]]


def count_by_author(author_id: uuid.UUID) -> int:
    """How many posts somebody wrote."""
    return Row.objects.filter(author_id=author_id).count()


def search(query: str, cursor: str | None = None, limit: int = LIMIT) -> Page[Post]:
    """Posts that have all the words of `query`, newest first."""
    limit, end = bounded(limit), before(cursor)
    words = clean(query, "The search", longest=MAX_QUERY)
    rows = (
        Row.objects.alias(words=SearchVector("text", config=SEARCH_CONFIG))
        .filter(words=SearchQuery(words, config=SEARCH_CONFIG), id__lt=end)
        .order_by("-id")[: limit + 1]
    )
    return page([_post(row) for row in rows], limit, lambda post: post.id)


def topics(limit: int) -> Sequence[Topic]:
    """The pairs of words that most people write together, over all posts.

    Each post is read and each pair in it counted: a query for analysts, which no page asks.
    """
    rows: Iterable[Any] = Row.objects.raw(
        """
        SELECT min(post.id::text)::uuid AS id, one.word AS one, two.word AS two,
            count(*) AS posts, count(DISTINCT post.author_id) AS people
        FROM posts_post AS post
        CROSS JOIN LATERAL tsvector_to_array(to_tsvector('simple', post.text)) AS words(list)
        CROSS JOIN LATERAL unnest(words.list) AS one(word)
        CROSS JOIN LATERAL unnest(words.list) AS two(word)
        WHERE one.word < two.word
        GROUP BY one.word, two.word ORDER BY people DESC, posts DESC, one, two LIMIT %s""",
        [min(limit, MAX_TOPICS)],
    )
    return [Topic((row.one, row.two), row.posts, row.people) for row in rows]


def liked_by(account_id: uuid.UUID, post_ids: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Which of these posts somebody likes."""
    wanted = list(post_ids)
    if not wanted:
        return frozenset()
    likes = Like.objects.filter(post_id__in=wanted, account_id=account_id)
    return frozenset(likes.values_list("post_id", flat=True))


def likes_of(account_id: uuid.UUID, limit: int) -> Sequence[uuid.UUID]:
    """The newest posts that somebody likes, at most `limit`."""
    likes = Like.objects.filter(account_id=account_id).order_by("-post_id")
    return list(likes.values_list("post_id", flat=True)[:limit])


def like(account_id: uuid.UUID, post_id: uuid.UUID, *, key: str = "") -> Post:
    """Like a post, once; its author is told. Raises Problem(404)."""

    def run() -> dict[str, Any]:
        author = _author(post_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO posts_like (post_id, account_id) VALUES (%s, %s)"
                " ON CONFLICT DO NOTHING",
                [post_id, account_id],
            )
            fresh = cursor.rowcount == 1
        if fresh and author != account_id:
            outbox.emit(
                "notifications.like",
                {
                    "account_id": str(author),
                    "actor_id": str(account_id),
                    "post_id": str(post_id),
                },
            )
        # Last, since everybody who likes this post waits for its row.
        return asdict(_counted(post_id, 1 if fresh else 0))

    return _again(write(f"posts.like:{account_id}", key, (post_id,), run))


def unlike(account_id: uuid.UUID, post_id: uuid.UUID, *, key: str = "") -> Post:
    """Take a like back, if there is one. Raises Problem(404)."""

    def run() -> dict[str, Any]:
        _author(post_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM posts_like WHERE post_id = %s AND account_id = %s",
                [post_id, account_id],
            )
            gone = cursor.rowcount == 1
        return asdict(_counted(post_id, -1 if gone else 0))

    return _again(write(f"posts.unlike:{account_id}", key, (post_id,), run))


def _author(post_id: uuid.UUID) -> uuid.UUID:
    found = Row.objects.using("default").filter(id=post_id).values_list("author_id", flat=True)
    author = found.first()
    if author is None:
        raise Problem(404, detail=f"There is no post {post_id}.")
    return author


def _counted(post_id: uuid.UUID, change: int) -> Post:
    """The post with its likes changed."""
    if change == 0:
        return _post(Row.objects.using("default").get(id=post_id))
    (row,) = Row.objects.using("default").raw(
        f"UPDATE posts_post SET likes = likes + %s WHERE id = %s RETURNING {COLUMNS}",
        [change, post_id],
    )
    return _post(row)


def _picture(item: media.Item) -> Picture:
    return Picture(item.id, item.status, item.url, item.thumbnail_url)


def _post(row: Row) -> Post:
    return Post(row.id, row.author_id, row.text, row.created_at, row.likes, tuple(row.media_ids))


def _again(told: dict[str, Any]) -> Post:
    """The post of a stored answer."""
    return Post(
        id=uuid.UUID(told["id"]),
        author_id=uuid.UUID(told["author_id"]),
        text=told["text"],
        created_at=datetime.fromisoformat(told["created_at"]),
        likes=told["likes"],
        media_ids=tuple(uuid.UUID(one) for one in told["media_ids"]),
    )
