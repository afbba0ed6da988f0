"""The weekly digest: who gets one, and what is in it.

Somebody gets a mail for a period in which others liked what they wrote or began to follow them, or
in which people they follow wrote. One mail an account and period: the mailer claims it by its key.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from accounts import services as accounts
from mailer import services as mailer
from notifications import services as notifications
from posts import services as posts
from reports import letters
from timeline import services as timelines

AUTHORS_AT_ONCE = 500
POSTS = 3
LINK = "https://tern.example/"
MAX_TEXT = 140


def readers(since: float, until: float) -> frozenset[uuid.UUID]:
    """Everybody for whom something happened between these moments, seconds since the epoch."""
    found = set(notifications.counts(since, until))
    for some in _chunks(posts.authors_between(since, until)):
        found |= timelines.followers_of(some)
    return frozenset(found)


def send(account_id: uuid.UUID, period: int, since: float, until: float) -> bool:
    """One account's mail of one period; False if it was sent before, or is nobody's."""
    account = accounts.get(account_id)
    if account is None:
        return False
    news = notifications.counts(since, until, [account_id]).get(account_id)
    best = posts.best_between(timelines.followed_ids(account_id), since, until, POSTS)
    authors = accounts.get_many({one.author_id for one in best})
    letter = letters.digest(
        key=f"digest:{period}:{account_id}",
        handle=account.handle,
        address=account.email,
        counted=_words(news) if news else [],
        lines=[
            letters.Line(authors[one.author_id].handle, _short(one.text), one.likes)
            for one in best
            if one.author_id in authors
        ],
        link=LINK,
    )
    return mailer.send(letter)


def _words(news: notifications.Counts) -> list[str]:
    found = [
        (news.likes, "like", "likes"),
        (news.followers, "new follower", "new followers"),
    ]
    return [f"{n} {one if n == 1 else many}" for n, one, many in found if n]


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1].rstrip() + "…"


def _chunks(ids: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(ids), AUTHORS_AT_ONCE):
        yield ids[start : start + AUTHORS_AT_ONCE]
