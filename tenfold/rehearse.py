"""`make rehearse`: the matrix run for real, drill after drill, as much as fits into a budget.

First each stage's rows, then its negative controls. The result is a table and `matrix.json`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from tenfold import child, record
from tenfold.borrow import borrow
from tenfold.drill.model import catalogue
from tenfold.engine import Engine
from tenfold.errors import FAILED, NO, OK, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.verdict import NOT_HERE

CELL_SECONDS = 180.0
"""what must be left of the budget to begin another one"""
CELL_BOUND = 600.0
UP_SECONDS = 120.0


@dataclass(frozen=True)
class Cell:
    """One drill at one stage, with or without a switch."""

    drill: str
    stage: int
    without: str
    expected: str
    verdict: str = ""
    """empty: not run"""
    seconds: float = 0.0
    folder: str = ""
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether it turned out as its row says."""
        return self.verdict == self.expected


def plan(number: int) -> list[Cell]:
    """A stage's cells: the rows, then the controls."""
    drills = [d for d in catalogue() if d.row.get(number, NOT_HERE) != NOT_HERE]
    rows = [Cell(d.name, number, "", d.row[number]) for d in drills]
    controls = [
        Cell(d.name, number, c.switch, c.expect) for d in drills for c in d.control.get(number, ())
    ]
    return rows + controls


def rehearse(paths: Paths, engine: Engine, asked: Sequence[int], budget: float, out: Output) -> int:
    """Run what fits into `budget` seconds; 0 all as expected, 1 one differs, 4 one is void."""
    end = time.monotonic() + budget
    borrowed = borrow(paths, engine, asked, out)
    cells: list[Cell] = []
    for number in borrowed.numbers:
        todo = plan(number)
        if end - time.monotonic() < CELL_SECONDS + UP_SECONDS:
            cells += todo
            continue
        with borrowed.stage(number):
            for cell in todo:
                left = end - time.monotonic()
                cells.append(_run(paths, cell, out) if left > CELL_SECONDS else cell)
                _told(cells[-1], out)
    folder = record.RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}-rehearsal"
    folder.mkdir(parents=True)
    told = [asdict(c) | {"as_expected": c.good} for c in cells]
    (folder / "matrix.json").write_text(json.dumps(told, indent=2), encoding="utf-8")
    _show(cells, out)
    out.answer({"cells": told, "folder": str(folder)})
    return exit_code(cells)


def exit_code(cells: Sequence[Cell]) -> int:
    """A wrong verdict weighs more than a run that says nothing."""
    run = [c for c in cells if c.verdict or c.error]
    if any(c.verdict in ("S", "B") and not c.good for c in run):
        return NO
    if not run or any(not c.good for c in run):
        return FAILED
    return OK


def _run(paths: Paths, cell: Cell, out: Output) -> Cell:
    """One drill in a process of its own; a void run is run once more."""
    env = {"JSON": "1", "WITHOUT": cell.without, "TENFOLD_STAGE": ""}
    begun = time.monotonic()
    told: dict[str, Any] = {}
    for _ in range(2):
        try:
            done = child.run(
                child.tool("drill", cell.drill), paths.root, env, catch=True, bound=CELL_BOUND
            )
            told = json.loads(done.output)
        except (ValueError, TenfoldError) as error:
            told = {"error": str(error)}
        if told.get("verdict") in ("S", "B"):
            break
        out.step(f"{cell.drill} said nothing about the stage: {told.get('error', 'void')}")
    return Cell(
        cell.drill,
        cell.stage,
        cell.without,
        cell.expected,
        str(told.get("verdict", "")),
        round(time.monotonic() - begun, 1),
        str(told.get("folder", "")),
        str(told.get("error", "")),
    )


def _told(cell: Cell, out: Output) -> None:
    what = f"{cell.drill} at stage {cell.stage}"
    what += f" without {cell.without}" if cell.without else ""
    if not cell.verdict and not cell.error:
        out.step(f"{what}: not run, the budget is used up", style="yellow")
        return
    style = "green" if cell.good else "bold red"
    said = cell.verdict or cell.error
    out.step(f"{what}: {said}, expected {cell.expected} ({cell.seconds:.0f} s)", style=style)


def _show(cells: Sequence[Cell], out: Output) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("drill", "stage", "without", "expected", "verdict", "seconds", "report"):
        table.add_column(name, header_style="dim")
    for c in cells:
        verdict = Text(c.verdict or c.error or "not run", style="green" if c.good else "bold red")
        report = f"{c.folder}/report.html" if c.folder else ""
        row = (c.drill, str(c.stage), c.without, c.expected, verdict, f"{c.seconds:.0f}", report)
        table.add_row(*row)
    out.show(table)
    good = sum(c.good for c in cells)
    run = sum(bool(c.verdict or c.error) for c in cells)
    out.say(f"{good} of {run} as expected; {len(cells) - run} not run", style="bold")
