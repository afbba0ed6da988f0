"""Runs one loop in a thread of its own: a tick each `every` seconds, whatever the last one took.

A tick that fails is logged, and the next one tries again. A tick that hangs is seen from outside by
the age of the last finished one.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

from controlplane.events import Events

EVERY = 0.5
LATE = 15.0


class Loop(Protocol):
    """A control loop."""

    def tick(self) -> None:
        """Look once and act."""
        ...

    def state(self) -> dict[str, Any]:
        """What the last tick saw."""
        ...


class Runner:
    """One loop and its thread."""

    def __init__(
        self,
        name: str,
        loop: Loop,
        events: Events,
        stopping: threading.Event,
        every: float = EVERY,
        late: float = LATE,
    ) -> None:
        """`every`: seconds between ticks; `late`: seconds without one until it counts as hung."""
        self.name = name
        self.loop = loop
        self.events = events
        self.stopping = stopping
        self.every = every
        self.late = late
        self.ticks = 0
        self.failures = 0
        self.seconds = 0.0
        """spent in ticks so far"""
        self._ended = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin ticking."""
        self._ended = time.monotonic()
        self._thread.start()

    def join(self, bound: float) -> bool:
        """Wait for the end of the running tick, at most `bound` seconds; whether it came."""
        self._thread.join(bound)
        return not self._thread.is_alive()

    @property
    def age(self) -> float:
        """Seconds since the last tick ended."""
        return time.monotonic() - self._ended

    @property
    def alive(self) -> bool:
        """Whether it ticks."""
        return self._thread.is_alive() and self.age < self.late

    def _run(self) -> None:
        due = time.monotonic()
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                self.loop.tick()
            except Exception as error:  # noqa: BLE001 (the loop goes on, whatever it met)
                self.failures += 1
                self.events.error(self.name, error)
            self._ended = time.monotonic()
            self.ticks += 1
            self.seconds += self._ended - began
            # On the beat; after a long tick at once, and the missed beats are not made up for.
            due = max(due + self.every, self._ended)
            self.stopping.wait(due - self._ended)
