"""A deploy in place: written to the disk, the app restarted, until it answers as the release."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tenfold import deploy as deploys
from tenfold.deploy import box
from tenfold.engine import Container, ExecResult
from tenfold.errors import FAILED, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.release import Release

ENV = {"BOX_SERVICES": "app nginx", "RELEASE": "v1"}


class Box:
    """One machine with a disk and an app."""

    def __init__(self) -> None:
        self.c = Container(
            id="ec2",
            name="tenfold-ec2-1",
            service="ec2",
            number=1,
            role="web",
            az="a",
            region="us",
            state="running",
            health="healthy",
            ip="10.30.0.30",
            image="tenfold/box:dev",
            exit_code=0,
            oom_killed=False,
            started_at="",
            labels={},
        )
        self.disk = ""
        self.serves = "v1"
        self.done: list[str] = []
        self.crashes = False

    def containers(self, role: str | None = None) -> list[Container]:
        return [self.c] if role in (None, "web") else []

    def inspect(self, _id: str) -> Container:
        return self.c

    def environment(self, _c: Container) -> dict[str, str]:
        return dict(ENV)

    def start(self, _c: Container) -> None:
        self.done.append("start")
        self.c = dataclasses.replace(self.c, state="running")

    def kill(self) -> None:
        self.c = dataclasses.replace(self.c, state="exited", exit_code=137)

    def exec(self, _c: Container, argv: Sequence[str]) -> ExecResult:
        if argv[0] == "cat":
            return ExecResult(0 if self.disk else 1, self.disk)
        if argv[0] == "curl":
            told = json.dumps({"release": self.serves})
            return ExecResult(0, told) if self.serves else ExecResult(7, "")
        if "mv" in argv[2]:
            self.disk = argv[4]
            self.done.append("write")
        elif "restart" in argv[2]:
            self.done.append("restart")
            name = self.disk.splitlines()[0].removeprefix("RELEASE=")
            self.serves = "" if self.crashes else name
        return ExecResult(0, "")


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr(box, "UP_BOUND", 0.2)
    return Box()


def deploy(one: Box, tmp_path: Path, release: Release, **more: object) -> None:
    paths = Paths(tmp_path, tmp_path / ".tenfold")
    out = Output(as_json=True)
    deploys.deploy(paths, one, 1, "drill", release, out, **more)  # type: ignore[arg-type]


def test_in_place(one: Box, tmp_path: Path) -> None:
    deploy(one, tmp_path, Release("v2", "slow"))
    assert one.done == ["write", "restart"]
    assert one.disk == "RELEASE=v2\nFAULT=slow\n"
    assert deploys.where(one) == {"ec2-1": Release("v2", "slow")}  # type: ignore[arg-type]
    deploy(one, tmp_path, Release("v2", "slow"))
    assert one.done == ["write", "restart"], "it has it already"
    deploy(one, tmp_path, Release("v2"))
    assert deploys.where(one) == {"ec2-1": Release("v2")}  # type: ignore[arg-type]


def test_a_dead_box_is_started_first(one: Box, tmp_path: Path) -> None:
    one.kill()
    deploy(one, tmp_path, Release("v2"))
    assert one.done == ["start", "write", "restart"]


def test_a_release_that_never_answers(one: Box, tmp_path: Path) -> None:
    one.crashes = True
    with pytest.raises(TenfoldError) as caught:
        deploy(one, tmp_path, Release("v3", "crash"))
    assert caught.value.exit_code == FAILED
    assert "RELEASE=v1` goes back" in caught.value.do


def test_the_box_dies_in_mid_deploy(one: Box, tmp_path: Path) -> None:
    with pytest.raises(TenfoldError, match="ec2-1 is exited") as caught:
        deploy(one, tmp_path, Release("v2"), hook=lambda *_: one.kill())
    assert "`make deploy RELEASE=v2` goes on" in caught.value.do
