"""The pace in use and its time constants."""

from __future__ import annotations

import os

from tenfold.record import ROOT


def name() -> str:
    """The pace in use: drill or aws."""
    return os.environ.get("PACE") or "drill"


def seconds(constant: str) -> float:
    """A time constant in seconds, from compose/pace/<pace>.env."""
    for line in (ROOT / "compose" / "pace" / f"{name()}.env").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == constant:
            return float(value)
    raise KeyError(constant)
