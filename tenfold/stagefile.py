"""What a stage file says of its stage (`x-stage`), and the pace's time constants."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import yaml

from tenfold.record import ROOT


@dataclass(frozen=True)
class Stage:
    """A stage as its file describes it."""

    number: int
    title: str
    downtime_minutes: float | None
    """it may be down so long in a year; None: no objective"""
    raw: dict[str, Any] = field(default_factory=dict)


def read(number: int) -> Stage:
    """The `x-stage` block of compose/stage-N.yaml."""
    text = (ROOT / "compose" / f"stage-{number}.yaml").read_text(encoding="utf-8")
    raw = yaml.safe_load(text).get("x-stage") or {}
    minutes = (raw.get("downtime_year") or {}).get("minutes")
    return Stage(
        number, str(raw.get("title", "")), None if minutes is None else float(minutes), raw
    )


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
