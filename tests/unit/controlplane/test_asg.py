"""The Auto Scaling loop against an engine and an ALB in memory: no instance too many, none lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from controlplane.asg import AsgLoop
from controlplane.asg_instances import (
    LAUNCHED_LABEL,
    STOP_GRACE,
    TEMPLATE_LABEL,
    Instances,
    unix,
)
from tenfold.engine import ONEOFF_LABEL, Container, EngineError

NOW = 1_800_000_000.0
NEVER = "0001-01-01T00:00:00Z"


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


@dataclass
class FakeTarget:
    state: str
    instance: str = ""


class World:
    """Two AZs, an engine, an ALB, their clock, settings and events: all that the loop meets."""

    def __init__(self) -> None:
        self.now = NOW
        self.box: dict[str, Container] = {}
        self.cpu: dict[str, float] = {}
        """CPU seconds used, by id"""
        self.load = 0.0
        """percent of its limit that each instance uses"""
        self.made = 0
        self.clone_fails = ""
        self.env: dict[str, dict[str, str]] = {}
        # the ALB
        self.targets: dict[str, FakeTarget] = {}
        self.inflight: set[str] = set()
        self.list_read = True
        self.healthy_after = 1.0
        # the settings
        self.alb_drain_seconds = 10.0
        self.asg_period, self.asg_out_periods, self.asg_in_periods = 5.0, 3, 15
        self.asg_target_cpu, self.asg_grace, self.asg_cooldown = 50.0, 10.0, 10.0
        self.asg_min, self.asg_max = 2, 6
        self.asg_services: tuple[str, ...] = ()
        self.off: set[str] = set()
        # the events
        self.said: list[tuple[str, str]] = []
        self.detail: list[dict[str, Any]] = []
        for service in ("web-a", "web-b"):
            self.add(service, started=NOW - 60)
            self.targets[f"{service}-1"] = FakeTarget("healthy")
        self.loop = self.fresh_loop()

    def fresh_loop(self) -> AsgLoop:
        return AsgLoop(self, self, self, self, clock=lambda: self.now)  # type: ignore[arg-type]

    # the engine
    def add(
        self, service: str, number: int = 1, started: float | None = None, **changed: Any
    ) -> Container:
        self.made += 1
        labels = {"com.docker.compose.project": "tenfold", **changed.pop("labels", {})}
        c = Container(
            id=f"id{self.made}",
            name=f"tenfold-{service}-{number}",
            service=service,
            number=number,
            role="web",
            az=service[-1],
            region="us",
            state="running",
            health="healthy",
            ip=f"10.30.128.{self.made}",
            image="tenfold/app:dev",
            exit_code=0,
            oom_killed=False,
            started_at=stamp(self.now if started is None else started),
            labels=labels,
            finished_at=NEVER,
        )
        self.box[c.id] = dataclasses.replace(c, **changed)
        self.cpu[c.id] = 0.0
        return self.box[c.id]

    def containers(
        self, role: str | None = None, *, az: str = "", running: bool = False
    ) -> list[Container]:
        assert role == "web" or az
        there = [c for c in self.box.values() if (c.az == az if az else c.role == role)]
        return sorted((c for c in there if c.running or not running), key=lambda c: c.name)

    def clone(
        self,
        source: Container,
        *,
        service: str | None = None,
        env: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Container:
        assert source.id in self.box
        if self.clone_fails:
            raise EngineError(self.clone_fails)
        service = service or source.service
        taken = {c.number for c in self.box.values() if c.service == service}
        number = next(n for n in range(1, 99) if n not in taken)
        c = self.add(service, number, labels=labels)
        assert (labels or {}).get("tenfold.az", c.az) == c.az
        self.env[c.short] = dict(env or {})
        return c

    def start(self, c: Container) -> None:
        self.change(c.short, state="running", started_at=stamp(self.now))

    def kill(self, c: Container, signal: str) -> None:
        assert signal == "TERM"
        assert c.short not in self.inflight, "ended with requests in flight"
        if c.short not in self.deaf:
            self.end(c.short, 0)

    deaf: frozenset[str] = frozenset()
    throttled: Mapping[str, float] = {}

    def remove(self, c: Container) -> None:
        del self.box[c.id]
        self.targets.pop(c.short, None)

    def cpu_usage(self, containers: Iterable[Container]) -> dict[str, tuple[float, float]]:
        return {c.id: (self.cpu[c.id], self.now) for c in containers if c.running}

    def cpu_limit(self, c: Container) -> float:
        return self.throttled.get(c.short, 0.25)

    # the ALB
    def target(self, name: str) -> FakeTarget | None:
        return self.targets.get(name) if self.list_read else None

    def deregister(self, name: str) -> None:
        if name in self.targets:
            self.targets[name].state = "draining"

    def drained(self, name: str) -> bool:
        if not self.list_read:
            return False
        target = self.targets.get(name)
        return target is None or (target.state == "draining" and name not in self.inflight)

    # settings and events
    def is_off(self, switch: str) -> bool:
        return switch in self.off

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        assert loop == "asg"
        self.said.append((event, resource))
        self.detail.append(detail)

    # what happens
    def named(self, short: str) -> Container:
        return next(c for c in self.box.values() if c.short == short)

    def change(self, short: str, **changed: Any) -> None:
        c = self.named(short)
        self.box[c.id] = dataclasses.replace(c, **changed)

    def end(self, short: str, code: int = 137) -> None:
        self.change(
            short, state="exited", exit_code=code, finished_at=stamp(self.now), ip="", health=""
        )

    def gone(self, short: str) -> None:
        self.remove(self.named(short))

    def pass_time(self, seconds: float) -> list[tuple[str, str]]:
        """Ticks each half second; answers what was said meanwhile."""
        before = len(self.said)
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            for c in self.box.values():
                self.cpu[c.id] += 0.5 * 0.25 * self.load / 100
                if (
                    c.role == "web"
                    and c.running
                    and self.now - unix(c.started_at) >= self.healthy_after
                ):
                    # The ALB's own loop registers what runs.
                    self.targets.setdefault(c.short, FakeTarget("healthy"))
            self.loop.tick()
            active = [i for i in self.instances.values() if i["lifecycle"] != "terminating"]
            assert len(active) <= self.asg_max
        return self.said[before:]

    @property
    def instances(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.loop.state()["instances"]
        return found

    @property
    def running(self) -> list[str]:
        return sorted(c.short for c in self.box.values() if c.running and c.role == "web")

    def told(self, event: str) -> dict[str, Any]:
        """The detail of the last event of that kind."""
        at = max(i for i, (said, _) in enumerate(self.said) if said == event)
        return self.detail[at]


@pytest.fixture
def world() -> World:
    return World()


# -- a quiet group -------------------------------------------------------------------------


def test_a_quiet_group_is_left_alone(world: World) -> None:
    world.load = 40
    assert world.pass_time(120) == []
    state = world.loop.state()
    assert {k: state[k] for k in ("desired", "min", "max", "in_service", "cpu_percent")} == {
        "desired": 2,
        "min": 2,
        "max": 6,
        "in_service": 2,
        "cpu_percent": 40.0,
    }
    assert state["instances"]["web-a-1"]["lifecycle"] == "in_service"
    assert state["cooldown_left"] == 0
    assert "trouble" not in state


# -- scaling -------------------------------------------------------------------------------


def test_out_after_three_periods_over_both_azs(world: World) -> None:
    world.load = 90
    said = world.pass_time(17)
    assert said == [
        ("capacity_changed", "web"),
        ("launching", "web-a-2"),
        ("launching", "web-b-2"),
        ("in_service", "web-a-2"),
        ("in_service", "web-b-2"),
    ]
    told = world.told("capacity_changed")
    assert (told["old"], told["new"]) == (2, 4)
    assert told["reason"] == "CPU 90 % above 50 % for 3 periods"
    assert world.loop.state()["cooldown_left"] > 0
    assert LAUNCHED_LABEL in world.named("web-a-2").labels
    assert world.loop.state()["activities"][-1]["resource"] == "web-b-2"


def test_out_to_the_maximum_within_the_spikes_time(world: World) -> None:
    world.load = 95
    world.pass_time(31)
    assert world.loop.state()["desired"] == 6
    world.pass_time(60)
    assert len(world.running) == 6


def test_what_warms_up_neither_counts_nor_blocks(world: World) -> None:
    world.load = 60
    world.pass_time(16)
    assert world.loop.state()["desired"] == 3
    # Idle newcomers do not lower the average, and a larger need is met before the cooldown ends.
    world.load = 100
    world.pass_time(5)
    assert world.loop.state()["desired"] == 4


def test_instances_that_never_live_long_are_measured_after_all(world: World) -> None:
    world.load = 95
    world.asg_cooldown = 1000.0
    world.loop = world.fresh_loop()
    world.pass_time(16)
    assert world.loop.state()["desired"] == 4


def test_in_one_at_a_time_drained_first(world: World) -> None:
    world.load = 95
    world.pass_time(40)
    world.load = 5
    world.inflight = {"web-b-3"}
    assert world.pass_time(77) == [
        ("capacity_changed", "web"),
        ("terminating", "web-a-3"),
        ("terminated", "web-a-3"),
    ]
    assert world.told("terminating")["reason"] == "scale-in"
    assert world.pass_time(9) == [("capacity_changed", "web"), ("terminating", "web-b-3")]
    assert world.targets["web-b-3"].state == "draining"
    assert "web-b-3" in world.running
    world.inflight.clear()
    assert world.pass_time(1) == [("terminated", "web-b-3")]
    world.pass_time(60)
    assert world.running == ["web-a-1", "web-b-1"]
    assert world.pass_time(100) == []


def test_draining_is_not_waited_for_for_ever(world: World) -> None:
    world.load = 70
    world.pass_time(16)
    world.load = 0
    world.pass_time(76)
    world.list_read = False  # the ALB is away, and answers nothing
    world.pass_time(20)
    assert world.running == ["web-a-1", "web-b-1"]


def test_one_that_does_not_end_has_its_power_cut(world: World) -> None:
    world.load = 70
    world.pass_time(16)
    world.load = 0
    world.deaf = frozenset({"web-a-2"})
    world.pass_time(75)
    said = world.pass_time(STOP_GRACE + 2)
    assert said[-1] == ("terminated", "web-a-2")
    assert world.running == ["web-a-1", "web-b-1"]


def test_scale_out_off_still_replaces(world: World) -> None:
    world.off = {"scale-out"}
    world.load = 95
    assert world.pass_time(60) == []
    world.end("web-a-1")
    world.pass_time(10)
    assert world.running == ["web-a-2", "web-b-1"]


def test_without_readings_nothing_scales(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.load = 95
    world.pass_time(11)
    monkeypatch.setattr(world, "cpu_usage", lambda containers: {})
    assert world.pass_time(30) == []
    assert world.loop.state()["cpu_percent"] is None


# -- replacing -----------------------------------------------------------------------------


def test_a_killed_instance_is_replaced_after_a_status_check(world: World) -> None:
    world.pass_time(1)
    world.end("web-a-1")
    assert world.pass_time(4.5) == []
    said = world.pass_time(3)
    assert said == [
        ("terminating", "web-a-1"),
        ("terminated", "web-a-1"),
        ("launching", "web-a-2"),
        ("in_service", "web-a-2"),
    ] or said == [
        ("launching", "web-a-2"),
        ("terminating", "web-a-1"),
        ("terminated", "web-a-1"),
        ("in_service", "web-a-2"),
    ]
    assert world.told("terminating")["reason"] == "dead"
    assert world.loop.state()["desired"] == 2


def test_the_alb_may_be_quicker_than_the_status_check(world: World) -> None:
    world.pass_time(1)
    world.end("web-a-1")
    world.targets["web-a-1"].state = "unhealthy"
    assert ("launching", "web-a-2") in world.pass_time(0.5)


def test_an_unhealthy_instance_is_replaced_first_and_ended_then(world: World) -> None:
    world.pass_time(1)
    world.targets["web-b-1"].state = "unhealthy"
    assert world.pass_time(1) == [("launching", "web-b-2")]
    assert world.pass_time(2) == [
        ("in_service", "web-b-2"),
        ("terminating", "web-b-1"),
        ("terminated", "web-b-1"),
    ]
    assert world.told("terminated")["reason"] == "unhealthy"


def test_within_the_grace_period_health_does_not_count(world: World) -> None:
    world.healthy_after = 1e9
    world.pass_time(1)
    world.end("web-a-1")
    world.pass_time(6)
    world.targets["web-a-2"] = FakeTarget("unhealthy")
    assert world.pass_time(8.5) == []
    assert world.instances["web-a-2"]["lifecycle"] == "pending"
    assert ("launching", "web-a-1") in world.pass_time(2)


def test_without_health_checks_the_dead_stay_until_they_are_back_on(world: World) -> None:
    world.off = {"health-check"}
    world.pass_time(1)
    world.end("web-a-1")
    world.targets["web-b-1"].state = "unhealthy"
    assert world.pass_time(60) == []
    world.targets["web-b-1"].state = "healthy"
    world.off = set()
    world.pass_time(5)
    assert world.running == ["web-a-2", "web-b-1"]


def test_a_dead_one_that_is_started_again_in_time_is_kept(world: World) -> None:
    world.pass_time(1)
    world.end("web-a-1")
    world.pass_time(3)
    world.start(world.named("web-a-1"))
    assert world.pass_time(30) == []


def test_all_dead_are_replaced_from_the_dead(world: World) -> None:
    world.pass_time(1)
    world.end("web-a-1")
    world.end("web-b-1")
    world.clone_fails = "no space left"
    world.pass_time(30)
    assert world.loop.state()["trouble"] == "no space left"
    assert len(world.box) == 2, "the last that can be copied are kept"
    world.clone_fails = ""
    world.pass_time(35)
    assert world.running == ["web-a-2", "web-b-2"]
    assert len(world.box) == 2
    assert "trouble" not in world.loop.state()


def test_launches_that_fail_are_tried_less_and_less_often(world: World) -> None:
    world.clone_fails = "no"
    world.pass_time(1)
    world.end("web-a-1")
    said = world.pass_time(60)
    assert 4 <= said.count(("launch_failed", "web-a")) <= 7


def test_a_lost_az_is_launched_from_the_other(world: World) -> None:
    world.pass_time(1)
    world.gone("web-b-1")
    assert world.pass_time(4.5) == []
    assert world.pass_time(1) == [("terminated", "web-b-1"), ("launching", "web-b-1")]
    assert world.named("web-b-1").az == "b"
    assert world.env["web-b-1"] == {"AZ": "b"}
    assert world.env.get("web-a-2") is None


def test_the_copy_is_made_of_one_that_serves_on_the_network(world: World) -> None:
    told: list[dict[str, Any]] = []
    hands = Instances(world, world, 10.0, lambda *_, **detail: told.append(detail))  # type: ignore[arg-type]
    world.add("web-a", 2, started=NOW - 1, ip="")
    world.add("web-a", 3, started=NOW - 20)
    serving = {c.id for c in world.box.values()}
    world.add("web-a", 4, started=NOW - 5)
    there = world.containers("web")
    order = []
    while there:
        hands.launch("web-a", {"web-a": "a"}, there, serving, NOW)
        order.append(told[-1]["source"])
        there = [c for c in there if c.short != order[-1]]
    # Serving ones, the newest first; one that is not yet; one cut off; only then the other AZ.
    assert order == ["web-a-3", "web-a-1", "web-a-4", "web-a-2", "web-b-1"]


def test_nothing_is_launched_into_an_az_that_is_cut_off(world: World) -> None:
    """Not for what was lost there, not to balance the AZs; and balanced when it is back."""
    world.pass_time(1)
    address = world.named("web-a-1").ip
    world.change("web-a-1", ip="")
    # A node of the database in the same AZ, which stays when the instance has been ended.
    node = world.add("node-a", role="rds", ip="")
    world.targets["web-a-1"].state = "unhealthy"
    said = world.pass_time(40)
    assert ("launch_failed", "web-a") in said
    assert said.count(("launch_failed", "web-a")) == 1
    assert ("launching", "web-b-2") in said
    assert ("terminated", "web-a-1") in said
    assert world.running == ["web-b-1", "web-b-2"]
    world.box[node.id] = dataclasses.replace(node, ip=address)
    said = world.pass_time(40)
    assert ("launching", "web-a-1") in said
    assert world.running == ["web-a-1", "web-b-1"]


def test_a_throttled_instance_is_no_template(world: World) -> None:
    told: list[dict[str, Any]] = []
    hands = Instances(world, world, 10.0, lambda *_, **detail: told.append(detail))  # type: ignore[arg-type]
    world.throttled = {"web-a-1": 0.05}
    serving = {c.id for c in world.box.values()}
    hands.launch("web-a", {"web-a": "a"}, world.containers("web"), serving, NOW)
    assert told[-1]["source"] == "web-b-1"


# -- what others do ------------------------------------------------------------------------


def test_one_off_containers_and_those_being_replaced_are_no_instances(world: World) -> None:
    world.add("web-a", 7, labels={ONEOFF_LABEL: "True"})
    world.add("web-a", 1, name="0a1b2c_tenfold-web-a-1")
    assert world.pass_time(60) == []
    assert set(world.instances) == {"web-a-1", "web-b-1"}


def test_a_recreated_container_is_no_loss(world: World) -> None:
    world.pass_time(1)
    world.gone("web-a-1")
    assert world.pass_time(2) == []
    world.add("web-a")
    assert world.pass_time(30) == [("in_service", "web-a-1")]


def test_a_name_that_was_anothers_says_nothing(world: World) -> None:
    world.pass_time(1)
    world.targets["web-a-1"] = FakeTarget("unhealthy", instance="an older one")
    assert world.pass_time(20) == []
    world.targets["web-a-1"] = FakeTarget("unhealthy", instance=world.named("web-a-1").id)
    assert ("launching", "web-a-2") in world.pass_time(1)


def test_a_target_that_somebody_else_drains_is_not_ended(world: World) -> None:
    world.pass_time(1)
    world.targets["web-a-1"].state = "draining"
    assert world.pass_time(20) == []
    assert world.running == ["web-a-1", "web-b-1"]


def test_a_stage_that_goes_down_is_not_fought(world: World) -> None:
    """Compose ends all at the same time; this loop is given a second, and is slower than that."""
    world.pass_time(5)
    world.end("web-a-1", 0)
    world.pass_time(1)
    world.gone("web-a-1")
    world.end("web-b-1", 0)
    assert world.pass_time(3) == []


def test_no_instance_at_all_is_said_and_not_fatal(world: World) -> None:
    world.pass_time(1)
    world.gone("web-a-1")
    world.gone("web-b-1")
    world.pass_time(10)
    assert "no instance is left to copy" in world.loop.state()["trouble"]


# -- starting, and starting again ------------------------------------------------------------


def test_a_stage_that_is_starting_is_waited_for(world: World) -> None:
    world.box.clear()
    world.targets.clear()
    assert world.pass_time(30) == []
    assert world.loop.state()["trouble"] == "the stage is starting"
    a = world.add("web-a", state="created", started_at=NEVER, ip="")
    b = world.add("web-b", state="created", started_at=NEVER, ip="")
    assert world.pass_time(60) == []
    world.start(a)
    assert world.pass_time(20) == []
    assert world.instances["web-b-1"]["lifecycle"] == "pending"
    world.start(b)
    assert world.pass_time(5) == [("in_service", "web-b-1")]
    assert world.loop.state()["desired"] == 2
    assert world.running == ["web-a-1", "web-b-1"]


def test_declared_services_are_waited_for(world: World) -> None:
    world.asg_services = ("web-a", "web-b", "web-c")
    world.loop = world.fresh_loop()
    world.pass_time(10)
    assert world.loop.state()["trouble"] == "the stage is starting"


def test_the_albs_list_is_waited_for_but_not_for_ever(world: World) -> None:
    world.list_read = False
    world.pass_time(4)
    assert "not read yet" in world.loop.state()["trouble"]
    world.pass_time(2)
    assert "trouble" not in world.loop.state()


def test_started_again_it_goes_on_with_what_is_there(world: World) -> None:
    world.load = 95
    world.pass_time(17)
    world.loop = world.fresh_loop()
    world.pass_time(0.5)
    state = world.loop.state()
    assert (state["desired"], state["in_service"]) == (4, 4)
    assert 7 < state["cooldown_left"] < 10
    world.pass_time(60)
    assert len(world.running) == 6


def test_a_launch_that_was_cut_short_is_finished(world: World) -> None:
    world.pass_time(1)
    labels = {LAUNCHED_LABEL: "asg"}
    world.add("web-a", 2, state="created", started_at=NEVER, ip="", labels=labels)
    world.loop = world.fresh_loop()
    assert world.pass_time(3) == [("launching", "web-a-2"), ("in_service", "web-a-2")]
    assert world.loop.state()["desired"] == 3


def test_a_launch_that_cannot_be_finished_is_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(c: Container) -> None:
        raise EngineError("no")

    monkeypatch.setattr(world, "start", refuse)
    labels = {LAUNCHED_LABEL: "asg"}
    world.add("web-a", 2, state="created", started_at=NEVER, ip="", labels=labels)
    world.loop = world.fresh_loop()
    assert ("launch_failed", "web-a-2") in world.pass_time(3)


def test_compose_starts_its_own(world: World) -> None:
    world.pass_time(1)
    world.add("web-a", 2, state="created", started_at=NEVER, ip="")
    world.end("web-b-1")
    said = world.pass_time(20)
    assert ("launching", "web-b-2") not in said, "it may be about to come"
    assert world.named("web-a-2").state == "created"
    assert ("launching", "web-b-1") in world.pass_time(120)
    assert world.named("web-a-2").state == "created"


@pytest.mark.parametrize("asked", [False, True])
def test_a_termination_that_was_cut_short_is_finished(world: World, asked: bool) -> None:
    world.load = 70
    world.pass_time(17)
    world.load = 40
    world.inflight = {"web-a-2"}
    world.deregister("web-a-2")
    if asked:
        world.end("web-a-2", 0)
    world.loop = world.fresh_loop()
    world.pass_time(5)
    assert world.loop.state()["desired"] == 2
    if not asked:
        assert world.instances["web-a-2"]["lifecycle"] == "terminating"
        world.inflight.clear()
        world.pass_time(2)
    assert world.running == ["web-a-1", "web-b-1"]
    assert len(world.box) == 2


def test_a_replacement_that_was_cut_short_is_made(world: World) -> None:
    world.pass_time(1)
    world.end("web-a-1")
    world.now += 10
    world.loop = world.fresh_loop()
    world.pass_time(3)
    assert world.running == ["web-a-2", "web-b-1"]


def test_what_is_missing_at_the_start_is_launched_after_a_status_check(world: World) -> None:
    world.gone("web-a-1")
    world.asg_services = ()
    world.loop = world.fresh_loop()
    assert world.pass_time(4) == []
    said = world.pass_time(3)
    assert said == [("launching", "web-b-2"), ("in_service", "web-b-2")]
    assert len(world.running) == 2


def test_the_engines_time_is_read_to_the_fraction() -> None:
    assert unix("2026-11-24T16:00:00.250000001Z") == pytest.approx(1795536000.25)


def test_a_launch_is_from_the_newest_template() -> None:
    """In mid-deploy one instance has the new release: a replacement gets it too, in any AZ."""
    world = World()
    world.pass_time(2)
    world.change("web-b-1", labels={TEMPLATE_LABEL: "7"})
    world.end("web-a-1", 137)
    world.pass_time(12)
    launched = [d for d in world.detail if d.get("source")]
    assert [d["source"] for d in launched] == ["web-b-1"]


def test_what_a_drill_put_in_the_group_is_not_copied() -> None:
    """An instance whose template is not the group's is replaced by one of the group's."""
    world = World()
    world.pass_time(2)
    world.change("web-a-1", labels={TEMPLATE_LABEL: "none"})
    world.end("web-a-1", 137)
    world.pass_time(12)
    launched = [d for d in world.detail if d.get("source")]
    assert [d["source"] for d in launched] == ["web-b-1"]


def test_a_deploys_template_counts_before_any_instance_has_it() -> None:
    """The release before would not come up again; a replacement has the one that is deployed."""
    world = World()
    world.pass_time(2)
    world.loop.launch_template(9, {"RELEASE": "v2", "FAULT": ""}, {"web-a": "hash"})
    world.end("web-a-1", 1)
    world.pass_time(12)
    fresh = next(c for c in world.box.values() if c.service == "web-a")
    assert fresh.labels[TEMPLATE_LABEL] == "9"
    assert fresh.labels["com.docker.compose.config-hash"] == "hash"
    assert world.env[fresh.short]["RELEASE"] == "v2"
    # What has it already is copied as it is.
    world.change("web-b-1", labels={TEMPLATE_LABEL: "9"})
    world.end(fresh.short, 1)
    world.pass_time(12)
    again = next(c for c in world.box.values() if c.service == "web-a")
    assert again.id != fresh.id
    assert "RELEASE" not in world.env[again.short]
