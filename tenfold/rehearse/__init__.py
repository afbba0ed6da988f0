"""`make rehearse`: the matrix run for real, stage by stage, as much as fits into a budget.

Each stage is started once. Results are kept (docs/results.json, docs/results.md) after every cell,
so that a rehearsal that is ended goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from tenfold import child, images, stages
from tenfold.borrow import borrow
from tenfold.drill.model import catalogue, find
from tenfold.engine import Engine
from tenfold.errors import FAILED, NO, OK, TenfoldError
from tenfold.interrupt import interruptible
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.rehearse.page import page
from tenfold.rehearse.plan import Cell, cells, order
from tenfold.rehearse.results import Result, hash_of, of_verdict, read, write

CELL_SECONDS = 200.0
"""what must be left of the budget to begin another cell"""
CELL_BOUND = 600.0
UP_SECONDS = 60.0
TRIES = 2
"""a void run says nothing about the stage, and is run once more"""


@dataclass(frozen=True)
class Outcome:
    """A cell and what came of it: a result, a reason why there is none, or neither: not run."""

    cell: Cell
    result: Result | None = None
    reason: str = ""
    void: bool = False
    """the machine, Locust or the probe was the bottleneck: no word about the stage"""


@dataclass(frozen=True)
class Wanted:
    """What is asked for."""

    stages: Sequence[int]
    drills: Sequence[str]
    every: bool
    controls: bool
    changed_only: bool
    shown_only: bool
    """cells that were as expected when they were run last: what else they show is a step back"""
    budget: float
    """seconds"""


def rehearse(paths: Paths, engine: Engine, wanted: Wanted, out: Output) -> int:
    """Run what fits; 0 all as expected, 1 one differs, 4 one could not be judged or none ran."""
    end = time.monotonic() + wanted.budget
    chosen = [find(name) for name in wanted.drills] or catalogue()
    borrowed = borrow(paths, engine, wanted.stages, out)
    asked = cells(chosen, borrowed.numbers, wanted.every, wanted.controls)
    book = Book(paths)
    todo = order(asked, book.results, book.hashes(asked))
    if wanted.shown_only:
        todo = [c for c in todo if book.shown(c)]
    if wanted.changed_only:
        todo = [c for c in todo if not book.current(c)]
    outcomes: list[Outcome] = []
    with interruptible():
        for number in dict.fromkeys(c.stage for c in todo):
            mine = [c for c in todo if c.stage == number]
            if end - time.monotonic() < CELL_SECONDS + UP_SECONDS:
                outcomes += [Outcome(c) for c in mine]
                continue
            # What runs must be what the results are kept under.
            images.build(number, out)
            with borrowed.stage(number):
                for cell in mine:
                    if end - time.monotonic() < CELL_SECONDS:
                        outcomes.append(Outcome(cell))
                        continue
                    outcomes.append(_run(paths, cell, book, out))
                    _tell(outcomes[-1], out)
    _show(outcomes, out)
    told = [
        {"cell": str(o.cell), "verdict": o.result and o.result.verdict, "reason": o.reason}
        for o in outcomes
    ]
    out.answer({"cells": told})
    return exit_code(outcomes)


class Book:
    """The results, on disk after every change."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.path = paths.root / "docs" / "results.json"
        self.results = read(self.path)
        self._hashes: dict[str, str] = {}

    def hashes(self, wanted: Sequence[Cell]) -> dict[str, str]:
        """What the cells depend on now, by key."""
        for cell in wanted:
            if cell.key not in self._hashes:
                self._hashes[cell.key] = hash_of(self.paths.root, cell.drill, cell.stage)
        return self._hashes

    def current(self, cell: Cell) -> bool:
        """Whether its result is of what is there now, and as expected."""
        result = self.results.get(cell.key)
        return result is not None and result.good and result.hash == self._hashes[cell.key]

    def shown(self, cell: Cell) -> bool:
        """Whether its last run was as expected, whatever has changed since."""
        result = self.results.get(cell.key)
        return result is not None and result.good

    def keep(self, cell: Cell, result: Result) -> None:
        """Add one and write both files."""
        self.results[cell.key] = result
        write(self.path, self.results)
        numbers = stages.known(self.paths)
        self.hashes(cells(catalogue(), numbers, every=True, controls=True))
        text = page(catalogue(), numbers, self.results, self._hashes)
        self.path.with_suffix(".md").write_text(text, encoding="utf-8")


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """A wrong verdict weighs most, then a drill that did not run; void ones alone are no proof."""
    judged = [o.result for o in outcomes if o.result is not None]
    if any(not r.good for r in judged):
        return NO
    if any(o.reason and not o.void for o in outcomes) or (outcomes and not judged):
        return FAILED
    return OK


def _run(paths: Paths, cell: Cell, book: Book, out: Output) -> Outcome:
    """One drill in a process of its own."""
    env = {"JSON": "1", "WITHOUT": cell.without, "TENFOLD_STAGE": ""}
    reason, void = "", False
    for _ in range(TRIES):
        begun = time.monotonic()
        told: dict[str, Any] = {}
        try:
            done = child.run(
                child.tool("drill", cell.drill), paths.root, env, catch=True, bound=CELL_BOUND
            )
            told = json.loads(done.output)
        except (ValueError, TenfoldError) as error:
            told = {"error": str(error)}
        if told.get("verdict") in ("S", "B"):
            took = round(time.monotonic() - begun, 1)
            result = of_verdict(told, book.hashes([cell])[cell.key], cell.without, took)
            book.keep(cell, result)
            return Outcome(cell, result)
        void = bool(told.get("void")) and "error" not in told
        reason = str(told.get("error") or "; ".join(told.get("void") or ["no answer"]))
        out.step(f"{cell} said nothing about the stage: {reason}", style="yellow")
    return Outcome(cell, reason=f"void: {reason}" if void else reason, void=void)


def _tell(outcome: Outcome, out: Output) -> None:
    result = outcome.result
    if result is None:
        return
    style = "green" if result.good else "bold red"
    text = f"{outcome.cell}: {result.verdict}, expected {result.expected} ({result.seconds:.0f} s)"
    out.step(text, style=style)


def _show(outcomes: Sequence[Outcome], out: Output) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("drill", "stage", "without", "expected", "verdict", "seconds", "downtime"):
        table.add_column(name, header_style="dim")
    for o in outcomes:
        r = o.result
        verdict = r.verdict if r else o.reason or "not run"
        style = "green" if r and r.good else "bold red" if r or o.reason else "dim"
        seconds, down = (f"{r.seconds:.0f}", f"{r.downtime_s:.1f} s") if r else ("", "")
        c = o.cell
        table.add_row(
            c.drill, str(c.stage), c.without, c.expected, Text(verdict, style=style), seconds, down
        )
    out.show(table)
    run = [o for o in outcomes if o.result or o.reason]
    good = sum(o.result is not None and o.result.good for o in run)
    out.say(f"{good} of {len(run)} as expected; {len(outcomes) - len(run)} not run", style="bold")
