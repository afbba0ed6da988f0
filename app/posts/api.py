"""Posts and likes by the API."""

from __future__ import annotations

import uuid

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import ConfigDict, model_validator

from accounts import services as accounts
from config.problems import Problem
from config.rest import (
    DEFAULT_LIMIT,
    PLAIN,
    Body,
    Cursor,
    Handle,
    Id,
    Key,
    Limit,
    PageOf,
    bearer,
    caller,
    reader_id,
)
from posts import services

router = Router(tags=["posts"])


class NewPost(Body):
    """A text, pictures of one's own, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["text"], "properties": {"text": {"pattern": r"\S"}}},
                {"required": ["media_ids"], "properties": {"media_ids": {"minItems": 1}}},
            ]
        }
    )

    text: str = Field(
        "", max_length=services.MAX_TEXT, pattern=PLAIN, examples=["A tern passes the harbour."]
    )
    media_ids: list[Id] = Field([], max_length=services.MAX_MEDIA)

    @model_validator(mode="after")
    def something(self) -> NewPost:
        """An empty post is none."""
        if not self.text.strip() and not self.media_ids:
            raise ValueError("a post has a text, a picture, or both")
        return self


class Liked(Schema):
    """A post's likes after the caller changed them."""

    id: uuid.UUID
    likes: int
    liked: bool


@router.post("/posts", response={201: services.FeedPost}, auth=bearer, summary="Write a post")
def create(request: HttpRequest, body: NewPost, key: Key = "") -> Status[services.FeedPost]:
    """A new post."""
    me = caller(request)
    post = services.create(me.id, body.text, body.media_ids, key=key)
    return Status(201, _one(post, me.id))


@router.get("/posts/{post_id}", response=services.FeedPost, summary="Read a post")
def read(request: HttpRequest, post_id: uuid.UUID) -> services.FeedPost:
    """One post; anybody may read it."""
    reader = reader_id(request)
    post = services.get(post_id)
    if post is None:
        raise _none(post_id)
    return _one(post, reader)


@router.get(
    "/accounts/{handle}/posts", response=PageOf[services.FeedPost], summary="Somebody's posts"
)
def by_author(
    request: HttpRequest, handle: Handle, cursor: Cursor = "", limit: Limit = DEFAULT_LIMIT
) -> PageOf[services.FeedPost]:
    """Newest first; anybody may read them."""
    reader = reader_id(request)
    account = accounts.by_handle(handle)
    if account is None:
        raise Problem(404, detail=f"There is nobody called {handle}.")
    found = services.by_author(account.id, cursor, limit)
    return PageOf(items=services.feed(found.items, reader), next_cursor=found.next_cursor)


@router.post("/posts/{post_id}/likes", response=Liked, auth=bearer, summary="Like a post")
def like(request: HttpRequest, post_id: uuid.UUID, key: Key = "") -> Liked:
    """Once, however often it is sent; the author is told."""
    post = services.like(caller(request).id, post_id, key=key)
    return Liked(id=post.id, likes=post.likes, liked=True)


@router.delete("/posts/{post_id}/likes", response=Liked, auth=bearer, summary="Take a like back")
def unlike(request: HttpRequest, post_id: uuid.UUID, key: Key = "") -> Liked:
    """Nothing happens when there is none."""
    post = services.unlike(caller(request).id, post_id, key=key)
    return Liked(id=post.id, likes=post.likes, liked=False)


def _one(post: services.Post, reader: uuid.UUID | None) -> services.FeedPost:
    for one in services.feed([post], reader):
        return one
    raise _none(post.id)


def _none(post_id: uuid.UUID) -> Problem:
    return Problem(404, detail=f"There is no post {post_id}.")
