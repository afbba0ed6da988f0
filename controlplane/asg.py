"""Auto Scaling: keeps a group of web instances at its desired capacity, and finds that capacity.

Target tracking on CPU, replacement of what is dead (EC2 status check) or unhealthy in the ALB (ELB
health, after the grace period), balance over the AZs. Decides by asg_policy, measures by asg_cpu,
acts by asg_instances. What an instance is can be read again from the engine and the ALB's target
list, and so can the desired capacity, well enough: the loop may be killed at any time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from controlplane import asg_policy as policy
from controlplane.alb_health import DRAINING, HEALTHY, UNHEALTHY
from controlplane.asg_azs import Azs
from controlplane.asg_cpu import CpuMetric
from controlplane.asg_instances import (
    ENDED,
    LAUNCHED_LABEL,
    Alb,
    Ending,
    Instances,
    Settings,
    Template,
    started_at,
    unix,
)
from controlplane.asg_policy import Health, Instance, Lifecycle
from tenfold.engine import ONEOFF_LABEL, Container, Engine

ROLE = "web"
# Exit codes of processes that were asked to end, and did.
ASKED_TO_END = (0, 143)
# Stands for an instance that was gone before this loop began.
UNKNOWN = "?"
# How long a container may wait for its start: one of this loop's own, one of Compose's.
UNSTARTED_FOR = 1.0
COMPOSE_BOUND = 120.0


class Events(Protocol):
    """Where the loop says what it did."""

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        """One event, stamped now."""
        ...


class AsgLoop:
    """One group; `tick` is called about each 0.5 s."""

    def __init__(
        self,
        engine: Engine,
        alb: Alb,
        settings: Settings,
        events: Events,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is read before the first tick. `clock` answers unix time."""
        self.engine = engine
        self.alb = alb
        self.settings = settings
        self.events = events
        self.clock = clock
        self.desired = 0
        self._target = policy.Target(
            settings.asg_target_cpu,
            settings.asg_out_periods,
            settings.asg_in_periods,
            settings.asg_min,
            settings.asg_max,
        )
        kept = max(settings.asg_out_periods, settings.asg_in_periods)
        self._cpu = CpuMetric(engine, settings.asg_period, kept)
        self._instances = Instances(engine, alb, settings.alb_drain_seconds, self._say)
        self._where = Azs(engine, self._say)
        self._azs = {name: name.rsplit("-", 1)[-1] for name in settings.asg_services}
        """AZ by service"""
        self._waiting = "not looked yet"
        """why the group is not judged yet; empty when it is"""
        self._first_look: float | None = None
        self._serving: set[str] = set()
        """ids that were healthy in the ALB once"""
        self._known: dict[str, str] = {}
        """the last look: names by id"""
        self._missing: dict[str, float] = {}
        """since when an instance is gone that this loop did not end, by name"""
        self._unstarted: dict[str, float] = {}
        """when a container was first seen made and not started, by id"""
        self._cool_at = 0.0
        """when the cooldown of the last change ends"""
        self._activities: deque[dict[str, Any]] = deque(maxlen=10)
        self._state: dict[str, Any] = {}

    def tick(self) -> None:
        """Look once and act; raises EngineError when the engine does not answer."""
        now = self.clock()
        boxes = self._look()
        if self._waiting:
            self._waiting = self._take_over(boxes, now)
            if self._waiting:
                self._show(boxes, [], now)
                return
        boxes, coming = self._unstarted_apart(boxes, now)
        self._notice(boxes, now)
        group = [self._judge(c, now) for c in boxes]
        self._track(boxes, group, now)
        missing = coming + len(self._missing)
        plan = self._where.place(group, self._azs, self.desired, self.settings.asg_max, missing)
        hands = self._instances
        for service in plan.launch if boxes else ():
            hands.launch(service, self._azs, boxes, self._serving, now)
        by_name = {c.short: c for c in boxes}
        for name, reason in plan.terminate:
            hands.terminate(by_name[name], reason, now)
        alone = all(c.id in hands.ending for c in boxes)
        for c in boxes:
            if c.id in hands.ending and hands.finish(c, now, keep=alone):
                del self._known[c.id]
        self._show(boxes, group, now)

    def state(self) -> dict[str, Any]:
        """What the last tick saw."""
        return self._state

    def launch_template(
        self, version: int, env: Mapping[str, str], hashes: Mapping[str, str]
    ) -> None:
        """What is launched from now on has this environment; from any thread."""
        self._instances.newest = Template(version, dict(env), dict(hashes))
        self._say("launch_template", ROLE, version=version, release=env.get("RELEASE", ""))

    # -- seeing ----------------------------------------------------------------------------

    def _look(self) -> list[Container]:
        """The group's containers: no one-off ones, none that Compose is replacing right now."""
        return [
            c
            for c in self.engine.containers(ROLE)
            if c.labels.get(ONEOFF_LABEL) != "True"
            # Compose renames the old one before it makes the new one.
            and c.short == f"{c.service}-{c.number}"
        ]

    def _take_over(self, boxes: Sequence[Container], now: float) -> str:
        """Rebuild what is known from what is seen; answers why that must wait, if it must.

        Compose makes all containers before it starts the first, and starts instances only when
        the release is done. A service of which nothing was ever started is still to come.
        """
        self._first_look = self._first_look or now
        services = {c.service for c in boxes} | set(self._azs)
        if not boxes or services - {c.service for c in boxes if started_at(c) is not None}:
            return "the stage is starting"
        # Who is being terminated is written in the ALB's list. An ALB that is away has none.
        if not self.alb.drained("") and now - self._first_look < self.settings.asg_period:
            return "the ALB's target list is not read yet"
        counted = 0
        for c in boxes:
            state = self._target_state(c)
            if state == DRAINING:
                self._instances.ending[c.id] = Ending("scale-in", now)
            elif c.state not in ENDED or c.exit_code not in ASKED_TO_END:
                counted += 1
            if state in (HEALTHY, UNHEALTHY):
                self._serving.add(c.id)
            if LAUNCHED_LABEL in c.labels:
                launched = started_at(c) or now
                self._cool_at = max(self._cool_at, launched + self.settings.asg_cooldown)
        self.desired = self._target.clamp(counted)
        self._missing = {f"{UNKNOWN}{i}": now for i in range(self.desired - counted)}
        return ""

    def _notice(self, boxes: Sequence[Container], now: float) -> None:
        """What came and went without this loop's doing."""
        there = {c.id: c.short for c in boxes}
        names = set(there.values())
        for c in boxes:
            self._azs.setdefault(c.service, c.az)
        for one, name in self._known.items():
            if one in there:
                continue
            if ended := self._instances.ending.pop(one, None):
                self._say("terminated", name, reason=ended.reason)
            elif name not in names:
                self._missing[name] = now
        self._known = there
        self._serving &= set(there)
        # `docker rm`, a container made anew, a stage going down: believed after a status check's
        # time. By then a recreated one is back, and a `down` has long ended this loop.
        for name, since in list(self._missing.items()):
            if name in names:
                del self._missing[name]
            elif now - since >= self.settings.asg_period and not self._blind:
                del self._missing[name]
                if not name.startswith(UNKNOWN):
                    self._say("terminated", name, reason="gone")

    def _unstarted_apart(
        self, boxes: Sequence[Container], now: float
    ) -> tuple[list[Container], int]:
        """The group without what Compose has made and will start, and how many of these are due.

        What a killed loop made and did not start is started here.
        """
        unstarted = {c.id: c for c in boxes if c.state == "created"}
        self._unstarted = {i: self._unstarted.get(i, now) for i in unstarted}
        coming = 0
        for one, since in self._unstarted.items():
            if LAUNCHED_LABEL not in unstarted[one].labels:
                coming += now - since < COMPOSE_BOUND
            elif now - since >= UNSTARTED_FOR and one not in self._instances.ending:
                self._instances.resume(unstarted[one])
        return [c for c in boxes if c.id not in unstarted or LAUNCHED_LABEL in c.labels], coming

    @property
    def _blind(self) -> bool:
        """Whether health is not looked at (AWS: the HealthCheck process is suspended)."""
        return self.settings.is_off("health-check")

    def _judge(self, c: Container, now: float) -> Instance:
        """Where an instance is in its life, and how it is."""
        lifecycle: Lifecycle = "in_service" if c.id in self._serving else "pending"
        health: Health = "ok"
        state = self._target_state(c)
        if c.id in self._instances.ending:
            lifecycle = "terminating"
        elif c.state in ENDED:
            dead_for = now - unix(c.finished_at) if c.finished_at else 0.0
            # EC2's status check comes once a minute (a period); the ALB may be quicker.
            if not self._blind and (dead_for >= self.settings.asg_period or state == UNHEALTHY):
                health = "dead"
        elif state == HEALTHY:
            if lifecycle == "pending":
                lifecycle = "in_service"
                self._serving.add(c.id)
                self._say("in_service", c.short, az=c.az, age=round(self._age(c, now), 2))
        elif (
            state == UNHEALTHY and not self._blind and self._age(c, now) >= self.settings.asg_grace
        ):
            health = "unhealthy"
        return Instance(c.short, c.service, c.number, lifecycle, health)

    def _target_state(self, c: Container) -> str:
        """What the ALB holds it for; empty while it is not registered."""
        target = self.alb.target(c.short)
        # For half a second a name may still be that of the instance which had it before.
        return target.state if target and target.instance in ("", c.id) else ""

    def _age(self, c: Container, now: float) -> float:
        """Seconds since its start, 0 before it."""
        began = started_at(c)
        return 0.0 if began is None else max(0.0, now - began)

    # -- the desired capacity --------------------------------------------------------------

    def _track(self, boxes: Sequence[Container], group: Sequence[Instance], now: float) -> None:
        """At the end of each period, see whether it is still the right number."""
        serving = {c.id for c, i in zip(boxes, group, strict=True) if i.lifecycle == "in_service"}
        warm = {c.id for c in boxes if self._age(c, now) >= self.settings.asg_cooldown}
        if not self._cpu.sweep(boxes, serving, warm, now):
            return
        change = policy.scale(
            list(self._cpu.periods),
            self.desired,
            self._target,
            cooling=now < self._cool_at,
            out=not self.settings.is_off("scale-out"),
        )
        if change is None:
            return
        old, self.desired = self.desired, change.desired
        self._cool_at = now + self.settings.asg_cooldown
        self._say("capacity_changed", ROLE, old=old, new=change.desired, reason=change.reason)

    # -- telling ---------------------------------------------------------------------------

    def _say(self, event: str, resource: str, **detail: Any) -> None:
        self.events.emit("asg", event, resource, **detail)
        told = {"ts": round(self.clock(), 3), "event": event, "resource": resource, **detail}
        self._activities.append(told)

    def _show(self, boxes: Sequence[Container], group: Sequence[Instance], now: float) -> None:
        cpu = self._cpu.last
        judged = {i.name: i for i in group}
        trouble = self._waiting or self._instances.trouble
        if not boxes and not self._waiting:
            trouble = "no instance is left to copy: `make down`, then `make up`"
        self._state = {
            "desired": self.desired,
            "min": self.settings.asg_min,
            "max": self.settings.asg_max,
            "in_service": sum(i.lifecycle == "in_service" and i.health == "ok" for i in group),
            "cpu_percent": None if cpu is None else round(cpu, 1),
            "cooldown_left": round(max(0.0, self._cool_at - now), 1),
            **({"trouble": trouble} if trouble else {}),
            "activities": list(self._activities),
            "instances": {
                c.short: {
                    "lifecycle": one.lifecycle if one else "pending",
                    "health": one.health if one else "ok",
                    "service": c.service,
                    "az": c.az,
                    "state": c.state,
                    "age": round(self._age(c, now), 1),
                }
                for c in boxes
                for one in [judged.get(c.short)]
            },
        }
