"""`make restore`: which second is meant, whether it can be had; what is different on one box."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest

from tenfold import restore, seed
from tenfold.compose import Compose
from tenfold.drill.tools import front
from tenfold.engine import Engine
from tenfold.errors import MISSING, USAGE, TenfoldError
from tenfold.paths import Paths
from tenfold.restore import Window
from tenfold.stages import Running
from tests.unit.drills.fake_engine import FakeEngine, container

T = 1_795_578_600.0
"""2026-11-25 03:50:00 UTC"""


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25 03:50:00",
        " 2026-11-25T03:50 ",
        "2026-11-25 04:50:00+01:00",
        "2026-11-25 03:50:00Z",
    ],
)
def test_a_second_in_several_words(text: str) -> None:
    assert restore.moment(text).timestamp() == T
    assert restore.said(T) == "2026-11-25 03:50:00"


@pytest.mark.parametrize("text", ["soon", "03:50", "2026-13-01 00:00:00"])
def test_no_second(text: str) -> None:
    with pytest.raises(TenfoldError, match="TO=") as caught:
        restore.moment(text)
    assert caught.value.exit_code == USAGE


def test_what_can_be_had() -> None:
    told = Window(T, T + 60)
    assert str(told) == "from 2026-11-25 03:50:00 to 2026-11-25 03:51:00"
    assert restore.refuse(T + 1, told, now=T + 90) is None
    # Its log is not shipped yet, and will be.
    assert restore.refuse(T + 80, told, now=T + 90) is None
    late = restore.refuse(T + 91, told, now=T + 90)
    assert late is not None and "not over yet" in late.message and str(told) in late.do
    early = restore.refuse(T, told, now=T + 90)
    assert early is not None and early.exit_code == USAGE
    none = restore.refuse(T + 1, Window(None, None), now=T + 90)
    assert none is not None and none.exit_code == MISSING


def test_the_window_is_the_instances_own_word() -> None:
    class Asked(FakeEngine):
        def exec(self, c, argv, user=""):  # type: ignore[no-untyped-def]
            assert user == "postgres"
            return super().exec(c, argv)

    fake = Asked(container("rds", "rds"))
    engine = cast(Engine, fake)
    fake.answers = [("restore-window", json.dumps({"earliest": T, "latest": None}))]
    assert restore.window(engine, fake.one("rds")) == Window(T, None)
    fake.answers = [("restore-window", "ERROR: [056]: unable to get address")]
    with pytest.raises(TenfoldError, match="unable to get address"):
        restore.window(engine, fake.one("rds"))


@pytest.mark.parametrize("role", ["web", "rds-endpoint"])
def test_only_where_there_is_an_instance_with_backups(role: str) -> None:
    there = FakeEngine(container("rds", role))
    now = Running(0, "drill", 8080, True, tuple(there.containers()))
    with pytest.raises(TenfoldError, match="no database instance that is backed up"):
        restore.show(cast(Engine, there), now, None)  # type: ignore[arg-type]


def test_the_sites_door() -> None:
    box = FakeEngine(container("ec2", "web"))
    assert front(cast(Engine, box)) == "http://ec2:8080"
    whole = FakeEngine(container("web-a", "web"), container("cloudfront", "cloudfront"))
    assert front(cast(Engine, whole)) == "http://cloudfront:8080"


def test_seeding_runs_where_the_disk_is(tmp_path: Path) -> None:
    (tmp_path / "compose").mkdir()
    for number, service in ((1, "ec2"), (3, "release")):
        text = f"x-stage: {{stage: {number}, title: t}}\nservices: {{{service}: {{}}}}\n"
        (tmp_path / "compose" / f"stage-{number}.yaml").write_text(text)
    paths = Paths(tmp_path, tmp_path / "state")
    assert seed._where(Compose(paths, 1))[0] == "exec"
    assert seed._where(Compose(paths, 1))[-1] == "ec2"
    assert seed._where(Compose(paths, 3))[-1] == "release"
