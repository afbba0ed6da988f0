"""A rolling deploy in memory: who comes first, what waits for what, where it stops."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tenfold import controlplane_client as controlplane
from tenfold import deploy as deploys
from tenfold import release as releases
from tenfold import stages
from tenfold.deploy import rolling
from tenfold.engine import Container, NotFound
from tenfold.errors import FAILED, INTERRUPTED, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.release import Release

IMAGE = "tenfold/app:dev"


def container(service: str, role: str, state: str = "running") -> Container:
    return Container(
        id=f"{service}-old",
        name=f"tenfold-{service}-1",
        service=service,
        number=1,
        role=role,
        az="a",
        region="us",
        state=state,
        health="healthy",
        ip="10.30.128.2",
        image=IMAGE,
        exit_code=0,
        oom_killed=False,
        started_at="",
        labels={},
    )


class World:
    """Two instances, two workers, a release job, a load balancer."""

    def __init__(self) -> None:
        self.box: dict[str, Container] = {}
        self.env: dict[str, dict[str, str]] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.image = "sha256:1"
        self.done: list[str] = []
        self.when: dict[str, Callable[[], None]] = {}
        """what happens besides, once, when this is done"""
        self.draining: set[str] = set()
        self.dies: set[str] = set()
        """services whose next container ends at once"""
        self.job_code = 0
        self.scaled = False
        self.group: dict[str, dict[str, str]] = {}
        """what Auto Scaling says of its instances"""
        self.events: list[dict[str, str]] = []
        """the control plane's"""
        for service, role in (
            ("web-a", "web"),
            ("web-b", "web"),
            ("worker-a", "worker"),
            ("worker-b", "worker"),
            ("release", "release"),
        ):
            self.add(container(service, role), {"RELEASE": "v1"})

    def add(self, c: Container, env: dict[str, str]) -> None:
        self.box[c.id], self.env[c.id], self.labels[c.id] = c, env, {}

    def note(self, what: str) -> None:
        self.done.append(what)
        self.when.pop(what, lambda: None)()

    # the engine
    def containers(self, role: str | None = None) -> list[Container]:
        return [c for c in self.box.values() if role in (None, c.role)]

    def one(self, role: str) -> Container:
        return self.containers(role)[0]

    def inspect(self, container_id: str) -> Container:
        if container_id not in self.box:
            raise NotFound(container_id)
        return self.box[container_id]

    def environment(self, c: Container) -> dict[str, str]:
        return dict(self.env[c.id])

    def image_id(self, _name: str) -> str:
        return self.image

    def image_of(self, c: Container) -> str:
        return self.env[c.id].get("image", "sha256:1")

    def recreate(
        self,
        c: Container,
        *,
        env: Mapping[str, str],
        image: str,
        labels: dict[str, str],
        grace: int,
    ) -> Container:
        self.inspect(c.id)
        self.note(f"renew {c.service}")
        if c.role == "web" and c.running and c.short in self.targets():
            assert c.short in self.draining, "ended with requests in flight"
        old = self.env.pop(c.id)
        del self.box[c.id]
        state = "exited" if c.service in self.dies or c.role == "release" else "running"
        code = self.job_code if c.role == "release" else 0
        fresh = dataclasses.replace(
            c, id=f"{c.service}-{len(self.done)}", state=state, exit_code=code
        )
        plain = {k: v for k, v in {**old, **env}.items() if v}
        self.add(fresh, {**plain, "image": self.image})
        self.labels[fresh.id] = labels
        self.draining.discard(c.short)
        return fresh

    def logs(self, _c: Container, _tail: int) -> str:
        return "relation does not exist"

    # the load balancer
    def targets(self) -> dict[str, dict[str, Any]]:
        def state(c: Container) -> str:
            if c.short in self.draining:
                return "draining"
            return "healthy" if c.running else "unhealthy"

        return {
            c.short: {"state": state(c), "instance": c.id, "drained": True}
            for c in self.containers("web")
        }

    def ask(self, _engine: Any, method: str, path: str, body: Any = None) -> Any:
        if path.startswith("/events"):
            return {"events": self.events}
        if method == "GET":
            return {
                "alb": {"targets": self.targets()},
                **({"asg": {"instances": self.group}} if self.scaled else {}),
            }
        if path == "/template":
            self.done.append(f"template {body['env']['RELEASE']}")
            return {}
        name = path.removeprefix("/target/")
        self.note(f"{'drain' if body['draining'] else 'register'} {name}")
        (self.draining.add if body["draining"] else self.draining.discard)(name)
        others = {n for n, t in self.targets().items() if t["state"] == "healthy"}
        assert others, "nobody is left to serve"
        return {}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    one = World()
    monkeypatch.setattr(controlplane, "ask", one.ask)
    monkeypatch.setattr(controlplane, "state", lambda _engine: one.ask(None, "GET", ""))
    monkeypatch.setattr(rolling.Rolling, "_services", lambda _self: {})
    hashes = {c.service: f"hash of {c.service}" for c in one.containers()}
    monkeypatch.setattr(rolling.Rolling, "_asked_of_compose", lambda _self: hashes)
    monkeypatch.setattr(rolling, "HEALTHY_BOUND", 0.3)
    return one


