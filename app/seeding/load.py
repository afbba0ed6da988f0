"""Seeding into the database: one transaction, rows by COPY, past the contexts' services.

The one place besides the migrations that knows the tables of several contexts. Nothing is emitted:
seeded people get no mails.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import psycopg
from django.conf import settings

from accounts import passwords
from aws import objectstore
from config import ids
from media import pictures as thumbnails
from media import services as media
from seeding import pictures
from seeding.network import DAY_MS, FRIENDS, SIZES, Member, Network, Row, at
from seeding.people import DOMAIN, Person, person

PASSWORD = "tenfold"
"""of every seeded account; loadtests/content.py knows it as well"""
LOCK = 0x7E5EED
BATCH = 20_000
TABLES = ("accounts_account", "posts_post", "posts_like", "timeline_follow", "media_media",
          "notifications_notification")  # fmt: skip
Say = Callable[[str], None]
Connection = psycopg.Connection[Any]


def seed(name: str, say: Say) -> str:
    """Bring the network to size `name`; answers what there is now in one line."""
    size, begun = SIZES[name], time.monotonic()
    with _connect() as connection:
        with connection.transaction():
            # A second seeding waits here, then finds everything done.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            members, missing = _who(connection, size.accounts)
            if not missing:
                return f"size {name} is there already: log in as maria, password {PASSWORD}"
            say(f"{len(missing)} accounts to make, {len(members)} there")
            told = _fill(connection, name, members, missing, say)
        say("statistics for the planner")
        for table in TABLES:
            connection.execute(f"ANALYZE {table}")
    return f"{told} in {time.monotonic() - begun:.1f} s: log in as maria, password {PASSWORD}"


def _connect() -> Connection:
    given = settings.DATABASES["default"]
    return psycopg.connect(
        host=given["HOST"],
        port=given["PORT"],
        dbname=given["NAME"],
        user=given["USER"],
        password=given["PASSWORD"],
        connect_timeout=5,
        autocommit=True,
        application_name="seed",
        # The site's limits are too short for this; indexes are built faster with some memory.
        options="-c statement_timeout=0 -c lock_timeout=60000 -c maintenance_work_mem=64MB",
    )


def _who(connection: Connection, count: int) -> tuple[list[Member], list[Person]]:
    """The seeded people that are there, and those to be made; a handle of somebody else is left."""
    people = [person(number) for number in range(count)]
    rows = connection.execute(
        "SELECT handle, id, email FROM accounts_account WHERE handle = ANY(%s)",
        [[one.handle for one in people]],
    )
    found = {handle: (account_id, email) for handle, account_id, email in rows}
    members = [
        Member(one, found[one.handle][0])
        for one in people
        if one.handle in found and found[one.handle][1].endswith(f"@{DOMAIN}")
    ]
    return members, [one for one in people if one.handle not in found]


def _fill(
    connection: Connection, name: str, members: list[Member], missing: list[Person], say: Say
) -> str:
    size, now_ms = SIZES[name], int(time.time() * 1000)
    dice = random.Random(len(missing))
    new = [
        Member(one, ids.new_account_id(now_ms - dice.randrange(50 * DAY_MS, 700 * DAY_MS)))
        for one in missing
    ]
    everyone = sorted([*members, *new], key=lambda member: member.person.number)
    network = Network(size, everyone, new, now_ms)
    _copy(
        connection,
        "accounts_account (id, handle, email, password, plan, home_region, created_at)",
        network.accounts(passwords.hashed(PASSWORD)),
    )
    say(f"{len(new)} accounts")
    follows = _copy(
        connection, "timeline_follow (follower_id, followed_id, created_at)", network.follows()
    )
    say(f"{follows} follows")
    shown = [] if members else _pictures(connection, everyone[:FRIENDS], size.pictures, now_ms, say)
    had = _count(connection, members)
    posts, likes = _posts(connection, network, max(0, size.posts - had), shown, say)
    _notify(connection, everyone[:FRIENDS])
    return f"size {name}: {len(everyone)} people, {posts} posts, {follows} follows, {likes} likes"


def _count(connection: Connection, members: Sequence[Member]) -> int:
    row = connection.execute(
        "SELECT count(*) FROM posts_post WHERE author_id = ANY(%s)", [[one.id for one in members]]
    ).fetchone()
    return int(row[0] if row else 0)


def _posts(
    connection: Connection,
    network: Network,
    count: int,
    shown: Sequence[tuple[int, uuid.UUID]],
    say: Say,
) -> tuple[int, int]:
    posts: list[Row] = []
    likes: list[Row] = []
    written = liked = 0

    def flush() -> None:
        nonlocal written, liked
        written += _copy(
            connection, "posts_post (id, author_id, text, media_ids, likes, created_at)", posts
        )
        liked += _copy(connection, "posts_like (post_id, account_id, created_at)", likes)
        posts.clear()
        likes.clear()
        say(f"{written} posts, {liked} likes")

    for post, its_likes in network.posts(count, shown):
        posts.append(post)
        likes.extend(its_likes)
        if len(posts) >= BATCH:
            flush()
    flush()
    return written, liked


def _pictures(
    connection: Connection, owners: Sequence[Member], count: int, now_ms: int, say: Say
) -> list[tuple[int, uuid.UUID]]:
    """Put some pictures into the store; without a store there are just none."""
    made: list[tuple[int, uuid.UUID]] = []
    rows: list[Row] = []
    for number in range(count):
        owner = owners[number % len(owners)]
        media_id = ids.new_id(ids.bucket_of(owner.id), now_ms - 5 * DAY_MS + number)
        data = pictures.landscape(number)
        small = thumbnails.thumbnail(data, "JPEG")
        try:
            objectstore.put(media.original_key(media_id), data, "image/jpeg", media.IMMUTABLE)
            objectstore.put(
                media.thumbnail_key(media_id), small.data, "image/webp", media.IMMUTABLE
            )
        except Exception as error:
            say(f"no pictures, since the object store does not answer: {error}")
            break
        rows.append(
            (str(media_id), str(owner.id), "image/jpeg", str(len(data)), media.READY, "",
             str(small.width), str(small.height), at(now_ms - 5 * DAY_MS))
        )  # fmt: skip
        made.append((owner.person.number, media_id))
    _copy(
        connection,
        "media_media (id, owner_id, content_type, size, status, reason, width, height, created_at)",
        rows,
    )
    if made:
        say(f"{len(made)} pictures")
    return made


NOTIFY = """
    INSERT INTO notifications_notification
        (id, account_id, kind, actor_id, post_id, read, created_at)
    SELECT id, account_id, kind, actor_id, post_id,
        created_at < now() - interval '1 day', created_at
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::timestamptz[])
        AS n (id, account_id, kind, actor_id, post_id, created_at)
    ON CONFLICT DO NOTHING"""
HAPPENED = """
    (SELECT p.author_id, 'like', l.account_id, p.id, l.created_at
     FROM posts_post p JOIN posts_like l ON l.post_id = p.id
     WHERE p.author_id = %(who)s ORDER BY l.created_at DESC LIMIT 25)
    UNION ALL
    (SELECT followed_id, 'follow', follower_id, NULL::uuid, created_at
     FROM timeline_follow WHERE followed_id = %(who)s ORDER BY created_at DESC LIMIT 10)"""


def _notify(connection: Connection, members: Sequence[Member]) -> None:
    """The well-known people have been told of what others did last."""
    for member in members:
        found = connection.execute(HAPPENED, {"who": member.id}).fetchall()
        bucket = ids.bucket_of(member.id)
        row_ids = [ids.new_id(bucket, int(row[4].timestamp() * 1000)) for row in found]
        columns = [[row[n] for row in found] for n in range(5)]
        if found:
            connection.execute(NOTIFY, [row_ids, *columns])


def _copy(connection: Connection, into: str, rows: Iterable[Row]) -> int:
    """Rows of text values by COPY; answers how many."""
    count = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        lines: list[str] = []
        for row in rows:
            lines.append("\t".join(map(_escaped, row)))
            count += 1
            if len(lines) >= 1000:
                copy.write("\n".join(lines) + "\n")
                lines.clear()
        if lines:
            copy.write("\n".join(lines) + "\n")
    return count


def _escaped(value: str) -> str:
    if "\\" in value or "\n" in value or "\t" in value:
        return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return value
