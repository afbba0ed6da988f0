"""The images of a stage and of the tools, built by Compose from the stage file.

BuildKit caches what has not changed, so that a second build takes seconds; its own words go to
`.tenfold/build.log`.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenfold import compose, settings
from tenfold.compose import Compose
from tenfold.errors import FAILED, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.wait import WaitTimeout, wait_until

BUILD_BOUND = 2400.0
"""seconds; MinIO's compile alone takes three minutes on two cores"""
TOOLS_FILE = Path("loadtests") / "build.yaml"
NAMED = re.compile(r"^#\d+ naming to \S*?(tenfold/\S+)")
FAILURE = re.compile(r"^(ERROR|failed to solve|target .* failed|#\d+ ERROR)")


def build(number: int, out: Output | None = None) -> None:
    """Build what stage `number` and the tools need; raises TenfoldError with the failing lines."""
    paths, out = Paths.here(), out or Output()
    settings.ensure(paths)
    stage = Compose(paths, number)
    services = one_an_image(stage.config())
    _run(stage.argv("--progress", "plain", "build", *services), paths, out)
    tools = ["docker", "compose", "-p", f"{paths.project}-tools"]
    for table in stage.tables():
        tools += ["--env-file", str(table)]
    tools += ["-f", str(paths.root / TOOLS_FILE), "--progress", "plain", "build"]
    _run(tools, paths, out)


def one_an_image(config: Mapping[str, Any]) -> list[str]:
    """One service for each image that is built: web-a and web-b have the same."""
    chosen: dict[str, str] = {}
    for name, service in sorted((config.get("services") or {}).items()):
        if service.get("build") and service.get("image"):
            chosen.setdefault(str(service["image"]), name)
    return sorted(chosen.values())


def _run(argv: Sequence[str], paths: Paths, out: Output) -> None:
    log = paths.state / "build.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            list(argv),
            cwd=paths.state,
            env=compose.environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with out.live(), _follow(log, out) as look:
            wait_until(
                "the images", lambda: look() or process.poll() is not None, BUILD_BOUND, every=0.5
            )
            look()
    except WaitTimeout as error:
        compose.stop(process)
        raise TenfoldError(
            f"the images were not built within {error.bound:.0f} s",
            "`make images` goes on from what is cached; see .tenfold/build.log",
            FAILED,
        ) from error
    except BaseException:
        compose.stop(process)
        raise
    if process.returncode:
        lines = log.read_text(errors="replace").splitlines()
        told = [line for line in lines if FAILURE.match(line)] or lines[-1:]
        out.errors.print("\n".join(lines[-15:]), soft_wrap=True)
        raise TenfoldError(
            f"an image could not be built: {told[-1] if told else 'no reason given'}",
            "see .tenfold/build.log; `make images` goes on from what is cached",
            FAILED,
        )


@contextmanager
def _follow(log: Path, out: Output) -> Iterator[Any]:
    """A function that tells what BuildKit has said since it was called last; it answers False."""
    told: set[str] = set()
    with log.open(errors="replace") as file:

        def look() -> bool:
            for line in file:
                if (found := NAMED.match(line)) and found[1] not in told:
                    told.add(found[1])
                    out.step(f"{found[1]} is built")
                elif line.startswith("#") and len(line) > 8:
                    out.now(line.strip()[:110])
            return False

        yield look
