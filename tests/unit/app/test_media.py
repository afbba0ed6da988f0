"""Thumbnails of good pictures, bad ones, and bombs."""

from __future__ import annotations

import io
import struct
import uuid
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from aws import objectstore
from config import ids
from config.problems import Problem
from media import pictures, services, tasks


def picture(form: str, size: tuple[int, int] = (900, 600), mode: str = "RGB", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(out, form, **more)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"),
        ("PNG", "1"), ("PNG", "I;16"), ("WEBP", "RGB"), ("GIF", "P"),
    ],
)  # fmt: skip
def test_what_is_taken_becomes_a_small_webp(form: str, mode: str) -> None:
    made = pictures.thumbnail(picture(form, mode=mode), form)
    small = Image.open(io.BytesIO(made.data))
    assert small.format == "WEBP"
    assert max(small.size) == pictures.SIDE
    assert (made.width, made.height) == (900, 600)


def test_a_small_picture_is_not_blown_up() -> None:
    made = pictures.thumbnail(picture("PNG", (1, 1)), "PNG")
    assert Image.open(io.BytesIO(made.data)).size == (1, 1)


def test_a_picture_on_its_side_is_turned() -> None:
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6
    made = pictures.thumbnail(picture("JPEG", exif=exif), "JPEG")
    small = Image.open(io.BytesIO(made.data))
    assert small.height > small.width
    assert (made.width, made.height) == (600, 900)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"", "PNG"),
        (b"x" * 100, "JPEG"),
        (picture("PNG"), "JPEG"),
        (picture("JPEG")[:500], "JPEG"),
        (picture("PNG")[:300], "PNG"),
        (bomb(20_000, 20_000), "PNG"),
        (bomb(2**31 - 1, 2**31 - 1), "PNG"),
        (bomb(4000, 4001), "PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, form: str) -> None:
    with pytest.raises(pictures.NotAPicture):
        pictures.thumbnail(data, form)


@pytest.mark.parametrize(
    ("kind", "size", "status"),
    [("text/html", 5, 415), ("image/png", 0, 422), ("image/png", services.MAX_BYTES + 1, 413)],
)
def test_bad_uploads(kind: str, size: int, status: int) -> None:
    with pytest.raises(Problem) as found:
        services.create_upload(ids.new_account_id(), kind, size)
    assert found.value.status == status


def test_the_store_is_asked_for_the_size_before_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    row: Any = SimpleNamespace(id=uuid.uuid4(), content_type="image/png")
    large = objectstore.Head(services.MAX_BYTES + 1, "image/png", "")
    monkeypatch.setattr(objectstore, "head", lambda key: large)
    with pytest.raises(pictures.NotAPicture, match="too large"):
        tasks._made(row)
    monkeypatch.setattr(objectstore, "head", lambda key: None)
    with pytest.raises(objectstore.NotFound):
        tasks._made(row)


def test_names_begin_with_the_owners_bucket() -> None:
    owner = ids.new_account_id()
    key = services.original_key(ids.new_id_for(owner))
    assert key.startswith(f"{ids.bucket_of(owner)}/")
