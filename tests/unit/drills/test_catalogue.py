"""The catalogue against the matrix, and what a drill must say of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold.drill.model import Drill, catalogue, find
from tenfold.errors import TenfoldError
from tenfold.switches import SWITCHES

MATRIX = """
wipe-box       BSSSSSSS
fill-disk      BSSSSSSS
drop-table     BSSSSSSS
oom-web        BBSSSSSS
deploy-dies    BBSSSSSS
kill-web       BBSSSSSS
slow-web       ··BBSSSS
kill-db        BBSSSSSS
freeze-db      BBSSSSSS
heavy-report   BBSSSSSS
lost-cron      ·BBSSSSS
forget-me-not  BBSSSSSS
origin-down    ··SSSSSS
spike          BBBSSSSS
kill-worker    ···SSSSS
kill-queue     ···SSSSS
poison         ···SSSSS
rotate-secret  BBBSSSSS
missing-index  ·BBSSSSS
bad-deploy     BBBBSSSS
kill-cache     ···BSSSS
flush-cache    ···BBSSS
az-outage      ·BSBSSSS
attack         BBBBSSSS
flood          BBBBSSSS
backlog        ···BSSSS
kill-switch    BBBBSSSS
heavy-search   ·BBBBSSS
bad-sql        BBBBBSSS
pool-hog       BBBBBSSS
stampede       ···BBSSS
"""
"""What each stage should do. A row changes only by what a run has shown; the drill says why."""
ROWS = dict(line.split() for line in MATRIX.strip().splitlines())
DRILLS = catalogue()
ROOT = Path(__file__).resolve().parents[3]


def test_rows_are_the_matrix() -> None:
    wrong = {
        d.name: row
        for d in DRILLS
        if (row := "".join(d.row[s] for s in range(8))) != ROWS.get(d.name)
    }
    assert not wrong


@pytest.mark.parametrize("drill", DRILLS, ids=lambda d: d.name)
def test_a_drill_can_fail_both_ways(drill: Drill) -> None:
    """At stages 2 and 3: a control where the row survives, and words for both outcomes."""
    for stage in (2, 3):
        row = drill.row[stage]
        if row == "·":
            continue
        expectations = {row, *(c.expect for c in drill.control.get(stage, ()))}
        if row == "S":
            assert expectations == {"S", "B"}
        assert all(c.switch in SWITCHES for c in drill.control.get(stage, ()))
        for expected in expectations:
            words = drill.saved_by if expected == "S" else drill.broke_by
            assert words.get(stage), f"{drill.name} has no words for {expected} at {stage}"


@pytest.mark.parametrize("drill", DRILLS, ids=lambda d: d.name)
def test_a_drill_has_its_page(drill: Drill) -> None:
    """The matrix links to it; it names the command, and each control of the stages there are."""
    page = ROOT / "docs" / "drills" / f"{drill.name}.md"
    text = page.read_text(encoding="utf-8")
    controls = {c.switch for stage in range(4) for c in drill.control.get(stage, ())}
    assert [name for name in controls if f"WITHOUT={name}" not in text] == []
    assert text.startswith(f"# {drill.name}")


def test_expectation_is_turned_by_its_control() -> None:
    drill = find("kill-web")
    assert drill.expected(3) == "S"
    assert drill.expected(3, ("health-check",)) == "B"
    assert find("kill-cache").expected(3, ("cache-sessions",)) == "S"


@pytest.mark.parametrize(
    ("name", "stage", "without", "code"),
    [("kill-web", 3, "idempotency", 2), ("kill-cache", 2, "", 3), ("kill-web", 9, "", 3)],
)
def test_wrong_cells_are_refused(name: str, stage: int, without: str, code: int) -> None:
    with pytest.raises(TenfoldError) as caught:
        find(name).expected(stage, (without,) if without else ())
    assert caught.value.exit_code == code
    assert caught.value.do


def test_unknown_drill_names_the_others() -> None:
    with pytest.raises(TenfoldError) as caught:
        find("kill-everything")
    assert caught.value.exit_code == 2
    assert "kill-web" in caught.value.do
