"""One changing command at a time: a lock on `.tenfold/lock`, which names who holds it.

The kernel lets go of it when its process ends, however it ends. It may be taken again by the
process that holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from tenfold import record
from tenfold.errors import TenfoldError

_held: list[int] = []


@contextlib.contextmanager
def lock(command: str) -> Iterator[None]:
    """Hold the lock as `command`; raises TenfoldError that names the other holder."""
    if _held:
        yield
        return
    record.STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (record.STATE / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            other = file.read().strip() or "another command"
            raise TenfoldError(
                f"{other} runs now", do="wait for its end, or end it with Ctrl-C", exit_code=3
            ) from None
        file.truncate(0)
        file.write(f"{command} (process {os.getpid()})")
        file.flush()
        _held.append(file.fileno())
        try:
            yield
        finally:
            _held.clear()
            file.truncate(0)


def inherited() -> tuple[int, ...]:
    """The held lock for a child's `pass_fds`: a child that outlives a killed tool keeps it held."""
    return tuple(_held)
