"""docs/results.md: the matrix as rows say and runs showed, with the figures behind each cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tenfold.drill.model import Drill
from tenfold.rehearse.results import Result, key
from tenfold.verdict import NOT_HERE

HEAD = """# What the rehearsals showed

Made by `make rehearse` (`ALL=1` every cell, `CONTROLS=1` the negative controls); do not edit.
`B` breaks, `S` survives, as the row expects. **Bold**: shown by a run. ✗: a run disagreed, and the
cell is open. (old): what it depends on has changed since. Thresholds: each drill's file. Times are
at drill pace, as the client saw them. *Judged by*: what the row asks, found and allowed, ✗ where it
does not hold; *share* is of the stage's yearly downtime; *seconds* is the whole run's length.
"""


def page(
    drills: Iterable[Drill],
    stages: Iterable[int],
    results: Mapping[str, Result],
    hashes: Mapping[str, str],
) -> str:
    """The whole file."""
    drills, stages = list(drills), list(stages)
    lines = [HEAD, "| drill | " + " | ".join(f"stage {s}" for s in stages) + " |"]
    lines.append("|---" * (len(stages) + 1) + "|")
    for d in drills:
        row = [_cell(d, s, results, hashes) for s in stages]
        lines.append(f"| {_link(d.name)} | " + " | ".join(row) + " |")
    rows = [r for r in results.values() if not r.without]
    lines += ["", "## Figures", "", *_table(rows)]
    controls = [r for r in results.values() if r.without]
    lines += ["", "## Negative controls", ""]
    lines += ["What makes a drill survive, taken away: the verdict must turn.", ""]
    lines += _table(controls) if controls else ["None was run."]
    return "\n".join(lines) + "\n"


def _link(drill: str) -> str:
    return f"[{drill}](drills/{drill}.md)"


def _cell(d: Drill, stage: int, results: Mapping[str, Result], hashes: Mapping[str, str]) -> str:
    expected = d.row.get(stage, NOT_HERE)
    name = key(d.name, stage, "")
    result = results.get(name)
    if expected == NOT_HERE or result is None:
        return expected
    told = (
        f"**{result.verdict}**" if result.verdict == expected else f"{expected} ✗ {result.verdict}"
    )
    return told if result.hash == hashes.get(name) else f"{told} (old)"


def _table(results: Iterable[Result]) -> list[str]:
    names = ["drill", "stage", "without", "verdict", "judged by", "downtime", "share", "detected"]
    names += ["recovered", "failed", "lost", "doubled", "seconds", "run"]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for r in sorted(results, key=lambda r: (r.drill, r.stage, r.without)):
        verdict = r.verdict if r.good else f"{r.verdict} ✗ (expected {r.expected})"
        share = "-" if r.downtime_share is None else f"{r.downtime_share:.3%}"
        cells = [r.drill, str(r.stage), r.without, verdict, r.judged, f"{r.downtime_s:.1f} s"]
        cells += [share, _seconds(r.detect_s), _seconds(r.recover_s)]
        cells += [f"{r.failures} of {r.requests}", str(r.lost), str(r.doubled)]
        cells += [f"{r.seconds:.0f}"]
        cells += [f"{r.date}, {r.machine}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
