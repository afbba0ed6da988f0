"""Faults of deploys and of memory: what they prove, and that healing repeats safely."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tenfold import deploy as deploys
from tenfold import release as releases
from tenfold import stages
from tenfold.deploy.base import STARTED
from tenfold.engine import ExecResult
from tenfold.errors import INTERRUPTED, TenfoldError
from tenfold.faults import from_record, to_record
from tenfold.faults.base import NoEffect
from tenfold.faults.deploys import BadDeploy, DeployDies
from tenfold.faults.leak import kills
from tenfold.release import Release
from tests.unit.drills.fake_engine import FakeEngine, container


class World(FakeEngine):
    """Two instances; a deploy gives both the release, unless it is told to do otherwise."""

    def __init__(self) -> None:
        super().__init__(container("web-a", "web"), container("web-b", "web"))
        self.release = Release()
        self.status = "200"
        self.error: TenfoldError | None = None
        self.deployed: list[str] = []

    def exec(self, c: Any, argv: Any) -> ExecResult:
        return ExecResult(0, f"{'200' if 'healthz' in argv[-1] else self.status} 0.01")

    def deploy(
        self,
        _paths: Any,
        _engine: Any,
        _stage: int,
        _pace: str,
        release: Release,
        _out: Any,
        hook: Any,
    ) -> float:
        self.deployed.append(str(release))
        hook(STARTED, self.box["id-web-a"])
        if self.error:
            error, self.error = self.error, None
            raise error
        for c in self.containers("web"):
            if c.state == "exited" and release == Release():
                self.start(c)
            self.env[c.id] = {k: v for k, v in release.env.items() if v}
        self.release = release
        return 1.0


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    one = World()
    running = stages.Running(2, "drill", 8080, True, ())
    monkeypatch.setattr(stages, "need", lambda *_: running)
    monkeypatch.setattr(deploys, "deploy", one.deploy)
    monkeypatch.setattr(releases, "current", lambda _paths: one.release)
    return one


def test_a_bad_deploy_is_proven_by_requests_that_fail(world: World) -> None:
    fault = BadDeploy("errors")
    assert from_record(to_record(fault)) == fault
    state = fault.plan(world, {})  # type: ignore[arg-type]
    fault.inject(world, state)  # type: ignore[arg-type]
    assert world.deployed == ["v1-bad-errors FAULT=errors"]
    with pytest.raises(NoEffect, match="0 of 20 failed"):
        fault.took_effect(world, state)  # type: ignore[arg-type]
    world.status = "500"
    assert "fails 20 of 20" in fault.took_effect(world, state)  # type: ignore[arg-type]
    world.env["id-web-b"] = {"RELEASE": "v1"}
    with pytest.raises(NoEffect, match="web-b-1"):
        fault.took_effect(world, state)  # type: ignore[arg-type]
    assert fault.heal(world, state) == ["v1 is deployed again"]  # type: ignore[arg-type]
    assert fault.heal(world, state) == []  # type: ignore[arg-type]


def test_a_feature_that_is_not_slow_is_no_fault(world: World) -> None:
    fault = BadDeploy("slow")
    state = fault.plan(world, {})  # type: ignore[arg-type]
    fault.inject(world, state)  # type: ignore[arg-type]
    with pytest.raises(NoEffect, match="within 0.01 s"):
        fault.took_effect(world, state)  # type: ignore[arg-type]


def test_the_instance_that_has_just_started_dies(world: World) -> None:
    fault = DeployDies()
    state = fault.plan(world, {})  # type: ignore[arg-type]
    world.error = TenfoldError("the deploy of v1-next stopped: web-a-1 is exited")
    fault.inject(world, state)  # type: ignore[arg-type]
    assert world.box["id-web-a"].state == "exited"
    assert "stopped: web-a-1 is exited" in fault.took_effect(world, state)  # type: ignore[arg-type]
    assert state["at"] > 0
    assert fault.heal(world, state) == ["v1 is deployed again"]  # type: ignore[arg-type]
    assert world.box["id-web-a"].running
    assert fault.heal(world, state) == []  # type: ignore[arg-type]


def test_a_kill_that_did_nothing_is_no_fault(world: World) -> None:
    fault, world.deaf = DeployDies(), True
    state = fault.plan(world, {})  # type: ignore[arg-type]
    fault.inject(world, state)  # type: ignore[arg-type]
    with pytest.raises(NoEffect, match="running after the kill"):
        fault.took_effect(world, state)  # type: ignore[arg-type]


def test_ctrl_c_in_mid_deploy_ends_the_drill(world: World) -> None:
    fault = DeployDies()
    state = fault.plan(world, {})  # type: ignore[arg-type]
    world.error = TenfoldError("half-way", exit_code=INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        fault.inject(world, state)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("memory.events", "low 0\noom 4\noom_kill 3\noom_group_kill 0\n"),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
    ],
)
def test_the_kernels_count_in_both_versions_of_control_groups(path: str, text: str) -> None:
    engine = FakeEngine(container("web-a", "web"))
    engine.answers = [(path, text)]
    assert kills(engine, engine.box["id-web-a"]) == 3  # type: ignore[arg-type]
    dead = dataclasses.replace(engine.box["id-web-a"], state="exited", oom_killed=True)
    assert kills(engine, dead) == 1  # type: ignore[arg-type]
