"""`python -m controlplane.logs`: ships every line until SIGTERM.

What the store has already is asked of the store itself: killed and started again, the agent goes on
where it was. While the store is away lines wait in memory, the oldest are given up first.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from controlplane.logs.follow import Follower
from controlplane.logs.store import Store

LOOK = 2.0
"""seconds between two looks for new containers"""
SEND = 1.0
ALIVE = Path("/dev/shm/shipped")  # noqa: S108 (the container's own memory)
"""touched when all that came was sent; the health check looks at its age"""


def main() -> int:
    """Run until SIGTERM; exit code 0."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    store = Store(os.environ.get("LOGS_HOST", "logs"))
    follower = _begin(store, os.environ.get("TENFOLD_PROJECT", "tenfold"), stopping)
    looked = sent = 0.0
    while follower is not None and not stopping.is_set():
        now = time.monotonic()
        try:
            if now - looked >= LOOK:
                looked = now
                follower.refresh()
            store.add(follower.lines(0.25))
            if now - sent >= SEND:
                sent = now
                store.send()
                ALIVE.touch()
        except (OSError, ValueError, KeyError) as error:
            _say("cannot ship now", error, store)
            stopping.wait(1)
    return 0


def _begin(store: Store, project: str, stopping: threading.Event) -> Follower | None:
    """Ask the store how far it is, until it answers."""
    while not stopping.is_set():
        try:
            return Follower(project, store.last())
        except (OSError, ValueError, KeyError) as error:
            _say("the store does not answer yet", error, store)
            stopping.wait(1)
    return None


def _say(what: str, error: Exception, store: Store) -> None:
    line = {"message": what, "error": str(error), "waiting": len(store.waiting)}
    print(json.dumps({**line, "given_up": store.dropped}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
