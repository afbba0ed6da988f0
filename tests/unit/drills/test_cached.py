"""The probe's cached files: found, fetched in good times, and held to their very bytes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from loadtests import cached


def answer(status: int, body: Any = None, error: str = "") -> SimpleNamespace:
    """As the client's own, which needs a library that only the tools' image has."""
    return SimpleNamespace(status=status, body=body, error=error)


class Site:
    """A front door with files; what is not in `files` is a 404."""

    def __init__(self) -> None:
        self.files = {
            "/login": b'<link rel="stylesheet" href="/static/css/site.0123456789ab.css">',
            "/static/css/site.0123456789ab.css": b"body {}",
            "/static/pages/landing.html": b"<h1>Tern</h1>",
            "/static/pages/help.html": b"<h1>Help</h1>",
            "/media/1/original": b"picture",
        }
        self.thumbnails = 2
        """looks at the picture until it is ready"""
        self.uploads: list[str] = []

    async def file(self, path: str) -> tuple[SimpleNamespace, bytes]:
        data = self.files.get(path, b"")
        return answer(status=200 if data else 404, error="" if data else "http-404"), data

    async def put(self, url: str, data: bytes, headers: dict[str, str]) -> SimpleNamespace:
        self.uploads.append(url)
        return answer(status=200)

    async def call(self, method: str, path: str, *_: Any, **__: Any) -> SimpleNamespace:
        if method == "GET":
            self.thumbnails -= 1
            url = "http://site/media/1/original" if self.thumbnails < 0 else None
            return answer(status=200, body={"url": url})
        slot = {"id": "1", "url": "http://site/upload/1", "headers": {}}
        return answer(status=201, body=slot)


def prepared(site: Site, bound: float = 5) -> cached.Files:
    files = cached.Files(site)  # type: ignore[arg-type]
    asyncio.run(files.prepare("me", bound))  # type: ignore[arg-type]
    return files


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "LOOKED", 0.01)


def test_a_page_a_stylesheet_and_a_picture_are_kept() -> None:
    site = Site()
    assert set(prepared(site).held) == set(site.files) - {"/login"}
    assert site.uploads == ["http://site/upload/1"]


def test_an_error_page_is_not_the_file() -> None:
    site = Site()
    files = prepared(site)

    def round_() -> set[str]:
        return {asyncio.run(files.ask()).error for _ in files.held}

    assert round_() == {""}
    site.files["/static/pages/help.html"] = b"<h1>Back in a moment</h1>"
    del site.files["/media/1/original"]
    assert round_() == {"", "other-content", "http-404"}


def test_what_is_never_served_ends_the_probe() -> None:
    site = Site()
    del site.files["/static/pages/help.html"]
    with pytest.raises(SystemExit, match="help.html"):
        prepared(site, bound=0.05)
