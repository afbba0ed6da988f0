"""What the users of load and probe write, and who they are: words, pictures, markers, accounts."""

from __future__ import annotations

import random
import secrets
import struct
import zlib
from collections.abc import Iterator

SEEDED_PASSWORD = "tenfold"
"""The password of every account that `make seed` makes."""

_WORDS = """
morning coffee train window rain market harbour bicycle bread river garden kitchen ladder
lantern letter mountain orange paper pocket quiet record shadow silver station summer table
ticket tower umbrella valley violin water winter yellow zebra
""".split()  # noqa: SIM905 (a list of literals is no easier to read)


def sentence(marker: str = "", words: int = 9) -> str:
    """A short text that ends with the marker, if there is one."""
    text = " ".join(random.choices(_WORDS, k=words)).capitalize()
    return f"{text} {marker}".strip()


def word() -> str:
    """Something to search for."""
    return random.choice(_WORDS)


def marker() -> str:
    """A text no other write has."""
    return f"m{secrets.token_hex(10)}"


def key() -> str:
    """An Idempotency-Key."""
    return secrets.token_hex(16)


def handle(prefix: str) -> str:
    """A handle nobody has."""
    return f"{prefix}{secrets.token_hex(6)}"


def sign_up(name: str) -> dict[str, str]:
    """The body of POST /api/v1/accounts."""
    return {"handle": name, "email": f"{name}@example.com", "password": f"{SEEDED_PASSWORD}-{name}"}


def picture(side: int = 96) -> bytes:
    """A valid PNG of coloured noise, about 3 bytes a pixel."""
    rows = b"".join(b"\0" + random.randbytes(side * 3) for _ in range(side))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = [_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows, 1)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def large_picture(side: int = 3000) -> bytes:
    """A valid PNG of one colour: few bytes to send, many pixels to decode."""
    row = b"\0" + bytes((11, 110, 143)) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    packed = zlib.compressobj(1)
    data = b"".join(packed.compress(row) for _ in range(side)) + packed.flush()
    parts = [_chunk(b"IHDR", head), _chunk(b"IDAT", data), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def read_paths(name: str) -> Iterator[str]:
    """What readers ask for, without end, in about the proportions of locustfile.py."""
    while True:
        yield from ["/api/v1/timeline"] * 4
        yield f"/api/v1/accounts/{name}/posts"
        yield f"/api/v1/accounts/{name}/posts"
        yield "/api/v1/notifications"
        yield f"/api/v1/search?q={word()}"
