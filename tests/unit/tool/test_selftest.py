"""A step of `make test` is good only where its program says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tenfold import selftest
from tenfold.output import Output
from tenfold.paths import Paths


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        (0, []),
        (1, ["a step"]),
        # pytest found no test at all: nothing was proved.
        (5, ["a step"]),
    ],
)
def test_only_0_is_good(tmp_path: Path, code: int, failed: list[str]) -> None:
    out = Output(True)
    argv = [sys.executable, "-c", f"raise SystemExit({code})", "pytest"]
    with (tmp_path / "told").open("w") as out.console.file:
        assert selftest._step(Paths(tmp_path, tmp_path), "a step", argv, out) == failed
