"""Static files come from S3 by CloudFront, and the instances never see a request for one."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys

import pytest
from conftest import ROOT, Client

from tenfold.wait import wait_until

PAGES = ("/static/pages/landing.html", "/static/pages/help.html", "/static/pages/error.html")
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def _from_stage_2(stage: int) -> None:
    if stage < 2:
        pytest.skip("before stage 2 the one instance serves its own files")


def access_log() -> dict[str, set[str]]:
    """The paths in the access log of each instance, as `make logs SERVICE=web` shows it."""
    done = subprocess.run(
        [sys.executable, "-m", "tenfold", "logs"],
        cwd=ROOT,
        env={**os.environ, "JSON": "1", "SERVICE": "web"},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, list[str]] = json.loads(done.stdout)["logs"]
    return {
        name: set(re.findall(r'"path": "([^"]+)"', " ".join(lines))) for name, lines in told.items()
    }


def test_static_files_are_served_by_s3_alone(site: Client) -> None:
    """Pages, what they name, and what is missing: all by the edge, none in an instance's log."""
    login = site.get("/login", headers=HTML)
    assert login.headers["x-served-by"], "a page of the application has passed an instance"
    named = set(re.findall(rb'(?:href|src)="(/static/[^"#?]+)', login.body))
    assert len(named) >= 2
    for path in (*PAGES, *(name.decode() for name in named)):
        for _ in range(2):
            got = site.get(path)
            assert got.status == 200
            assert got.headers["x-cache"].endswith("from cloudfront")
            assert "x-served-by" not in got.headers
        assert re.match("(Refresh)?Hit", got.headers["x-cache"]), f"{path} was not kept"
    for kind in ("static", "media"):
        assert site.get(f"/{kind}/{secrets.token_hex(8)}").status == 404

    # The log is really the log: what was asked of an instance just now is in it, soon.
    mark = f"/nowhere-{secrets.token_hex(8)}"
    assert site.get(mark).status == 404

    def logged() -> dict[str, set[str]] | None:
        told = access_log()
        return told if any(mark in paths for paths in told.values()) else None

    seen = wait_until("the access line of a request to an instance", logged, bound=15)
    assert not [p for paths in seen.values() for p in paths if p.startswith(("/static", "/media"))]


def test_the_front_page_and_help_lead_to_s3(site: Client) -> None:
    """Who is not logged in is sent there; the instance makes no page."""
    for path, page in (("/", "landing"), ("/help", "help")):
        shown = site.get(path, headers=HTML)
        assert shown.status == 200
        assert shown.headers["x-cache"].endswith("from cloudfront")
        assert "x-served-by" not in shown.headers
        assert shown.body == site.get(f"/static/pages/{page}.html").body


@pytest.mark.parametrize("kind", ["static", "media"])
def test_a_missing_file_says_so(site: Client, kind: str) -> None:
    """With a page of our own, not with S3's XML, nor with that of an origin that is away."""
    got = site.get(f"/{kind}/{secrets.token_hex(8)}.png", headers=HTML)
    assert got.status == 404
    assert got.headers["content-type"].startswith("text/html")
    assert b"Nothing is here" in got.body
    assert b"<Error>" not in got.body
    assert got.headers["x-cache"] == "Error from cloudfront"
