"""The doors into a running stage: logs, a shell, psql."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from tenfold import compose, patroni
from tenfold.compose import Compose
from tenfold.engine import Container, Engine
from tenfold.errors import FAILED, USAGE, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.stages import Running

TAIL = 100
"""lines of the past"""


def find(now: Running, word: str, *, up: bool = False) -> Container:
    """A container by its service, name or role; raises TenfoldError that lists the services."""
    found = [c for c in now.containers if word in (c.service, c.short, c.role)]
    if not found:
        told = ", ".join(sorted({c.service for c in now.containers}))
        raise TenfoldError(f"SERVICE={word} is not there", f"there are {told}", USAGE)
    running = [c for c in found if c.running]
    if up and not running:
        raise TenfoldError(
            f"{found[0].short} is {found[0].state}", f"`make logs SERVICE={word}`, `make heal`"
        )
    return (running or found)[0]


def logs(paths: Paths, engine: Engine, now: Running, word: str, follow: bool, out: Output) -> int:
    """The last lines and what follows until Ctrl-C; with JSON the last lines alone."""
    chosen = [c for c in now.containers if word in (c.service, c.short, c.role)] if word else []
    if word and not chosen:
        find(now, word)
    if out.as_json:
        told = {c.short: engine.logs(c, TAIL).splitlines() for c in chosen or now.containers}
        out.answer({"logs": told})
        return 0
    words = ["logs", "--tail", str(TAIL), *(["--follow"] if follow else [])]
    argv = Compose(paths).argv(*words, *sorted({c.service for c in chosen}))
    try:
        code = subprocess.run(
            argv, cwd=paths.state, env=compose.environment(os.environ), check=False
        ).returncode
    except KeyboardInterrupt:
        return 0
    # Compose ends with 130 itself when it sees Ctrl-C first.
    return 0 if code in (0, 130, -2) else FAILED


def shell(now: Running, word: str) -> NoReturn:
    """A shell in a container; without a terminal it runs what comes on standard input."""
    c = find(now, word or "web", up=True)
    _become(c, ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"])


def psql(engine: Engine, now: Running, word: str, sql: str = "") -> NoReturn:
    """Psql as the superuser in the primary's container, or in the node that SERVICE names.

    Without `sql` it is a prompt, or runs what comes on standard input.
    """
    nodes = [c for c in now.containers if c.role in ("rds", "rds-replica", "rds-restored")]
    if word in ("", "rds"):
        c = patroni.primary(engine)
    elif any(word in (n.service, n.short) for n in nodes):
        c = find(now, word, up=True)
    else:
        told = ", ".join(n.service for n in nodes)
        raise TenfoldError(f"SERVICE={word} is no database node", f"there are {told}", USAGE)
    argv = ["psql", "-U", "postgres", "-d", "tenfold", "-v", "ON_ERROR_STOP=1"]
    _become(c, [*argv, *(["-c", sql] if sql else [])], "postgres")


def _become(c: Container, argv: list[str], user: str = "") -> NoReturn:
    """Hand this process over, so that the terminal and the exit code are the command's own."""
    how = ["-it"] if sys.stdin.isatty() and sys.stdout.isatty() else ["-i"]
    user_words = ["--user", user] if user else []
    sys.stdout.flush()
    os.execvpe(
        "docker",
        ["docker", "exec", *how, *user_words, c.id, *argv],
        compose.environment(os.environ),
    )
