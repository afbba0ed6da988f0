"""What a person or a script gets to read: lines of progress, one answer, errors.

With JSON=1 the answer and the errors are one JSON document on standard output, and progress goes
to standard error.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.status import Status
from rich.text import Text

from tenfold.errors import TenfoldError

WIDE = 160
"""columns where the output is no terminal: a table in a file is not cut"""


class Output:
    """Where a command tells what it does and what it found."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self.console = _console(stderr=as_json)
        self.errors = _console(stderr=True)
        self.begun = time.monotonic()
        self._status: Status | None = None

    def elapsed(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self.begun

    def step(self, text: str, style: str = "") -> None:
        """A line of progress, with the seconds since the start."""
        line = Text(f"{self.elapsed():6.1f} s  ", style="dim")
        line.append(text, style=style)
        self.console.print(line, soft_wrap=True)

    def say(self, text: str = "", style: str = "") -> None:
        """A plain line for a person; nothing with JSON."""
        if not self.as_json:
            self.console.print(Text(text, style=style), soft_wrap=True)

    def show(self, what: RenderableType) -> None:
        """A table for a person; nothing with JSON."""
        if not self.as_json:
            self.console.print(what)

    def answer(self, data: Any) -> None:
        """The one JSON document; nothing for a person."""
        if self.as_json:
            print(json.dumps(data, indent=2, default=str), flush=True)

    def error(self, error: TenfoldError) -> None:
        """What is wrong and what to do about it."""
        if self.as_json:
            print(json.dumps(error.as_dict(), indent=2), flush=True)
            return
        for message, do in [(error.message, error.do), *error.others]:
            self.errors.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)
            if do:
                self.errors.print(Text.assemble(("   do: ", "bold"), do), soft_wrap=True)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """While this is open, `now` shows a moving line (on a terminal)."""
        with self.console.status("", spinner="dots") as self._status:
            try:
                yield
            finally:
                self._status = None

    def now(self, text: str) -> None:
        """Replace the moving line."""
        if self._status is not None:
            self._status.update(Text(text, style="cyan"))


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDE
    return Console(stderr=stderr, highlight=False, markup=False, width=width)
