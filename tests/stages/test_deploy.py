"""`make deploy` from outside: users notice nothing of a good release, and `up` keeps it."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, TOOL, Client, sign_up, tool

from tenfold.wait import wait_until

ROLLING = 2


def status() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(tool("status", JSON="1").stdout)
    return told


def releases() -> dict[str, str]:
    """Each instance's release, as `make status` shows it."""
    return {c["name"]: c["release"] for c in status()["containers"] if c["release"]}


class Users(threading.Thread):
    """Somebody who reads and posts all the time."""

    def __init__(self, account: Client) -> None:
        super().__init__(daemon=True)
        self.account = account
        self.ending = threading.Event()
        self.answers: list[tuple[int, str]] = []
        """status and release; 0: no answer"""

    def run(self) -> None:
        while not self.ending.wait(0.03):
            for method, path, body in (
                ("GET", "/api/v1/timeline", None),
                ("POST", "/api/v1/posts", {"text": "in mid-deploy"}),
            ):
                try:
                    got = self.account.call(method, path, body)
                    self.answers.append((got.status, got.headers.get("x-release", "")))
                except (OSError, urllib.error.URLError):
                    self.answers.append((0, ""))


@pytest.fixture
def users(site: Client) -> Iterator[Users]:
    one = Users(sign_up(site))
    one.start()
    yield one
    one.ending.set()
    one.join(30)


@pytest.fixture
def first(stage: int) -> Iterator[str]:
    """The release that the stage has, and has again afterwards."""
    name = status()["release"]
    yield name
    done = tool("deploy", *name.split(" ")[:1])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_good_release(stage: int, users: Users, first: str) -> None:
    """On every instance, told by each answer; from stage 2 on without one failed request."""
    wait_until("answers", lambda: len(users.answers) > 20, bound=20)
    done = tool("deploy", "v2.1-rc")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(releases().values()) == {"v2.1-rc"}
    seen = len(users.answers)
    wait_until("answers after it", lambda: len(users.answers) > seen + 30, bound=20)
    users.ending.set()
    assert {release for _, release in users.answers[seen + 10 :]} == {"v2.1-rc"}
    assert first in {release for _, release in users.answers}
    if stage >= ROLLING:
        failed = [status for status, _ in users.answers if status not in (200, 201)]
        assert not failed, f"{len(failed)} of {len(users.answers)}"
    before = ids()
    again = tool("up", str(stage))
    assert again.returncode == 0, again.stdout + again.stderr
    # Auto Scaling may have added one meanwhile.
    assert set(before) <= set(ids()), "`up` took away what was deployed"
    assert set(releases().values()) == {"v2.1-rc"}
    same = tool("deploy", "v2.1-rc")
    assert same.returncode == 0
    assert set(before) <= set(ids())


def test_ctrl_c_half_way_and_on_again(stage: int, first: str) -> None:
    """It says where it stands; run again it goes on."""
    process = subprocess.Popen(
        [*TOOL, "deploy", "v2.2"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    marker = ", healthy after" if stage >= ROLLING else "restarting the app"
    told = ""
    for line in process.stdout:
        told += line
        if marker in line:
            break
    process.send_signal(signal.SIGINT)
    try:
        rest, _ = process.communicate(timeout=90)
    finally:
        process.kill()
    assert process.returncode == 130, told + rest
    assert "half-way" in rest
    assert "`make deploy RELEASE=v2.2` goes on" in rest
    assert status()["deploying"] == "v2.2"
    done = tool("deploy", "v2.2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(releases().values()) == {"v2.2"}
    assert status()["deploying"] == ""


def test_a_release_that_does_not_start(stage: int, site: Client, first: str) -> None:
    """Rolling, it stops at the first instance and the site goes on; in place, the site is gone."""
    done = tool("deploy", "v3", FAULT="crash")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "goes back" in done.stderr
    if stage >= ROLLING:
        assert site.get("/whoami").status == 200
        assert first in releases().values()
    else:
        assert site.get("/whoami").status == 502


def ids() -> list[str]:
    """Ids of the product's containers."""
    words = ["docker", "ps", "-q", "--filter", "label=com.docker.compose.project=tenfold"]
    return sorted(subprocess.run(words, text=True, capture_output=True, check=True).stdout.split())
