"""Which cells of the matrix are run, in which order: pure functions of catalogue and results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tenfold.drill.model import Drill
from tenfold.rehearse.results import Result, key
from tenfold.verdict import BREAKS, NOT_HERE, SURVIVES


@dataclass(frozen=True)
class Cell:
    """One drill at one stage, with or without a design switch."""

    drill: str
    stage: int
    without: str
    expected: str

    @property
    def key(self) -> str:
        """What its result is kept under."""
        return key(self.drill, self.stage, self.without)

    def __str__(self) -> str:
        """`kill-web at stage 3 without health-check`."""
        told = f"{self.drill} at stage {self.stage}"
        return f"{told} without {self.without}" if self.without else told


def edge(row: Mapping[int, str], stages: Iterable[int]) -> list[int]:
    """The last stage that breaks and the first that survives, of the stages there are."""
    there = sorted(s for s in stages if row.get(s, NOT_HERE) != NOT_HERE)
    breaks = [s for s in there if row[s] == BREAKS]
    survives = [s for s in there if row[s] == SURVIVES]
    return sorted({*breaks[-1:], *survives[:1]})


def cells(
    drills: Iterable[Drill], stages: Sequence[int], every: bool, controls: bool
) -> list[Cell]:
    """The cells asked for: edges, or `every` one; then the controls, if they are wanted."""
    found, turned = [], []
    for d in drills:
        rows = [s for s in stages if d.row.get(s, NOT_HERE) != NOT_HERE]
        for s in rows if every else edge(d.row, stages):
            found.append(Cell(d.name, s, "", d.row[s]))
        for s in rows:
            turned += [Cell(d.name, s, c.switch, c.expect) for c in d.control.get(s, ())]
    return found + (turned if controls else [])


def order(
    wanted: Iterable[Cell], known: Mapping[str, Result], hashes: Mapping[str, str]
) -> list[Cell]:
    """Never run or changed since first, then the oldest; a stage's cells together."""

    def stale(cell: Cell) -> tuple[bool, str]:
        result = known.get(cell.key)
        current = result is not None and result.hash == hashes.get(cell.key)
        return (current, result.date if result and current else "")

    ranked = sorted(wanted, key=stale)
    stages = list(dict.fromkeys(c.stage for c in ranked))
    return [c for s in stages for c in ranked if c.stage == s]
