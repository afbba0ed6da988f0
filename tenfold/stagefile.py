"""The pace in use and its time constants."""

from __future__ import annotations

import os

from tenfold.record import ROOT


def pace_name() -> str:
    """The pace in use: drill or aws."""
    return os.environ.get("PACE") or "drill"


def pace(name: str) -> float:
    """A time constant in seconds, from compose/pace/<pace>.env."""
    for line in (ROOT / "compose" / "pace" / f"{pace_name()}.env").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == name:
            return float(value)
    raise KeyError(name)
