"""What the tool keeps on disk: journal, secrets, records. It outlives a torn line and a crash."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tenfold import record, secrets, settings, stages
from tenfold.errors import TenfoldError
from tenfold.journal import DOWN, SEEDED, UP, UP_STARTED, Journal
from tenfold.lock import lock
from tenfold.paths import Paths

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """State of its own beside the real stage files."""
    monkeypatch.setattr(record, "STATE", tmp_path / "state")
    return Paths(ROOT, tmp_path / "state")


def test_the_journal_says_what_runs(paths: Paths) -> None:
    journal = Journal(paths.journal, "tenfold")
    assert journal.started() is None
    journal.add(UP_STARTED, 3, "drill", 8080)
    journal.add(UP, 3, "drill", 8080)
    Journal(paths.journal, "another").add(UP, 2, "aws", 9090)
    started = journal.started()
    assert started is not None
    assert (started.stage, started.event, started.pace, started.port) == (3, UP, "drill", 8080)
    journal.add(DOWN, 3)
    assert journal.started() is None
    last = journal.last()
    assert last is not None and last.stage == 3


def test_a_torn_line_swallows_nothing(paths: Paths) -> None:
    journal = Journal(paths.journal, "tenfold")
    journal.add(UP, 2, "drill", 8080)
    with paths.journal.open("a") as file:
        file.write('{"ts": 1, "event": "do')
    journal.add(UP, 3, "drill", 8080)
    started = journal.started()
    assert started is not None and started.stage == 3


def test_seeded_until_the_data_is_forgotten(paths: Paths) -> None:
    journal = Journal(paths.journal, "tenfold")
    journal.add(SEEDED, 3)
    journal.add(DOWN, 3)
    assert journal.seeded(3) and journal.seeded(2)
    # They have disks of their own.
    assert not journal.seeded(1) and not journal.seeded(0)
    journal.add(DOWN, 3, volumes=True)
    assert not journal.seeded(3)


def test_secrets_are_made_once_for_their_owner_only(paths: Paths) -> None:
    made = secrets.ensure(paths)
    assert sorted(made) == sorted(secrets.KINDS)
    before = {name: (paths.secrets / name).read_text() for name in made}
    assert secrets.ensure(paths) == []
    assert {name: (paths.secrets / name).read_text() for name in made} == before
    for name in made:
        assert stat.S_IMODE((paths.secrets / name).stat().st_mode) == 0o600
        assert json.loads(before[name])
    (paths.secrets / "tenfold-s3").write_text("{torn")
    assert secrets.missing(paths) == ["tenfold-s3"]


def test_faults_in_progress_outlive_the_process(paths: Paths) -> None:
    record.add_fault({"drill": "kill-web", "run": "a", "state": {}})
    record.update_fault("a", {"victim": "web-a-1"})
    assert record.faults() == [{"drill": "kill-web", "run": "a", "state": {"victim": "web-a-1"}}]
    record.drop_fault("a")
    assert record.faults() == []
    assert not (paths.state / "fault.json").exists()


def test_one_changing_command_at_a_time(paths: Paths) -> None:
    paths.make_state()
    with (paths.state / "lock").open("a+") as other:
        import fcntl

        fcntl.flock(other, fcntl.LOCK_EX)
        other.write("drill-kill-web (process 1)")
        other.flush()
        with pytest.raises(TenfoldError, match="drill-kill-web"), lock("drill-kill-db"):
            pass


def test_every_stage_file_can_be_read(paths: Paths) -> None:
    for number in stages.known(paths):
        stage = stages.read(paths, number)
        assert stage.number == number
        assert stage.memory_mib > 0
        named = {service for new in stage.new for service in new.services}
        assert named <= set(stage.services), f"stage {number} names services that it lacks"


def test_env_file_is_written_whole(paths: Paths) -> None:
    settings.ensure(paths, settings.ports({"PORT": "9090"}, {}))
    told = settings.read(paths.env)
    assert told["TENFOLD_PORT"] == "9090"
    assert Path(told["TENFOLD_CA_BUNDLE"]).exists()
