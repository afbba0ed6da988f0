"""Drills that destroy data: what was lost, from when; what is told in time; what is put back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tenfold import faults, ledger, sql
from tenfold import history as h
from tenfold.alarmed import told_before_writes_fail
from tenfold.drill import healing
from tenfold.drill.model import find
from tenfold.engine import Engine, _other_volumes
from tenfold.errors import TenfoldError
from tenfold.faults import DropTable, destroy
from tenfold.faults.fill import FillDisk
from tenfold.history import History, Mark, Sample
from tenfold.ledger import ACKED, REFUSED, Tally, Write
from tenfold.measure import Evidence, Threshold, lost_seconds
from tests.unit.drills.fake_engine import FakeEngine, container

INJECTED, END = 1000.0, 1060.0


def write(marker: str, at: float, kind: str = "post", outcome: str = ACKED) -> Write:
    return Write(at, kind, "", marker, "", outcome, 201)


def evidence(*tallies: Tally, history: History | None = None) -> Evidence:
    return Evidence(history or History(), tallies, Threshold(), INJECTED, END)


def test_a_tally_knows_from_when_what_is_lost_is() -> None:
    writes = [write("a", 5), write("b", 7), write("c", 9), write("d", 1, outcome=REFUSED)]
    (found,) = ledger.tally(ledger.expected(writes), {"post": {"b": 1}}, ledger.asked_at(writes))
    assert (found.lost, found.first_lost, found.last_lost) == (2, 5, 9)


def test_the_span_of_what_is_lost() -> None:
    """From the oldest lost write to the fault, or to the newest lost one if that came later."""
    assert lost_seconds(evidence(Tally("post", acked=9))) == 0
    early = Tally("post", lost=2, first_lost=INJECTED - 4, last_lost=INJECTED - 1)
    assert lost_seconds(evidence(early)) == 4
    late = Tally("like", lost=1, first_lost=INJECTED + 20, last_lost=INJECTED + 50)
    assert lost_seconds(evidence(early, late)) == 54
    assert lost_seconds(evidence(Tally("post", lost=1))) is None


@pytest.mark.parametrize(
    ("alarm", "failed", "holds"),
    [(20, 40, True), (20, None, True), (40, 20, False), (None, 20, False), (None, None, False)],
)
def test_an_alarm_before_the_first_failed_write(
    alarm: float | None, failed: float | None, holds: bool
) -> None:
    samples = [Sample(INJECTED + n, "write", 10.0, 200, "") for n in range(10)]
    if failed is not None:
        samples.append(Sample(INJECTED + failed, "write", 10.0, 503, "http-503"))
    marks = [] if alarm is None else [Mark(INJECTED + alarm, h.ALARM, '"DiskFull" of rds', "sns")]
    seen = evidence(history=History(samples=samples, marks=marks))
    (found,) = told_before_writes_fail("DiskFull")(seen)
    assert found.holds is holds


def test_a_row_may_be_stricter_from_a_stage_on() -> None:
    drill = find("wipe-box")
    assert drill.threshold(1).gap is None
    assert (drill.threshold(2).gap, drill.threshold(3).gap) == (3, 3)
    assert drill.threshold(3).lost == drill.threshold(1).lost == 0


def test_volumes_are_taken_for_others() -> None:
    host: dict[str, Any] = {
        "Binds": ["p_data:/var/lib:rw", "/etc/x:/x:ro", "p_data-2:/y"],
        "Mounts": [{"Type": "volume", "Source": "p_data", "Target": "/z"}],
    }
    _other_volumes(host, {"p_data": "small"})
    assert host["Binds"] == ["small:/var/lib:rw", "/etc/x:/x:ro", "p_data-2:/y"]
    assert host["Mounts"][0]["Source"] == "small"


class Database:
    """Rows of the table, -1 while it is gone; a backup or none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, backup: bool) -> None:
        self.rows, self.done = 10, list[str]()
        monkeypatch.setattr(destroy, "_rows", lambda engine, node=None: self.rows)
        monkeypatch.setattr(destroy, "backed_up", lambda engine: backup or None)
        monkeypatch.setattr(sql, "run", self.sql)
        for name in ("take", "empty_table", "put_back", "forget"):
            monkeypatch.setattr(destroy.snapshot, name, self.snapshot(name))
        monkeypatch.setattr(destroy.snapshot, "there", lambda folder: True)
        monkeypatch.setattr(destroy.restore, "remove", lambda engine: None)
        monkeypatch.setattr(destroy.stages, "running", lambda paths, engine: object())
        monkeypatch.setattr(destroy.restore, "beside", lambda *given: self.done.append("restore"))
        monkeypatch.setattr(destroy.restore, "take_tables", self.taken)

    def sql(self, engine: object, text: str, node: object = None) -> str:
        if text.startswith("DROP TABLE"):
            self.rows = -1
        return "1000.5" if "clock_timestamp" in text else "0190-a|990.0\n0190-b|991.0"

    def snapshot(self, name: str) -> Any:
        def act(*given: object) -> None:
            self.done.append(name)
            self.rows = {"empty_table": 0, "put_back": 10}.get(name, self.rows)

        return act

    def taken(self, *given: object) -> list[str]:
        self.rows = 9
        return ["posts_post"]


