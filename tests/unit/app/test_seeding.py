"""The seeded network, as rows."""

from __future__ import annotations

import io
import random
import time
import uuid
from collections import Counter
from datetime import UTC, datetime

import pytest
from PIL import Image

from accounts.services import HANDLE, MAX_EMAIL
from config import ids
from posts.services import MAX_TEXT
from seeding import pictures
from seeding.load import _escaped
from seeding.network import DAY_MS, SIZES, Member, Network, Size
from seeding.people import KNOWN, person
from seeding.texts import text

NOW = int(time.time() * 1000)
SMALL = Size(accounts=120, posts=600, follows=15, likes=3.0, pictures=2)


@pytest.fixture(scope="module")
def network() -> Network:
    members = [Member(person(n), ids.new_account_id(NOW - 90 * DAY_MS)) for n in range(120)]
    return Network(SMALL, members, members, NOW)


def test_handles_are_valid_and_nobodys_twice() -> None:
    people = [person(n) for n in range(SIZES["L"].accounts)]
    assert len({one.handle for one in people}) == len(people)
    assert all(HANDLE.match(one.handle) for one in people)
    assert max(len(one.email) for one in people) <= MAX_EMAIL
    assert person(0).handle == "maria"
    assert person(1234) == person(1234)


def test_texts_are_posts() -> None:
    dice = random.Random(1)
    texts = [text(dice, lambda: "somebody_somewhere12") for _ in range(3000)]
    assert all(0 < len(one) <= MAX_TEXT for one in texts)
    assert not any("{" in one for one in texts)
    assert len(set(texts)) > 2000


def test_follows_are_between_two_and_once(network: Network) -> None:
    pairs = [(a, b) for a, b, _ in network.follows()]
    assert len(set(pairs)) == len(pairs)
    assert all(a != b for a, b in pairs)
    followers = Counter(b for _, b in pairs)
    famous = sum(followers[str(one.id)] for one in network.members[: len(KNOWN)])
    others = sum(followers[str(one.id)] for one in network.members[-len(KNOWN) :])
    assert famous > 3 * others


def test_posts_are_counted_in_their_authors_bucket_and_past(network: Network) -> None:
    shown = [(0, uuid.uuid4()), (1, uuid.uuid4())]
    made = list(network.posts(SMALL.posts, shown))
    assert len(made) == SMALL.posts
    assert sum(row[3] != "{}" for row, _ in made) == len(shown)
    now = datetime.fromtimestamp(NOW / 1000, UTC)
    for (post_id, author, _, _, likes, at), its_likes in made:
        assert ids.bucket_of(uuid.UUID(post_id)) == ids.bucket_of(uuid.UUID(author))
        assert int(likes) == len({fan for _, fan, _ in its_likes}) == len(its_likes)
        assert author not in {fan for _, fan, _ in its_likes}
        assert datetime.fromisoformat(at) <= now
        assert all(datetime.fromisoformat(at) <= datetime.fromisoformat(one[2]) <= now
                   for one in its_likes)  # fmt: skip


def test_copy_escapes() -> None:
    assert _escaped("a\tb\\c\nd") == "a\\tb\\\\c\\nd"


def test_landscapes_are_small_and_the_same_each_time() -> None:
    one = pictures.landscape(3)
    assert one == pictures.landscape(3) != pictures.landscape(4)
    assert Image.open(io.BytesIO(one)).size == (pictures.WIDTH, pictures.HEIGHT)
    assert len(one) < 200_000
