"""`make drills`: the matrix of drills and stages, generated from the catalogue."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from tenfold.drill.model import Drill, catalogue
from tenfold.output import Output
from tenfold.verdict import BREAKS, NOT_HERE, SURVIVES

_COLOURS = {SURVIVES: "green", BREAKS: "red", NOT_HERE: "dim"}


def show(numbers: list[int], out: Output) -> None:
    """A row a drill: what it does, what each stage should do, its controls."""
    found = catalogue()
    out.answer({"stages": numbers, "drills": [as_dict(d, numbers) for d in found]})
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("drill", header_style="dim")
    for number in numbers:
        table.add_column(str(number), header_style="dim")
    table.add_column("what happens", header_style="dim", overflow="fold")
    table.add_column("WITHOUT=", header_style="dim")
    for d in found:
        cells = [d.row.get(n, NOT_HERE) for n in numbers]
        marks = [Text(c, style=_COLOURS.get(c, "")) for c in cells]
        table.add_row(d.name, *marks, d.story, ", ".join(controls(d, numbers)))
    out.show(table)
    out.say()
    out.say("S survives, B breaks, · not at this stage; a WITHOUT switch turns the verdict.")
    out.say("`make drill-NAME` runs one; `make break-NAME` breaks only, `make heal` undoes it.")


def controls(d: Drill, numbers: list[int]) -> list[str]:
    """The switches that turn a drill's verdict, over these stages."""
    return list(dict.fromkeys(c.switch for n in numbers for c in d.control.get(n, ())))


def as_dict(d: Drill, numbers: list[int]) -> dict[str, object]:
    """One row as plain data."""
    return {
        "name": d.name,
        "story": d.story,
        "rehearses": d.rehearses,
        "expected": {str(n): d.row.get(n, NOT_HERE) for n in numbers},
        "controls": {str(n): [c.switch for c in d.control.get(n, ())] for n in numbers},
    }
