"""Pictures on one box: a ticket, an upload by PUT, a file that nginx can serve."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from aws import objectstore

KEY = "12/0192f0c1-0000-7000-8000-000000000000/original"
PNG = b"\x89PNG" + b"x" * 2_000_000
"""more than Django would read into memory"""


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> objectstore.LocalBucket:
    made = objectstore.LocalBucket(tmp_path / "media", "/upload/")
    monkeypatch.setattr(objectstore, "media", lambda: made)
    return made


def send(url: str, data: bytes, content_type: str = "image/png") -> tuple[int, dict[str, object]]:
    got = Client(enforce_csrf_checks=True).put(url, data, content_type=content_type)
    return got.status_code, json.loads(got.content or b"{}")


def test_what_was_allowed_is_on_the_disk(bucket: objectstore.LocalBucket, tmp_path: Path) -> None:
    url, headers = bucket.presign_put(KEY, "image/png", len(PNG))
    assert headers == {"Content-Type": "image/png"}
    assert urlsplit(url).path == f"/upload/{KEY}"
    assert send(url, PNG) == (200, {})
    # nginx serves it by the type that its name tells; the key stays as it was.
    assert (tmp_path / "media" / f"{KEY}.png").read_bytes() == PNG
    head = bucket.head(KEY)
    assert head is not None and (head.size, head.content_type) == (len(PNG), "image/png")
    assert bucket.get(KEY) == PNG
    assert [p.name for p in (tmp_path / "media" / KEY).parent.iterdir()] == ["original.png"]
    # A URL is good for its ten minutes, as a presigned one is.
    assert send(url, PNG)[0] == 200


@pytest.mark.parametrize(
    ("path", "data", "kind"),
    [
        (KEY, PNG + b"more", "image/png"),
        (KEY, PNG, "text/html"),
        (KEY.replace("12/", "13/"), PNG, "image/png"),
        ("../" + KEY, PNG, "image/png"),
    ],
)
def test_anything_else_is_refused(
    bucket: objectstore.LocalBucket, tmp_path: Path, path: str, data: bytes, kind: str
) -> None:
    query = urlsplit(bucket.presign_put(KEY, "image/png", len(PNG))[0]).query
    status, told = send(f"/upload/{path}?{query}", data, kind)
    assert status == 403
    assert told["detail"] == "The upload's URL is for another name, type or size."
    assert not (tmp_path / "media").exists()


def test_no_ticket_or_an_old_one(
    bucket: objectstore.LocalBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(f"/upload/{KEY}", PNG)[0] == 403
    assert send(f"/upload/{KEY}?ticket=a%7Cb:c:d", PNG)[0] == 403
    with monkeypatch.context() as past:
        past.setattr(signing.time, "time", lambda: 1_000_000.0)
        url = bucket.presign_put(KEY, "image/png", len(PNG))[0]
    status, told = send(url, PNG)
    assert status == 403 and "expired" in str(told["detail"])


def test_only_put_and_only_without_s3(
    bucket: objectstore.LocalBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = bucket.presign_put(KEY, "image/png", len(PNG))[0]
    assert Client().get(url).status_code == 405
    monkeypatch.setattr(objectstore, "media", object)
    assert Client().put(url, PNG, content_type="image/png").status_code == 404


def test_a_torn_upload_leaves_nothing(bucket: objectstore.LocalBucket, tmp_path: Path) -> None:
    ticket = signing.TimestampSigner(salt="upload").sign(f"{KEY}|image/png|10")
    with pytest.raises(objectstore.Refused, match="10 bytes early"):
        bucket.receive(KEY, ticket, "image/png", 10, lambda size: b"")
    assert bucket.head(KEY) is None
    assert not list((tmp_path / "media").rglob(".part-*"))


def test_what_the_app_puts_has_a_type_too(bucket: objectstore.LocalBucket, tmp_path: Path) -> None:
    bucket.put("12/a/thumbnail.webp", b"webp", "image/webp")
    bucket.put("12/a/original", b"jpeg", "image/jpeg")
    names = sorted(p.name for p in (tmp_path / "media" / "12" / "a").iterdir())
    assert names == ["original.jpg", "thumbnail.webp"]
    bucket.delete("12/a/original")
    bucket.delete("12/a/original")
    assert bucket.head("12/a/original") is None
    with pytest.raises(objectstore.NotFound):
        bucket.get("12/a/original")
    with pytest.raises(objectstore.NotFound):
        bucket.get("../../secrets")