def deploy(world: World, tmp_path: Path, release: Release, **more: Any) -> None:
    paths = Paths(tmp_path, tmp_path / ".tenfold")
    deploys.deploy(paths, world, 3, "drill", release, Output(as_json=True), **more)  # type: ignore[arg-type]


def test_the_job_first_then_one_after_the_other(world: World, tmp_path: Path) -> None:
    deploy(world, tmp_path, Release("v2"))
    assert world.done == [
        "renew release",
        "drain web-a-1",
        "renew web-a",
        "drain web-b-1",
        "renew web-b",
        "renew worker-a",
        "renew worker-b",
    ]
    assert {r.name for r in deploys.where(world).values()} == {"v2"}  # type: ignore[arg-type]
    assert releases.current(Paths(tmp_path, tmp_path / ".tenfold")) == Release("v2")
    web = world.containers("web")[0]
    assert world.labels[web.id][rolling.HASH_LABEL] == "hash of web-a", "Compose goes on owning it"
    assert int(world.labels[web.id][rolling.TEMPLATE_LABEL]) > 0


def test_what_has_it_already_is_left_alone(world: World, tmp_path: Path) -> None:
    deploy(world, tmp_path, Release("v2"))
    world.done.clear()
    deploy(world, tmp_path, Release("v2"))
    assert not world.done
    world.image = "sha256:2"
    deploy(world, tmp_path, Release("v2"))
    assert "renew web-a" in world.done, "a rebuilt image is another release of that name"


def test_the_dead_come_first_and_need_no_draining(world: World, tmp_path: Path) -> None:
    b = world.box["web-b-old"]
    world.box[b.id] = dataclasses.replace(b, state="exited")
    deploy(world, tmp_path, Release("v2"))
    assert world.done[1:4] == ["renew web-b", "drain web-a-1", "renew web-a"]


def test_one_that_dies_stops_it_and_it_goes_on_from_there(world: World, tmp_path: Path) -> None:
    world.dies = {"web-a"}
    with pytest.raises(TenfoldError) as caught:
        deploy(world, tmp_path, Release("v3", "crash"))
    assert caught.value.exit_code == FAILED
    assert "web-a-1 is exited" in caught.value.message
    assert "v1: web-b-1, worker-a-1, worker-b-1" in caught.value.message
    assert "`make deploy RELEASE=v1` goes back" in caught.value.do
    assert "drain web-b-1" not in world.done, "the last that serves is left alone"
    world.dies.clear()
    world.done.clear()
    deploy(world, tmp_path, Release("v1"))
    assert world.done == ["renew release", "renew web-a"]


