"""Auto Scaling against the real engine: small containers of a project of their own, a fake ALB.

The instances answer nothing and burn CPU when a file tells them to; the ALB here holds an instance
for healthy as soon as it runs, as one whose health check passes does.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors
import pytest
from standin import NotBuilt

from controlplane.alb_health import DRAINING, HEALTHY, UNHEALTHY
from controlplane.asg import AsgLoop
from controlplane.asg_instances import LAUNCHED_LABEL
from controlplane.settings import Settings
from tenfold.engine import (
    NUMBER_LABEL,
    ONEOFF_LABEL,
    PROJECT_LABEL,
    SERVICE_LABEL,
    Container,
    Engine,
    EngineError,
)
from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

IMAGE = "tenfold/controlplane:dev"
PYTHON = "/opt/venv/bin/python"
# Ends at SIGTERM as a server does; burns CPU while /tmp/busy is there.
INSTANCE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    if os.path.exists("/tmp/busy"):
        sum(range(20000))
    else:
        time.sleep(0.05)
"""


@dataclass(frozen=True)
class Target:
    state: str
    instance: str = ""


class MemoryAlb:
    """Holds for healthy what runs; keeps its list as the real one does, whoever asks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.draining: set[str] = set()
        self.inflight: set[str] = set()
        self.unhealthy: set[str] = set()

    def target(self, name: str) -> Target | None:
        if name in self.draining:
            return Target(DRAINING)
        if name in self.unhealthy:
            return Target(UNHEALTHY)
        running = {c.short for c in self.engine.containers("web", running=True)}
        return Target(HEALTHY) if name in running else None

    def deregister(self, name: str) -> None:
        self.draining.add(name)

    def drained(self, name: str) -> bool:
        return name not in self.inflight


class Said:
    """The events, in order."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str, dict[str, Any]]] = []

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        self.all.append((event, resource, detail))

    def has(self, event: str, resource: str = "") -> bool:
        return any(e == event and resource in ("", r) for e, r, _ in self.all)


class Group:
    """A group of two in its own Compose project, and the loop that looks after it."""

    def __init__(self) -> None:
        self.engine = Engine(f"asg-{secrets.token_hex(4)}-contract")
        self.api = self.engine.client.api
        self.alb = MemoryAlb(self.engine)
        self.said = Said()
        self.settings = Settings(
            project=self.engine.project,
            alb_health_interval=1,
            alb_health_timeout=1,
            alb_unhealthy_threshold=2,
            alb_healthy_threshold=2,
            alb_drain_seconds=20,
            asg_period=1,
            asg_out_periods=2,
            asg_in_periods=3,
            asg_target_cpu=50,
            asg_grace=5,
            asg_cooldown=1,
            rds_detect_seconds=2,
            rds_replace_seconds=30,
            asg_min=2,
            asg_max=3,
        )
        self.network = self.engine.client.networks.create(self.engine.network_name())
        self.loop = self.fresh_loop()
        for service in ("web-a", "web-b"):
            self.make(service)

    def fresh_loop(self) -> AsgLoop:
        return AsgLoop(self.engine, self.alb, self.settings, self.said)

    def make(self, service: str) -> None:
        labels = {
            PROJECT_LABEL: self.engine.project,
            SERVICE_LABEL: service,
            NUMBER_LABEL: "1",
            ONEOFF_LABEL: "False",
            "tenfold.role": "web",
            "tenfold.az": service[-1],
            "tenfold.region": "us",
        }
        made = self.api.create_container(
            IMAGE,
            entrypoint=[PYTHON, "-S", "-c", INSTANCE],
            name=f"{self.engine.project}-{service}-1",
            environment={"AZ": service[-1]},
            labels=labels,
            host_config=self.api.create_host_config(
                init=True, mem_limit="48m", nano_cpus=100_000_000, tmpfs={"/tmp": "size=1m"}
            ),
            networking_config=self.api.create_networking_config(
                {  # type: ignore[arg-type]
                    self.engine.network_name(): self.api.create_endpoint_config(aliases=[service])
                }
            ),
        )
        self.api.start(made["Id"])

    def tick_until(self, what: str, check: Callable[[], Any], bound: float = 15) -> None:
        def once() -> bool:
            self.loop.tick()
            return bool(check())

        try:
            wait_until(what, once, bound, every=0.1)
        except Exception as error:
            error.add_note(f"{self.loop.state()}\n{self.said.all}")
            raise

    def steady(self) -> None:
        self.tick_until(
            "two in service",
            lambda: (
                (s := self.loop.state())["in_service"] == s["desired"] == 2
                and len(s["instances"]) == 2
            ),
        )
        self.said.all.clear()

    def busy(self, *, on: bool) -> None:
        for c in self.engine.containers("web", running=True):
            self.engine.exec(c, ["touch" if on else "rm", "/tmp/busy"])

    def named(self, short: str) -> Container:
        return next(c for c in self.engine.containers("web") if c.short == short)

    @property
    def names(self) -> list[str]:
        return [c.short for c in self.engine.containers("web", running=True)]

    def close(self) -> None:
        for c in self.engine.containers():
            self.engine.remove(c)
        self.network.remove()


@pytest.fixture
def group() -> Iterator[Group]:
    try:
        docker.from_env(timeout=20).images.get(IMAGE)
    except docker.errors.ImageNotFound:
        raise NotBuilt(f"image {IMAGE} is not built; run `make setup`") from None
    except docker.errors.DockerException as error:
        raise EngineError(f"no Docker engine answers: {error}") from error
    made = Group()
    try:
        made.steady()
        yield made
    finally:
        made.close()


