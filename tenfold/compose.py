"""`docker compose` as a subprocess: the project, the tables and the stage file it gets, no others.

What a stage is comes from the tables in `compose/` and from `.tenfold/env`. The caller's own
environment would win over them in Compose, so it is not passed on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tenfold import lock
from tenfold.errors import FAILED, TenfoldError
from tenfold.paths import Paths
from tenfold.wait import WaitTimeout, wait_until

_PASSED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TERM", "TMPDIR", "SSH_AUTH_SOCK", "NO_COLOR")
_PASSED_STARTS = ("LC_", "XDG_", "DOCKER_", "BUILDKIT_", "BUILDX_", "HTTP_PROXY", "HTTPS_PROXY")
STOP_BOUND = 20.0


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the engine's clients need of the caller's environment."""
    starts = (*_PASSED_STARTS, "NO_PROXY")
    return {k: v for k, v in environ.items() if k in _PASSED or k.upper().startswith(starts)}


@dataclass(frozen=True)
class Compose:
    """Compose for one project; with a stage it has the stage's file, without it the labels."""

    paths: Paths
    stage: int | None = None
    pace: str = "drill"
    more: tuple[Path, ...] = ()
    """env files of one command"""

    def argv(self, *words: str) -> list[str]:
        """The whole command."""
        argv = ["docker", "compose", "-p", self.paths.project]
        if self.stage is not None:
            for table in self.tables():
                argv += ["--env-file", str(table)]
            argv += ["-f", str(self.paths.stage_file(self.stage))]
        return [*argv, *words]

    def tables(self) -> list[Path]:
        """The env files, a later one wins."""
        compose = self.paths.compose
        tables = [compose / "versions.env", compose / "instances.env"]
        return [*tables, self.paths.pace_file(self.pace), self.paths.env, *self.more]

    def start(self, *words: str, log: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start it, out of reach of the terminal's Ctrl-C: `stop` ends it once and in order."""
        return subprocess.Popen(
            self.argv(*words),
            cwd=self.paths.state,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
            start_new_session=True,
            pass_fds=lock.inherited(),
        )

    def run(self, *words: str, bound: float = 60) -> subprocess.CompletedProcess[str]:
        """Run it and wait; the caller looks at the exit code."""
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=bound)
        except subprocess.TimeoutExpired as error:
            stop(process)
            raise TenfoldError(
                f"`docker compose {words[0]}` did not end within {bound:g} s",
                do="see `docker ps` and the engine's log",
                exit_code=FAILED,
            ) from error
        except BaseException:
            stop(process)
            raise
        decoded = (out.decode(errors="replace"), err.decode(errors="replace"))
        return subprocess.CompletedProcess(process.args, process.returncode, *decoded)

    def config(self) -> dict[str, Any]:
        """The stage as Compose resolves it; raises TenfoldError where it cannot."""
        done = self.run("config", "--format", "json")
        if done.returncode:
            raise TenfoldError(
                f"compose/stage-{self.stage}.yaml cannot be read: {last_line(done.stderr)}",
                do="mend the file; `git status` shows what was changed",
                exit_code=FAILED,
            )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a started Compose: ask as Ctrl-C does, then kill."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            try:
                wait_until(
                    "compose to end", lambda: process.poll() is not None, STOP_BOUND, every=0.1
                )
            except WaitTimeout:
                continue


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def images(config: Mapping[str, Any]) -> list[str]:
    """The images a resolved stage needs."""
    services = config.get("services") or {}
    return sorted({str(s["image"]) for s in services.values() if s.get("image")})


def published(config: Mapping[str, Any]) -> dict[int, str]:
    """Ports on this machine that a resolved stage wants, with the service of each."""
    found = {}
    for name, service in (config.get("services") or {}).items():
        for port in service.get("ports") or []:
            if str(port.get("published", "")).isdigit():
                found[int(port["published"])] = name
    return found


def subnets(config: Mapping[str, Any]) -> list[str]:
    """The address ranges a resolved stage wants."""
    networks = (config.get("networks") or {}).values()
    ranges = [r for n in networks for r in (n.get("ipam") or {}).get("config") or []]
    return [str(r["subnet"]) for r in ranges if r.get("subnet")]


def one_shots(config: Mapping[str, Any]) -> set[str]:
    """Services that others wait for the end of."""
    return {
        name
        for service in (config.get("services") or {}).values()
        for name, how in (service.get("depends_on") or {}).items()
        if how.get("condition") == "service_completed_successfully"
    }
