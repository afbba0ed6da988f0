"""The seeded network as rows for COPY, made in one pass: few rows are held at a time.

Popularity and diligence follow Zipf's law: the person of a smaller number has more followers and
writes more. Times lie in the last weeks, by day more than by night, and ids carry them.
"""

from __future__ import annotations

import itertools
import math
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from config import ids
from seeding.people import KNOWN, Person
from seeding.texts import text

DAY_MS = 24 * 3600 * 1000
WEEKS = 6
Row = tuple[str, ...]
FRIENDS = len(KNOWN)


@dataclass(frozen=True)
class Size:
    """How much there is: `follows` and `likes` are means, of an account and of a post."""

    accounts: int
    posts: int
    follows: int
    likes: float
    pictures: int


SIZES = {
    "S": Size(200, 2_000, 22, 4.0, 12),
    "M": Size(5_000, 100_000, 40, 3.0, 12),
    "L": Size(50_000, 1_000_000, 50, 3.0, 12),
}


@dataclass(frozen=True)
class Member:
    """A person with the id that the account has."""

    person: Person
    id: uuid.UUID


def at(ms: int) -> str:
    """A time as Postgres reads it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


class Network:
    """Rows of `new` members among all `members` (those of earlier, smaller seedings first)."""

    def __init__(
        self, size: Size, members: Sequence[Member], new: Sequence[Member], now_ms: int
    ) -> None:
        """`now_ms` is what the times are before, in milliseconds since the epoch."""
        self.size, self.members, self.new, self.now_ms = size, members, new, now_ms
        self.dice = random.Random(len(members))
        self._popular = list(
            itertools.accumulate(1 / (rank + 6) ** 0.85 for rank in range(len(members)))
        )
        self._by_rank = range(len(members))

    def accounts(self, password: str) -> Iterator[Row]:
        """(id, handle, email, password, plan, home_region, created_at)."""
        for member in self.new:
            one = member.person
            born = at(member.id.int >> 80)
            yield (
                str(member.id), one.handle, one.email, password, one.plan, one.home_region, born,
            )  # fmt: skip

    def follows(self) -> Iterator[Row]:
        """(follower_id, followed_id, created_at)."""
        everyone = len(self.members)
        for member in self.new:
            known = member.person.number < FRIENDS
            count = 40 if known else self._about(self.size.follows)
            wanted = {self._somebody() for _ in range(min(count, everyone // 2))}
            if known:
                wanted |= set(range(FRIENDS))
            for one in wanted:
                if self.members[one].id != member.id:
                    yield str(member.id), str(self.members[one].id), at(self._moment())

    def posts(
        self, count: int, pictures: Sequence[tuple[int, uuid.UUID]] = ()
    ) -> Iterator[tuple[Row, list[Row]]]:
        """A post (id, author_id, text, media_ids, likes, created_at) and its likes.

        A like is (post_id, account_id, created_at). `pictures` are (number of the member, media
        id): one post each, of the last days.
        """
        weights = list(itertools.accumulate(1 / (n + 4) ** 0.7 for n in range(len(self.new))))
        authors = self.dice.choices(self.new, cum_weights=weights, k=max(0, count - len(pictures)))
        for author in authors:
            yield self._post(author, self._moment(), None)
        for number, media_id in pictures:
            yield self._post(self.members[number], self._moment(days=4), media_id)

    def _post(self, author: Member, ms: int, media: uuid.UUID | None) -> tuple[Row, list[Row]]:
        post_id = str(ids.new_id(ids.bucket_of(author.id), ms))
        rank = author.person.number
        mean = self.size.likes * (0.4 + 4 / (1 + rank / 12)) * (3 if media else 1)
        count = min(self._about(mean), len(self.members) // 3)
        fans = {self.dice.randrange(len(self.members)) for _ in range(count)}
        likes: list[Row] = [
            (post_id, str(self.members[fan].id), at(self._after(ms)))
            for fan in fans
            if self.members[fan].id != author.id
        ]
        words = text(self.dice, lambda: self.members[self._somebody()].person.handle)
        pictures = "{" + str(media) + "}" if media else "{}"
        return (post_id, str(author.id), words, pictures, str(len(likes)), at(ms)), likes

    def _somebody(self) -> int:
        """The place of a member, popular ones more often."""
        return self.dice.choices(self._by_rank, cum_weights=self._popular)[0]

    def _about(self, mean: float) -> int:
        """A number with a long tail around `mean`."""
        return int(self.dice.lognormvariate(math.log(max(mean, 0.05)) - 0.32, 0.8))

    def _moment(self, days: int = WEEKS * 7) -> int:
        """Milliseconds, in the last `days`: more of late than long ago, seldom at night."""
        ago = int(self.dice.betavariate(1.0, 1.6) * days * DAY_MS)
        ms = self.now_ms - ago
        hour = ms % DAY_MS // 3_600_000
        if hour < 6 and self.dice.random() < 0.8:
            ms -= 8 * 3_600_000
        return ms - self.dice.randrange(60_000)

    def _after(self, ms: int) -> int:
        """Some time after `ms`, but not in the future."""
        return min(self.now_ms, ms + int(self.dice.expovariate(1 / (5 * 3_600_000))))
