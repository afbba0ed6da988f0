"""The command line as a person meets it: what it says to bad input, and to good."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import urllib.request

import pytest
from conftest import ROOT, TOOL, make, tool

from tenfold.wait import wait_until


@pytest.mark.parametrize(
    ("words", "env", "code", "says"),
    [
        (["up", "9"], {}, 2, "stage"),
        (["drill", "kill-everything"], {}, 2, "kill-web"),
        (["up", "3"], {"PACE": "warp"}, 2, "drill"),
        (["up", "3"], {"PORT": "many"}, 2, "PORT"),
        (["diff", "2", "12"], {}, 2, "stage"),
        (["load"], {"USERS": "-3"}, 2, "USERS"),
        (["load"], {"FOR": "soon"}, 2, "FOR"),
    ],
)
def test_bad_input_is_refused(words: list[str], env: dict[str, str], code: int, says: str) -> None:
    """A clear line, what to do next, an exit code that is not 0, no traceback."""
    done = tool(*words, **env)
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("stage")
def test_status_and_urls() -> None:
    """What runs, where, how healthy; and every page answers."""
    status = tool("status", JSON="1")
    assert status.returncode == 0, status.stderr
    told = json.loads(status.stdout)
    assert told["stage"] == int(os.environ.get("TENFOLD_STAGE", "3"))
    assert all(c["memory_mib"] > 0 for c in told["containers"] if c["state"] == "running")
    for page in json.loads(tool("urls", JSON="1").stdout)["urls"]:
        asked = urllib.request.Request(page["url"], headers={"Accept": "text/html"})
        with urllib.request.urlopen(asked, timeout=10) as got:
            assert got.status == 200, page


@pytest.mark.usefixtures("stage")
def test_same_stage_again_changes_nothing() -> None:
    """`up` over the running stage keeps each container."""
    before = _ids()
    done = tool("up", os.environ.get("TENFOLD_STAGE", "3"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert _ids() == before


@pytest.mark.usefixtures("stage")
def test_other_stage_is_refused_while_one_runs() -> None:
    """Another stage's `up` says what runs and how to go on; nothing is touched."""
    before = _ids()
    other = "2" if os.environ.get("TENFOLD_STAGE", "3") == "3" else "3"
    done = tool("up", other)
    assert done.returncode == 3
    assert "make down" in done.stdout + done.stderr
    assert _ids() == before


@pytest.mark.usefixtures("stage")
def test_two_changing_commands_at_once() -> None:
    """The second is told which one runs; the first is not disturbed."""
    first = subprocess.Popen(
        [*TOOL, "drill", "kill-web"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        held = f"drill-kill-web (process {first.pid})"
        lock = ROOT / ".tenfold" / "lock"
        # The file stays when nobody holds it: who holds it is what it says.
        wait_until("the first drill's lock", lambda: held in lock.read_text(), bound=20)
        done = tool("drill", "kill-db")
        assert done.returncode == 3, done.stdout + done.stderr
        assert held in done.stdout + done.stderr
    finally:
        # Ctrl-C in a drill: it heals first, then ends with 130.
        first.send_signal(signal.SIGINT)
        output, _ = first.communicate(timeout=180)
    assert first.returncode == 130, output
    assert "Traceback" not in output
    assert not (ROOT / ".tenfold" / "fault.json").exists()


def test_stage_that_does_not_run() -> None:
    """Another project name stands for a machine where nothing runs."""
    done = tool("drill", "kill-web", TENFOLD_PROJECT="tenfold-none")
    assert done.returncode == 3
    assert "up" in done.stdout + done.stderr


def test_taken_port_is_named() -> None:
    """The port and what to do about it, before anything is started."""
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = tool("up", "3", PORT=port, TENFOLD_PROJECT="tenfold-none")
    assert done.returncode == 3
    assert port in done.stdout + done.stderr


def test_diff_says_what_is_new() -> None:
    """From stage 2 to 3: the queue, the cache, the secrets."""
    done = tool("diff", "2", "3")
    assert done.returncode == 0
    for part in ("sqs", "cache", "secretsmanager"):
        assert part in done.stdout


def test_help_lists_the_goals() -> None:
    """`make help` is the table of contents."""
    told = make("help").stdout
    for goal in ("setup", "up", "deploy", "load", "drills", "watch", "down", "test"):
        assert goal in told


def _ids() -> list[str]:
    """Ids of the product's containers."""
    done = subprocess.run(
        ["docker", "ps", "-q", "--filter", "label=com.docker.compose.project=tenfold"],
        text=True,
        capture_output=True,
        check=True,
    )
    return sorted(done.stdout.split())
