"""How a run ends: Ctrl-C and SIGTERM heal first, and healing is not interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def _answered_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM are answered by `handler` meanwhile."""
    before = {s: signal.signal(s, handler) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, one in before.items():
            signal.signal(number, one)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end by KeyboardInterrupt, so that `finally` heals.

    Both are set: a shell starts a background job with SIGINT ignored, and Python keeps that.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _answered_by(stop):
        yield


@contextlib.contextmanager
def uninterrupted(say: Callable[[str], None]) -> Iterator[None]:
    """Healing is not interrupted: a second Ctrl-C is answered, and it goes on."""

    def patience(_signal: int, _frame: FrameType | None) -> None:
        say("healing first; this ends within its bound")

    with _answered_by(patience):
        yield


@contextlib.contextmanager
def at_safe_points() -> Iterator[Callable[[], None]]:
    """Ctrl-C and SIGTERM are remembered; the function it gives raises KeyboardInterrupt after one.

    For what must not be cut anywhere: a container between its end and its new beginning, or the
    HTTP client, whose pool stays locked for ever by an exception out of nowhere.
    """
    asked: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        if not asked:
            # Not by the console, which may be in the middle of a line.
            os.write(2, b"\nstopping as soon as the step in hand is done\n")
        asked.append(number)

    def point() -> None:
        if asked:
            raise KeyboardInterrupt

    with _answered_by(remember):
        yield point
