"""What the loops did: a ring of the last events for whoever asks, and a line of JSON for the log.

Errors go to the log only, and the same one at most once in ten seconds: a loop that fails each half
second says it, and does not drown the rest.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, TextIO

KEPT = 2000
REPEAT_ERROR_AFTER = 10.0


class Events:
    """The events of one process; any thread may emit and read."""

    def __init__(
        self, out: TextIO | None = None, clock: Callable[[], float] = time.time, kept: int = KEPT
    ) -> None:
        """`clock` answers unix time; `out` is standard output unless told."""
        self._out = out if out is not None else sys.stdout
        self._clock = clock
        self._lock = threading.Lock()
        self._ring: deque[dict[str, Any]] = deque(maxlen=kept)
        self._last = 0.0
        self._counts: Counter[tuple[str, str]] = Counter()
        self._failed: dict[tuple[str, str], tuple[float, int]] = {}

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        """One event, stamped now."""
        with self._lock:
            # No two share a stamp: readers tell events apart by it.
            self._last = max(round(self._clock(), 6), round(self._last + 1e-6, 6))
            one = {"ts": self._last, "loop": loop, "event": event, "resource": resource, **detail}
            self._ring.append(one)
            self._counts[loop, event] += 1
            self._write(one)

    def since(self, ts: float = 0.0) -> list[dict[str, Any]]:
        """The events from unix time `ts` on, oldest first, of those that are kept."""
        with self._lock:
            return [one for one in self._ring if one["ts"] >= ts]

    def counts(self) -> dict[tuple[str, str], int]:
        """How many of each (loop, event) since the start."""
        with self._lock:
            return dict(self._counts)

    def error(self, loop: str, error: BaseException) -> None:
        """Log that a loop failed, unless it said so within the last ten seconds."""
        with self._lock:
            now = self._clock()
            self._failed = {
                known: (at, times)
                for known, (at, times) in self._failed.items()
                if now - at < 6 * REPEAT_ERROR_AFTER
            }
            key = (loop, f"{type(error).__name__}: {error}")
            at, times = self._failed.get(key, (float("-inf"), 0))
            if now - at < REPEAT_ERROR_AFTER:
                self._failed[key] = (at, times + 1)
                return
            self._failed[key] = (now, 0)
            line = {"ts": round(now, 6), "loop": loop, "error": key[1], "where": _where(error)}
            self._write({**line, "repeated": times} if times else line)

    def log(self, message: str, **detail: Any) -> None:
        """A line for the log that is no event."""
        with self._lock:
            self._write({"ts": round(self._clock(), 6), "message": message, **detail})

    def _write(self, line: dict[str, Any]) -> None:
        print(json.dumps(line, default=str), file=self._out, flush=True)


def _where(error: BaseException) -> str:
    """The innermost place of the traceback: file and line."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
