"""A command of our own as a child: Ctrl-C asks it to end and waits for it, so that it can heal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tenfold.errors import FAILED, TenfoldError

END_BOUND = 240.0
"""a drill that was asked to end heals first"""


@dataclass(frozen=True)
class Done:
    """How a child ended, and its standard output where that was caught."""

    code: int
    output: str


def run(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    *,
    catch: bool = False,
    to: IO[Any] | None = None,
    bound: float = 3600,
) -> Done:
    """Run it to its end; raises TenfoldError at the bound."""
    process = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE if catch else to,
        stdin=subprocess.DEVNULL,
        # Ctrl-C reaches it once, from here, and not a second time from the terminal.
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=bound)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise TenfoldError(
            f"`{argv[-2]} {argv[-1]}` did not end within {bound:g} s", "`make status`", FAILED
        ) from error
    except BaseException:
        _end(process)
        raise
    return Done(process.returncode, (out or b"").decode(errors="replace"))


def tool(*words: str) -> list[str]:
    """The tool's own command line."""
    return [sys.executable, "-m", "tenfold", *words]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=END_BOUND)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate(timeout=10)