@pytest.mark.parametrize("reason", ["scale-in", "dead"])
def test_only_one_that_is_not_needed_any_more_stops_nothing(
    reason: str, world: World, tmp_path: Path
) -> None:
    """It was ended in order, by name, for being one too many; any other end is the release's."""
    world.dies = {"web-b"}
    world.events = [{"event": "terminating", "resource": "web-b-1", "reason": reason}]
    if reason == "dead":
        with pytest.raises(TenfoldError, match="web-b-1 is exited"):
            deploy(world, tmp_path, Release("v2"))
        return

    def removed() -> None:
        world.box = {one: c for one, c in world.box.items() if c.service != "web-b"}

    world.when["renew worker-a"] = removed
    deploy(world, tmp_path, Release("v2"))
    assert world.done[-2:] == ["renew worker-a", "renew worker-b"]
    assert {r.name for r in deploys.where(world).values()} == {"v2"}  # type: ignore[arg-type]


def test_a_release_job_that_fails_touches_no_instance(world: World, tmp_path: Path) -> None:
    world.job_code = 1
    with pytest.raises(TenfoldError, match="relation does not exist"):
        deploy(world, tmp_path, Release("v2"))
    assert world.done == ["renew release"]


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_while_it_drains_puts_the_instance_back(world: World, tmp_path: Path) -> None:
    world.when["drain web-b-1"] = ctrl_c
    with pytest.raises(TenfoldError) as caught:
        deploy(world, tmp_path, Release("v2"))
    assert caught.value.exit_code == INTERRUPTED
    assert "v1: web-b-1, worker-a-1, worker-b-1; v2: web-a-1" in caught.value.message
    assert world.done[-2:] == ["drain web-b-1", "register web-b-1"]


def test_ctrl_c_never_leaves_half_an_instance(world: World, tmp_path: Path) -> None:
    """The signal comes when the old container is gone and the new one is not there yet."""
    world.when["renew web-a"] = ctrl_c
    with pytest.raises(TenfoldError) as caught:
        deploy(world, tmp_path, Release("v2"))
    assert caught.value.exit_code == INTERRUPTED
    assert {c.service for c in world.containers("web")} == {"web-a", "web-b"}
    assert world.done[-1] == "renew web-a"
    deploy(world, tmp_path, Release("v2"))
    assert world.done[-5:] == [
        "renew release",
        "drain web-b-1",
        "renew web-b",
        "renew worker-a",
        "renew worker-b",
    ]


def test_auto_scaling_is_told_first_and_may_replace_one_on_the_way(
    world: World, tmp_path: Path
) -> None:
    """The instance in hand is gone, and another one of the release before has its name."""
    world.scaled = True

    def replaced() -> None:
        old = world.box.pop("web-a-old")
        world.draining.clear()
        world.add(dataclasses.replace(old, id="web-a-replaced"), {"RELEASE": "v1"})

    world.when["drain web-a-1"] = replaced
    deploy(world, tmp_path, Release("v2"))
    assert world.done[:2] == ["template v2", "renew release"]
    assert {r.name for r in deploys.where(world).values()} == {"v2"}  # type: ignore[arg-type]


def test_what_auto_scaling_is_ending_is_left_to_it(world: World, tmp_path: Path) -> None:
    """Before it is its turn, and while it drains: made anew it would be one too many."""
    world.scaled = True
    world.group["web-a-1"] = {"lifecycle": "terminating"}

    def this_one_too() -> None:
        world.group["web-b-1"] = {"lifecycle": "terminating"}

    world.when["drain web-b-1"] = this_one_too
    deploy(world, tmp_path, Release("v2"))
    assert not {"renew web-a", "renew web-b", "register web-b-1"} & set(world.done)
    assert world.done[-2:] == ["renew worker-a", "renew worker-b"]


def test_a_drill_strikes_before_the_instance_serves(world: World, tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    deploy(world, tmp_path, Release("v2"), hook=lambda m, c: seen.append((m, c.short)))
    assert seen == [("started", "web-a-1"), ("started", "web-b-1")]


def test_stages_is_read_for_what_is_missing() -> None:
    """What `_make_missing` goes by: instances and workers extend these two."""
    for number in (2, 3):
        raw = stages.read(Paths.here(), number).services
        kinds = {name: (s.get("extends") or {}).get("service") for name, s in raw.items()}
        assert {kinds["web-a"], kinds["web-b"]} == {"web"}
