"""`make rotate`: another database password, and nobody notices."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading

import pytest
from conftest import ROOT, Client

SECRETS = ROOT / ".tenfold" / "secrets"


def rotate(**env: str) -> subprocess.CompletedProcess[str]:
    """The tool itself: make hides its exit codes behind 2."""
    return subprocess.run(
        [sys.executable, "-m", "tenfold", "rotate"],
        cwd=ROOT,
        env={**os.environ, "JSON": "1", **env},
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_nobody_notices(stage: int, account: Client) -> None:
    """Posts go on through the rotation; the tool's file has the new password, for its owner."""
    if stage < 3:
        pytest.skip("credentials are files before stage 3")
    before = json.loads((SECRETS / "tenfold-rds").read_text())
    refused: list[int] = []
    posted: list[int] = []
    done = threading.Event()

    def post() -> None:
        while not done.is_set():
            status = account.post("/api/v1/posts", {"text": "still here"}).status
            (posted if status == 201 else refused).append(status)

    writer = threading.Thread(target=post)
    writer.start()
    try:
        told = rotate()
    finally:
        done.set()
        writer.join(30)
    assert told.returncode == 0, told.stdout + told.stderr
    assert (refused, bool(posted)) == ([], True)
    after = json.loads((SECRETS / "tenfold-rds").read_text())
    assert after["password"] != before["password"]
    assert {**after, "password": ""} == {**before, "password": ""}
    assert stat.S_IMODE((SECRETS / "tenfold-rds").stat().st_mode) == 0o600
    assert set(json.loads(told.stdout)) == {"secret", "version"}
    for password in (before["password"], after["password"]):
        assert password not in told.stdout + told.stderr
    assert account.get("/api/v1/timeline").status == 200


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize("name", ["tenfold-s3", "../tenfold-rds", "--help", "$(id)"])
def test_what_has_no_rotation_is_refused(name: str) -> None:
    """A clear line with what to do, at every stage."""
    done = rotate(SECRET=name)
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["do"]
    assert "Traceback" not in done.stderr


def test_before_there_is_secrets_manager(stage: int) -> None:
    """It says which stage brings it."""
    if stage >= 3:
        pytest.skip("this stage has Secrets Manager")
    done = rotate()
    assert done.returncode == 3
    assert "stage 3" in done.stdout
