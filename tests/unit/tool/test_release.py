"""Which release is deployed: names, what later commands keep, what a deploy goes back to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold import release as releases
from tenfold import settings
from tenfold.errors import USAGE, TenfoldError
from tenfold.journal import DEPLOY_STARTED, DEPLOYED, DOWN, UP, Journal
from tenfold.paths import Paths
from tenfold.release import Release


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path, tmp_path / ".tenfold")


@pytest.fixture
def journal(paths: Paths) -> Journal:
    return Journal(paths.journal, paths.project)


def test_a_release_by_its_name_and_its_fault() -> None:
    assert releases.asked(" v2.1 ", "") == Release("v2.1")
    bad = releases.asked("v3", "errors")
    assert (str(bad), bad.command) == ("v3 FAULT=errors", "make deploy RELEASE=v3 FAULT=errors")
    assert Release.of(bad.env) == bad
    assert Release.of({}) == Release(releases.FIRST)


@pytest.mark.parametrize(
    ("name", "fault"),
    [("", ""), ("a b", ""), ("-v2", ""), ("v" * 41, ""), ("v2\n", "x"), ("v2", "x")],
)
def test_a_wrong_name_is_refused(name: str, fault: str) -> None:
    with pytest.raises(TenfoldError) as caught:
        releases.asked(name, fault)
    assert caught.value.exit_code == USAGE
    assert caught.value.do


def test_a_later_up_keeps_what_was_deployed(paths: Paths) -> None:
    settings.ensure(paths, {"TENFOLD_PORT": 8081})
    assert releases.current(paths) == Release()
    releases.keep(paths, Release("v3", "slow"))
    settings.ensure(paths, {"TENFOLD_PORT": 8082})
    assert releases.current(paths) == Release("v3", "slow")
    assert settings.read(paths.env)["TENFOLD_PORT"] == "8082"
    releases.forget(paths)
    assert releases.current(paths) == Release()
    assert settings.read(paths.env)["TENFOLD_PORT"] == "8082"


def test_forgetting_where_nothing_was_started(paths: Paths) -> None:
    releases.forget(paths)
    assert not paths.env.exists()


def test_going_back_is_to_the_last_other_one_that_was_finished(journal: Journal) -> None:
    assert releases.before(journal, Release("v2")) == Release()
    for event, name in (
        (DEPLOYED, "v2"),
        (DEPLOY_STARTED, "v3 FAULT=crash"),
        (DEPLOY_STARTED, "v3 FAULT=crash"),
    ):
        journal.add(event, 3, release=name)
    assert releases.before(journal, Release("v3", "crash")) == Release("v2")
    assert releases.before(journal, Release("v2")) == Release()
    journal.add(DEPLOYED, 3, release="v3 FAULT=slow")
    assert releases.before(journal, Release("v2")) == Release(), "nobody goes back to a faulty one"


def test_a_deploy_that_was_cut_short_is_known(journal: Journal) -> None:
    assert releases.unfinished(journal) == ""
    journal.add(DEPLOY_STARTED, 3, release="v2")
    assert releases.unfinished(journal) == "v2"
    journal.add(UP, 3, "drill", 8080)
    assert releases.unfinished(journal) == "v2"
    assert journal.started() is not None, "a deploy does not hide what runs"
    journal.add(DEPLOYED, 3, release="v2")
    assert releases.unfinished(journal) == ""
    journal.add(DEPLOY_STARTED, 3, release="v3")
    journal.add(DOWN, 3, volumes=True)
    assert releases.unfinished(journal) == ""
