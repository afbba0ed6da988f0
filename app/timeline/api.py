"""Following, and the home timeline, by the API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts import services as accounts
from config.problems import Problem
from config.rest import DEFAULT_LIMIT, Body, Cursor, Handle, Key, Limit, PageOf, bearer, caller
from posts import services as posts
from timeline import services

router = Router(tags=["timeline"], auth=bearer)


class NewFollow(Body):
    """Whom to follow."""

    handle: str = Field(pattern=r"^@?[0-9A-Za-z_-]{3,30}$", examples=["maria"])


class Following(Schema):
    """Whether the caller follows somebody now."""

    handle: str
    following: bool


@router.get("/timeline", response=PageOf[posts.FeedPost], summary="The home timeline")
def timeline(
    request: HttpRequest, cursor: Cursor = "", limit: Limit = DEFAULT_LIMIT
) -> PageOf[posts.FeedPost]:
    """Posts of the people the caller follows and the caller's own, newest first."""
    me = caller(request)
    found = services.home(me.id, cursor, limit)
    return PageOf(items=posts.feed(found.items, me.id), next_cursor=found.next_cursor)


@router.post("/follows", response=Following, summary="Follow somebody")
def follow(request: HttpRequest, body: NewFollow, key: Key = "") -> Following:
    """Once, however often it is sent; who is followed is told."""
    account = _account(body.handle)
    services.follow(caller(request).id, account.id, key=key)
    return Following(handle=account.handle, following=True)


@router.delete("/follows/{handle}", response=Following, summary="Follow somebody no more")
def unfollow(request: HttpRequest, handle: Handle, key: Key = "") -> Following:
    """Nothing happens when the caller did not."""
    account = _account(handle)
    services.unfollow(caller(request).id, account.id, key=key)
    return Following(handle=account.handle, following=False)


def _account(handle: str) -> accounts.Account:
    found = accounts.by_handle(handle)
    if found is None:
        raise Problem(404, detail=f"There is nobody called {handle}.")
    return found
