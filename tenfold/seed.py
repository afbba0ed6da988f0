"""`make seed`: a believable network in bulk, by the app's own command.

In a container of its own, beside the instances; on the one box of stages 0 and 1 in the box, whose
disk the pictures go to.
"""

from __future__ import annotations

import threading

from tenfold import compose, secrets, stages
from tenfold.compose import Compose
from tenfold.errors import FAILED, TenfoldError
from tenfold.output import Output
from tenfold.wait import WaitTimeout, wait_until

BOUNDS = {"S": 120.0, "M": 600.0, "L": 3600.0}
"""seconds"""


def seed(command: Compose, size: str, out: Output) -> str:
    """Run `manage seed`; its last line."""
    bound = BOUNDS[size]
    out.step(f"seeding size {size}, at most {bound:.0f} s")
    process = command.start(*_where(command), "manage", "seed", "--size", size)
    lines: list[str] = []
    assert process.stdout is not None and process.stderr is not None
    readers = [
        threading.Thread(target=_follow, args=(stream, lines, out), daemon=True)
        for stream in (process.stdout, process.stderr)
    ]
    for reader in readers:
        reader.start()
    try:
        wait_until("the seeding", lambda: process.poll() is not None, bound, every=0.2)
    except WaitTimeout as error:
        compose.stop(process)
        raise TenfoldError(
            f"seeding did not end within {bound:.0f} s",
            "`make seed` tries again; `make status` shows whether the stage is well",
            FAILED,
        ) from error
    except BaseException:
        compose.stop(process)
        raise
    for reader in readers:
        reader.join(timeout=5)
    if process.returncode:
        raise TenfoldError(
            f"seeding ended with {process.returncode}: {compose.last_line(chr(10).join(lines))}",
            "`make status` shows whether the stage is well; `make seed` tries again",
            FAILED,
        )
    told = compose.last_line("\n".join(lines)) if lines else "done"
    out.step(f"seeded: {told}")
    return told


def _where(command: Compose) -> list[str]:
    """The words for Compose before the command that is to be run."""
    services = stages.read(command.paths, command.stage or 0).services
    if "release" in services:
        # Not in an instance, whose CPU share it would eat.
        return ["run", "--rm", "--no-deps", "-T", "release"]
    return ["exec", "-T", "--user", str(secrets.container_uid()), "ec2"]


def _follow(stream: object, lines: list[str], out: Output) -> None:
    for raw in stream:  # type: ignore[attr-defined]
        line = raw.decode(errors="replace").rstrip()
        # Compose's own words about creating the container are none of the seeding's.
        if line and " Container " not in line:
            lines.append(line)
            out.now(line)