@pytest.mark.parametrize("backup", [True, False])
def test_a_dropped_table(backup: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a backup it is restored; without, made anew and empty, and the snapshot comes back."""
    database = Database(monkeypatch, backup=backup)
    engine = cast(Engine, FakeEngine(container("rds", "rds")))
    fault = DropTable()
    state = fault.plan(engine, {"folder": tmp_path})
    fault.inject(engine, state)
    assert "is gone" in fault.took_effect(engine, state)
    before = list(ledger.read(tmp_path / "ledger-before.jsonl"))
    assert [(w.kind, w.marker, w.at) for w in before] == [
        ("kept", "0190-a", 990.0),
        ("kept", "0190-b", 991.0),
    ]
    assert fault.heal(engine, state)
    assert database.rows == (9 if backup else 0)
    assert fault.heal(engine, state) == []
    again = faults.put_back(fault, engine, state)
    # Fewer rows than before, by either way: the stage is left as it was found.
    assert again and database.rows == 10
    assert database.done[-2:] == ["put_back", "forget"]


def test_what_was_destroyed_is_put_back_by_heal_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that dropped the table is gone: its record is enough."""
    database = Database(monkeypatch, backup=False)
    engine = cast(Engine, FakeEngine(container("rds", "rds")))
    fault = DropTable()
    state = fault.plan(engine, {"folder": tmp_path})
    fault.inject(engine, state)
    entry = {"drill": "drop-table", "run": "r", "fault": faults.to_record(fault), "state": state}
    monkeypatch.setattr(healing.record, "drop_fault", lambda run: database.done.append("dropped"))
    healing._heal(engine, entry, lambda line: None)
    assert database.rows == 10
    assert database.done[-1] == "dropped"


def test_only_a_disk_with_an_end_is_filled() -> None:
    """Its script looks before it writes a byte."""
    from tenfold.faults import fill

    assert fill.SCRIPT.strip().splitlines()[0].startswith('[ "$(stat -f -c %T /disk)" = tmpfs ]')
    assert find("fill-disk").always == ("small-disk",)
    assert isinstance(find("fill-disk").fault, FillDisk)


def test_a_restore_takes_what_it_is_asked_for() -> None:
    from tenfold import restore

    assert restore.taking("", cluster=False) == ""
    assert restore.taking("1", cluster=False) == restore.ALL
    # A cluster goes on, and takes the tables.
    assert restore.taking("1", cluster=True) == restore.TABLES
    assert restore.taking("Tables", cluster=False) == restore.TABLES
    with pytest.raises(TenfoldError, match="TAKE"):
        restore.taking("rows", cluster=True)
