"""The public API as a client meets it, through the stage's front door, with effects looked up."""

from __future__ import annotations

import json
import secrets
import struct
import urllib.request
import zlib

import pytest
from conftest import Client, make

from tenfold.wait import wait_until


def test_post_appears_in_followers_timeline(account: Client, other: Client) -> None:
    """A follower sees a post, newest first, with its like count."""
    followed = account.post("/api/v1/follows", {"handle": other.handle})
    assert followed.status in (200, 201, 204), followed.body
    texts = [f"first {secrets.token_hex(6)}", f"second {secrets.token_hex(6)}"]
    posts = [other.post("/api/v1/posts", {"text": text}) for text in texts]
    assert [p.status for p in posts] == [201, 201]
    liked = account.post(f"/api/v1/posts/{posts[0].json['id']}/likes")
    assert liked.status in (200, 201), liked.body
    got = account.get("/api/v1/timeline")
    assert got.status == 200
    seen = [item for item in got.json["items"] if item["text"] in texts]
    assert [item["text"] for item in seen] == texts[::-1]
    assert account.get(f"/api/v1/posts/{posts[0].json['id']}").json["likes"] == 1


def test_repeated_write_is_done_once(account: Client) -> None:
    """The same Idempotency-Key gets the same answer and makes one post."""
    key = {"Idempotency-Key": secrets.token_hex(16)}
    text = f"once {secrets.token_hex(8)}"
    first = account.post("/api/v1/posts", {"text": text}, headers=key)
    second = account.post("/api/v1/posts", {"text": text}, headers=key)
    assert first.status == second.status == 201
    assert first.json["id"] == second.json["id"]
    found = make("psql", SQL=f"select count(*) from posts_post where text = '{text}'")
    assert found.returncode == 0, found.stderr
    assert "1" in found.stdout.split()


def test_same_key_other_body_is_refused(account: Client) -> None:
    """A key that was used for another request is a 4xx, not a second write."""
    key = {"Idempotency-Key": secrets.token_hex(16)}
    assert account.post("/api/v1/posts", {"text": "one"}, headers=key).status == 201
    assert account.post("/api/v1/posts", {"text": "two"}, headers=key).status in (409, 422)


def test_ids_carry_the_owners_bucket(account: Client) -> None:
    """UUIDv7, and all ids of one owner share their ten bucket bits."""
    ids = [account.post("/api/v1/posts", {"text": f"n{n}"}).json["id"] for n in range(3)]
    assert all(one[14] == "7" for one in ids)
    ordered = sorted(ids)
    assert ordered == ids, "ids of later posts sort later"


def test_picture_is_uploaded_and_gets_a_thumbnail(account: Client) -> None:
    """Upload by the URL that was given, from stage 2 on to S3 itself; a thumbnail appears."""
    asked = account.post("/api/v1/media", {"content_type": "image/png", "size": len(_png(64))})
    assert asked.status == 201, asked.body
    upload = asked.json
    put = urllib.request.Request(
        upload["url"], data=_png(64), method=upload["method"], headers=upload["headers"]
    )
    with urllib.request.urlopen(put, timeout=20) as got:
        assert got.status == 200
    post = account.post("/api/v1/posts", {"text": "look", "media_ids": [upload["id"]]})
    assert post.status == 201, post.body

    def ready() -> dict[str, object] | None:
        media = account.get(f"/api/v1/media/{upload['id']}").json
        return media if media["status"] == "ready" else None

    media = wait_until("the thumbnail", ready, bound=40)
    url = str(media["thumbnail_url"])
    shown = account.get(url if url.startswith("http") else url)
    assert shown.status == 200
    assert shown.headers["content-type"].startswith("image/")


def test_like_notifies_once(account: Client, other: Client) -> None:
    """A like that is repeated makes one notification."""
    post = other.post("/api/v1/posts", {"text": "hello"}).json
    for _ in range(2):
        account.post(f"/api/v1/posts/{post['id']}/likes")

    def likes() -> list[object]:
        items = other.get("/api/v1/notifications").json["items"]
        return [i for i in items if i["kind"] == "like"]

    assert len(wait_until("the notification", likes, bound=30)) == 1


def test_sign_up_sends_one_mail(account: Client, urls: dict[str, str]) -> None:
    """The welcome mail is in the inbox, once, also when nothing is left to be sent."""
    inbox = f"{urls['mail inbox']}api/email"
    address = f"{account.handle}@example.com"

    def mails() -> list[object]:
        with urllib.request.urlopen(inbox, timeout=10) as got:
            return [m for m in json.load(got) if address in json.dumps(m.get("to", ""))]

    def all_sent() -> bool:
        sql = "select 'unsent=' || count(*) from aws_outbox where sent_at is null"
        found = make("psql", SQL=sql)
        assert found.returncode == 0, found.stderr
        return "unsent=0" in found.stdout.split()

    wait_until("the welcome mail", mails, bound=40)
    wait_until("the outbox to be empty", all_sent, bound=40)
    assert len(mails()) == 1


def test_search_finds_a_post(account: Client) -> None:
    """Full text search over posts."""
    word = f"zebra{secrets.token_hex(4)}"
    account.post("/api/v1/posts", {"text": f"a striped {word} walks by"})
    got = account.get(f"/api/v1/search?q={word}")
    assert got.status == 200
    assert len(got.json["items"]) == 1


def test_report_is_made(account: Client) -> None:
    """202, a status URL, and in the end a file."""
    asked = account.post("/api/v1/reports", {})
    assert asked.status == 202, asked.body
    status = asked.json["status_url"]

    def done() -> bool:
        return bool(account.get(status).json["status"] == "ready")

    assert wait_until("the report", done, bound=40)


def test_who_am_i_names_the_instance(site: Client, stage: int) -> None:
    """Requests are spread over the instances, from stage 2 on; each says who it is."""
    seen = {site.get("/whoami").json["instance"] for _ in range(12)}
    assert len(seen) >= 2 if stage >= 2 else len(seen) == 1
    answer = site.get("/whoami")
    assert answer.headers["x-served-by"] == answer.json["instance"]
    assert answer.json["region"] == "us"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/metrics", 404), ("/healthz", 200), ("/readyz", 200), ("/api/v1/nothing", 404)],
)
def test_doors(site: Client, path: str, status: int) -> None:
    """What the front lets through and what it does not."""
    assert site.get(path).status == status


@pytest.mark.parametrize(
    "body",
    [{}, {"text": ""}, {"text": "x" * 100_000}, {"text": "a\x00b"}, {"text": 5}, [], "x"],
)
def test_bad_post_is_a_problem_document(account: Client, body: object) -> None:
    """Bad input is a 4xx with a reason, as RFC 9457 has it."""
    got = account.post("/api/v1/posts", body)
    assert 400 <= got.status < 500
    assert got.headers["content-type"].startswith("application/problem+json")
    assert got.json["title"]


def test_static_files_never_touch_the_app(site: Client, stage: int) -> None:
    """Static files come from S3 through CloudFront's cache; before there is one, from the disk."""
    page = site.get("/login", headers={"Accept": "text/html"}).body.decode()
    css = next(part for part in page.split('"') if part.startswith("/static/") and ".css" in part)
    first, second = site.get(css), site.get(css)
    assert first.status == second.status == 200
    if stage >= 2:
        assert second.headers["x-cache"].startswith("Hit")
    assert "x-served-by" not in second.headers


def _png(side: int) -> bytes:
    """A valid PNG of noise."""
    rows = b"".join(b"\0" + secrets.token_bytes(side * 3) for _ in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
