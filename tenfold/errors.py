"""What the tool says when something is wrong: the message, what to do next, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

OK = 0
NO = 1
USAGE = 2
MISSING = 3
FAILED = 4
INTERRUPTED = 130


class TenfoldError(Exception):
    """An error that a person can act on; the CLI prints it and ends with `exit_code`.

    Exit codes: 1 the answer is no, 2 the input is wrong, 3 something is missing first, 4 something
    failed on the way (docs/exit-codes.md).
    """

    def __init__(self, message: str, do: str = "", exit_code: int = MISSING) -> None:
        """One line on what is wrong, one on what to do about it."""
        super().__init__(message)
        self.message = message
        self.do = do
        self.exit_code = exit_code
        self.others: list[tuple[str, str]] = []
        """further problems found at the same time: (message, do)"""

    @classmethod
    def of(cls, problems: Sequence[TenfoldError]) -> TenfoldError:
        """One error of several problems; wrong input comes before what is missing."""
        first, *rest = sorted(problems, key=lambda p: p.exit_code)
        error = cls(first.message, first.do, first.exit_code)
        error.others = [(p.message, p.do) for p in rest]
        return error

    def as_dict(self) -> dict[str, Any]:
        """{error, do, exit}, and `others` where there are any."""
        told: dict[str, Any] = {"error": self.message, "do": self.do, "exit": self.exit_code}
        if self.others:
            told["others"] = [{"error": message, "do": do} for message, do in self.others]
        return told
