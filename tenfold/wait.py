"""The one way to wait: for something named, at most so long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class WaitTimeout(Exception):
    """What was waited for did not come within its bound."""

    def __init__(self, what: str, bound: float, last_error: BaseException | None = None) -> None:
        """Name what was waited for, the bound in seconds and the last error met on the way."""
        detail = f" (last: {last_error})" if last_error else ""
        super().__init__(f"waited {bound:g} s for {what}, in vain{detail}")
        self.what = what
        self.bound = bound


def wait_until(
    what: str,
    check: Callable[[], T],
    bound: float,
    every: float = 0.2,
    tolerate: tuple[type[BaseException], ...] = (),
) -> T:
    """Call `check` each `every` seconds until it answers something true, and return that.

    Exceptions named in `tolerate` count as "not yet". Raises WaitTimeout after `bound` seconds;
    the check is always tried once more at the bound, so that a slow machine is not misjudged.
    """
    deadline = time.monotonic() + bound
    last_error: BaseException | None = None
    while True:
        last = time.monotonic() >= deadline
        try:
            found = check()
            if found:
                return found
        except tolerate as error:
            last_error = error
        if last:
            raise WaitTimeout(what, bound, last_error)
        time.sleep(min(every, max(0.0, deadline - time.monotonic())))