def test_out_on_cpu_and_in_again_drained(group: Group) -> None:
    group.busy(on=True)
    group.tick_until("a third in service", lambda: group.said.has("in_service"), bound=20)
    assert [e for e, _, _ in group.said.all] == ["capacity_changed", "launching", "in_service"]
    third = next(r for e, r, _ in group.said.all if e == "launching")
    assert LAUNCHED_LABEL in group.named(third).labels
    group.alb.inflight = {third}
    group.busy(on=False)
    group.tick_until("scale-in", lambda: group.said.has("terminating"), bound=20)
    assert group.said.all[-1][1:] == (third, {"reason": "scale-in"})
    # A request is in flight: looked at often, it stays.
    began = time.monotonic()
    group.tick_until("a second of draining", lambda: time.monotonic() - began > 1)
    assert third in group.names
    group.alb.inflight.clear()
    group.tick_until("the end of it", lambda: group.said.has("terminated", third))
    assert group.names == ["web-a-1", "web-b-1"]


def test_a_copy_is_like_its_source_and_composes_own(group: Group) -> None:
    group.engine.kill(group.named("web-b-1"))
    group.tick_until("its replacement", lambda: group.said.has("in_service", "web-b-2"))
    group.tick_until("the dead one to go", lambda: group.said.has("terminated", "web-b-1"))
    assert {e: d.get("reason") for e, _, d in group.said.all}["terminating"] == "dead"
    copy = group.named("web-b-2")
    raw = group.api.inspect_container(copy.id)
    network = raw["NetworkSettings"]["Networks"][group.engine.network_name()]
    assert (copy.service, copy.number, copy.az) == ("web-b", 2, "b")
    assert copy.labels[PROJECT_LABEL] == group.engine.project
    assert copy.labels[ONEOFF_LABEL] == "False"
    assert (raw["HostConfig"]["NanoCpus"], raw["HostConfig"]["Init"]) == (100_000_000, True)
    assert raw["HostConfig"]["Tmpfs"] == {"/tmp": "size=1m"}
    assert "web-b" in network["Aliases"]
    assert "web-b-1" not in " ".join(network["DNSNames"])
    assert raw["Config"]["Hostname"] == copy.id[:12]


def test_a_lost_az_is_filled_from_the_other(group: Group) -> None:
    group.engine.remove(group.named("web-b-1"))
    group.tick_until("one in the same AZ", lambda: group.said.has("in_service", "web-b-1"))
    copy = group.named("web-b-1")
    network = group.api.inspect_container(copy.id)["NetworkSettings"]["Networks"]
    assert (copy.service, copy.az) == ("web-b", "b")
    assert group.engine.environment(copy)["AZ"] == "b"
    assert network[group.engine.network_name()]["Aliases"] == ["web-b"]


def test_a_frozen_instance_is_ended_too(group: Group) -> None:
    group.settings.asg_grace = 0
    group.engine.pause(group.named("web-a-1"))
    group.alb.unhealthy = {"web-a-1"}
    group.tick_until("the end of it", lambda: group.said.has("terminated", "web-a-1"))
    told = [(e, r) for e, r, _ in group.said.all]
    assert told == [
        ("launching", "web-a-2"),
        ("in_service", "web-a-2"),
        ("terminating", "web-a-1"),
        ("terminated", "web-a-1"),
    ]
    assert group.names == ["web-a-2", "web-b-1"]


def test_a_loop_killed_in_mid_action_is_followed_by_one_that_finishes(group: Group) -> None:
    # Killed while a scaled-in instance drained, and between making and starting another one.
    third = group.engine.clone(group.named("web-a-1"), labels={LAUNCHED_LABEL: "asg"})
    group.alb.deregister(third.short)
    group.alb.inflight = {third.short}
    raw = group.api.inspect_container(group.named("web-b-1").id)
    raw["Config"]["Labels"] |= {LAUNCHED_LABEL: "asg", NUMBER_LABEL: "2"}
    config = {**raw["Config"], "HostConfig": raw["HostConfig"], "Hostname": "unstarted"}
    group.api.create_container_from_config(config, f"{group.engine.project}-web-b-2")
    group.loop = group.fresh_loop()
    group.tick_until("the start of the unstarted", lambda: group.said.has("in_service", "web-b-2"))
    assert group.loop.state()["instances"][third.short]["lifecycle"] == "terminating"
    assert not group.said.has("terminated")
    group.alb.inflight.clear()
    group.tick_until("the end of the draining", lambda: group.said.has("terminated", third.short))
    assert third.short not in group.names
    assert {"web-a-1", "web-b-1"} <= set(group.names)


def test_a_stage_that_goes_down_is_not_fought(group: Group) -> None:
    """`down` ends instances and this loop alike; the loop has at most a second left."""
    stopping = threading.Event()

    def down() -> None:
        engine = Engine(group.engine.project)
        with contextlib.suppress(EngineError):
            for c in engine.containers("web"):
                engine.stop(c, 2)
                engine.remove(c)
        stopping.set()

    thread = threading.Thread(target=down, daemon=True)
    group.settings.asg_period = 5
    thread.start()
    began = time.monotonic()
    group.tick_until(
        "the end of all", lambda: stopping.is_set() and time.monotonic() - began > 1.5, bound=10
    )
    thread.join(5)
    assert group.engine.containers("web") == []
    assert not group.said.has("launching")
