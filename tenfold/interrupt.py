"""How a run ends: Ctrl-C and SIGTERM heal first, and healing is not interrupted."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end by KeyboardInterrupt, so that `finally` heals.

    Both are set: a shell starts a background job with SIGINT ignored, and Python keeps that.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def uninterrupted(say: Callable[[str], None]) -> Iterator[None]:
    """Healing is not interrupted: a second Ctrl-C is answered, and it goes on."""

    def patience(_signal: int, _frame: FrameType | None) -> None:
        say("healing first; this ends within its bound")

    before = {s: signal.signal(s, patience) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def unbroken(say: Callable[[str], None]) -> Iterator[None]:
    """A step that must not be cut in two: Ctrl-C is answered, and ends it when the step is done."""
    asked: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        say("Ctrl-C: as soon as this step is done")

    before = {s: signal.signal(s, remember) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt
