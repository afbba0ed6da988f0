"""Posts and people: the timeline, a post, a profile, and the forms that write to them."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from accounts import services as accounts
from config.problems import Problem
from media import services as media
from pages import forms
from pages.context import me
from pages.errors import (  # noqa: F401 (config/urls.py and the settings look for them here)
    bad_request,
    csrf_failure,
    forbidden,
    not_found,
    server_error,
    unavailable,
)
from pages.feed import cards
from pages.guard import refused, view, wants_json
from pages.shared import PAGE, cursor, key, older, reader
from posts import services as posts
from timeline import services as timelines


def _home(request: HttpRequest, form: forms.Post, status: int = 200) -> HttpResponse:
    viewer = reader(request)
    found = timelines.home(viewer.id, cursor=cursor(request), limit=PAGE)
    context = {
        "here": "home",
        "form": form,
        "limits": {
            "text": posts.MAX_TEXT,
            "bytes": media.MAX_BYTES,
            "types": " ".join(media.CONTENT_TYPES),
            "accept": ",".join(media.CONTENT_TYPES),
        },
        "posts": cards(found.items, viewer),
        # Absolute: a post that is refused shows this page at another address.
        "older": older(found.next_cursor) and "/" + older(found.next_cursor),
        "paged": cursor(request) is not None,
    }
    return render(request, "home.html", context, status=status)


@view("GET", "HEAD")
def home(request: HttpRequest) -> HttpResponse:
    """The timeline with the composer; the front page in S3 for who is not logged in."""
    if me(request) is None:
        return HttpResponseRedirect(f"{settings.STATIC_URL}pages/landing.html")
    return _home(request, forms.Post(max_text=posts.MAX_TEXT))


@view("GET", "HEAD")
def help_page(request: HttpRequest) -> HttpResponse:
    """Help is a file in S3."""
    return HttpResponseRedirect(f"{settings.STATIC_URL}pages/help.html")


@view("POST", login=True)
def write_post(request: HttpRequest) -> HttpResponse:
    """A new post; a bad one comes back in the composer with the reason."""
    form = forms.Post(request.POST, max_text=posts.MAX_TEXT)
    if not form.is_valid():
        return _home(request, form, 422)
    given = form.cleaned_data
    try:
        posts.create(reader(request).id, given["text"], given["media_ids"], key=form.key())
    except Problem as problem:
        form.add_error(None, problem.detail)
        return _home(request, form, problem.status)
    return HttpResponseRedirect("/")


@view("POST", login=True)
def upload(request: HttpRequest) -> HttpResponse:
    """Where our script may send a picture to: the answer of POST /api/v1/media."""
    form = forms.Upload(request.POST)
    if not form.is_valid():
        return refused(request, 422, forms.reasons(form))
    given = form.cleaned_data
    slot = media.create_upload(
        reader(request).id,
        given["content_type"],
        given["size"],
        origin=f"{request.scheme}://{request.get_host()}",
        key=form.key(),
    )
    body = {"id": str(slot.id), "url": slot.url, "method": slot.method, "headers": slot.headers}
    return JsonResponse(body, status=201)


@view("GET", "HEAD")
def one_post(request: HttpRequest, post_id: uuid.UUID) -> HttpResponse:
    """One post."""
    found = posts.get(post_id)
    shown = cards([found], me(request)) if found else []
    if not shown:
        raise Http404
    return render(request, "post.html", {"post": shown[0]})


@view("POST", login=True)
def like(request: HttpRequest, post_id: uuid.UUID, on: bool) -> HttpResponse:
    """Like a post or take it back; the page comes again, or the new count for our script."""
    change = posts.like if on else posts.unlike
    post = change(reader(request).id, post_id, key=key(request))
    if wants_json(request):
        turn = "unlike" if on else "like"
        return JsonResponse({"liked": on, "likes": post.likes, "next": f"/p/{post_id}/{turn}"})
    return HttpResponseRedirect(forms.inner_path(_came_from(request) or f"/p/{post_id}"))


def _came_from(request: HttpRequest) -> str:
    """The path of the page on which a form stood, if it is one of ours."""
    site = f"{request.scheme}://{request.get_host()}"
    given = request.headers.get("Referer", "")
    return given.removeprefix(site) if given.startswith(site + "/") else ""


def _account(handle: str) -> accounts.Account:
    found = accounts.by_handle(handle.lower())
    if found is None:
        raise Http404
    return found


@view("GET", "HEAD")
def profile(request: HttpRequest, handle: str) -> HttpResponse:
    """Somebody's posts, and whether one follows them."""
    viewer = me(request)
    account = _account(handle)
    stats = timelines.follow_stats(account.id, viewer.id if viewer else None)
    found = posts.by_author(account.id, cursor=cursor(request), limit=PAGE)
    context: dict[str, Any] = {
        "here": "me" if viewer and viewer.id == account.id else "",
        "profile": {
            "handle": account.handle,
            "since": account.created_at,
            "posts": posts.count_by_author(account.id),
            "followers": stats.followers,
            "following": stats.following,
            "followed": stats.followed,
        },
        "posts": cards(found.items, viewer),
        "older": older(found.next_cursor),
        "paged": cursor(request) is not None,
    }
    return render(request, "profile.html", context)


@view("POST", login=True)
def follow(request: HttpRequest, handle: str, on: bool) -> HttpResponse:
    """Follow somebody, or stop."""
    account = _account(handle)
    change = timelines.follow if on else timelines.unfollow
    change(reader(request).id, account.id, key=key(request))
    return HttpResponseRedirect(f"/@{account.handle}")
