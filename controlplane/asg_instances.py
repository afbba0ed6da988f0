"""Launching and terminating the instances of a group, a step a tick, without waiting.

A launch copies an instance that is there, of the newest launch template; its label tells a
container that was left unstarted by a killed loop from one that Compose is about to start. A
termination goes from draining over asking the processes to end to removing the container; each step
is seen from outside, so that another life of the loop goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tenfold.engine import Container, Engine, EngineError

LAUNCHED_LABEL = "tenfold.launched-by"
TEMPLATE_LABEL = "tenfold.template"
"""version of the launch template that an instance was made from: a deploy makes a new one"""
ENDED = ("exited", "dead", "removing")
# What a drained instance has to end in order; then its power is cut.
STOP_GRACE = 10.0
# How long beyond the drain time the ALB is waited for: it may be away itself.
DRAIN_MARGIN = 5.0
BACKOFF_LIMIT = 30.0
HASH_LABEL = "com.docker.compose.config-hash"
"""Compose's, of the service as it would make it: it leaves alone what carries it"""


@dataclass(frozen=True)
class Template:
    """A version of the launch template: what differs from the instance that is copied."""

    version: int
    env: Mapping[str, str]
    """an empty value takes the variable away"""
    hashes: Mapping[str, str]
    """HASH_LABEL by service"""


class Settings(Protocol):
    """What Auto Scaling needs of the control plane's settings, times in seconds."""

    alb_drain_seconds: float
    asg_period: float
    """of the metric; a status check takes as long to believe that an instance is gone"""
    asg_out_periods: int
    asg_in_periods: int
    asg_target_cpu: float
    """percent"""
    asg_grace: float
    asg_cooldown: float
    """also an instance's warm-up, as AWS's default is"""
    asg_min: int
    asg_max: int
    asg_services: tuple[str, ...]
    """the group's services, one an AZ, named after it; empty: learnt from what is there"""

    def is_off(self, switch: str) -> bool:
        """Whether a design switch is off: `scale-out`, `health-check`."""
        ...


class Target(Protocol):
    """A registered instance, as far as it matters here."""

    @property
    def instance(self) -> str:
        """Its container's id, empty where that is not known."""
        ...

    @property
    def state(self) -> str:
        """initial, healthy, unhealthy or draining."""
        ...


class Alb(Protocol):
    """What the group asks of its load balancer."""

    def target(self, name: str) -> Target | None:
        """The registered target of that name, if there is one."""
        ...

    def deregister(self, name: str) -> Any:
        """Begin draining; repeats safely."""
        ...

    def drained(self, name: str) -> bool:
        """Whether it may be ended unnoticed; for an unknown name: whether the list was read."""
        ...


@dataclass
class Ending:
    """How far the termination of an instance is."""

    reason: str
    since: float
    asked_at: float | None = None
    """when its processes were asked to end"""


class Instances:
    """The group's hands."""

    def __init__(
        self, engine: Engine, alb: Alb, drain_seconds: float, say: Callable[..., None]
    ) -> None:
        """`say(event, resource, **detail)` tells what was done."""
        self._engine = engine
        self._alb = alb
        self._drain_seconds = drain_seconds
        self._say = say
        self.ending: dict[str, Ending] = {}
        """by container id"""
        self.trouble = ""
        """why the last launch failed"""
        self.newest: Template | None = None
        """told by a deploy; a restarted loop knows it by the instances that have it already"""
        self._failures = 0
        self._not_before = 0.0

    def launch(
        self,
        service: str,
        azs: Mapping[str, str],
        boxes: Sequence[Container],
        serving: Collection[str],
        now: float,
    ) -> None:
        """Start another instance of a service. A failure is told, and tried again later.

        `azs`: AZ by service; `serving`: ids of instances that serve, the best to copy.
        """
        if now < self._not_before:
            return
        other: dict[str, Any] = {}
        labels = {LAUNCHED_LABEL: "asg"}
        try:
            source = max(boxes, key=lambda c: self._worth(c, service, serving))
            if source.service != service:
                labels["tenfold.az"] = azs[service]
                other = {"service": service, "env": {"AZ": azs[service]}}
            newest = self.newest
            if newest is not None and template(source) < newest.version:
                other["env"] = {**newest.env, **other.get("env", {})}
                labels[TEMPLATE_LABEL] = str(newest.version)
                if service in newest.hashes:
                    labels[HASH_LABEL] = newest.hashes[service]
            fresh = self._engine.clone(source, labels=labels, **other)
        except EngineError as error:
            self._failures += 1
            self._not_before = now + min(BACKOFF_LIMIT, 2.0 ** (self._failures - 1))
            self.trouble = str(error)
            self._say("launch_failed", service, reason=str(error))
            return
        self._failures, self.trouble = 0, ""
        self._say("launching", fresh.short, az=fresh.az, source=source.short)

    def resume(self, c: Container) -> None:
        """Start what was made and not started; what cannot be started is removed."""
        try:
            self._engine.start(c)
        except EngineError as error:
            self._engine.remove(c)
            self._say("launch_failed", c.short, reason=str(error))
            return
        self._say("launching", c.short, az=c.az, source="left unstarted")

    def terminate(self, c: Container, reason: str, now: float) -> None:
        """Begin: from now on it gets no new requests."""
        self._say("terminating", c.short, reason=reason)
        self.ending[c.id] = Ending(reason, now)
        self._alb.deregister(c.short)

    def finish(self, c: Container, now: float, *, keep: bool) -> bool:
        """One step further; whether it is gone. `keep`: it is the last that can be copied."""
        step = self.ending[c.id]
        over = c.state in ENDED or c.state == "created"
        if over or (step.asked_at is not None and now - step.asked_at >= STOP_GRACE):
            if not keep:
                self._remove(c)
            return not keep
        if step.asked_at is None:
            waited = now - step.since
            if self._alb.drained(c.short) or waited >= self._drain_seconds + DRAIN_MARGIN:
                step.asked_at = now
                self._ask_to_end(c)
        return False

    def _ask_to_end(self, c: Container) -> None:
        # Not the engine's stop, which waits: this loop has others to look after.
        try:
            self._engine.kill(c, "TERM")
        except EngineError:
            return  # it has just ended by itself: the next look says so

    def _remove(self, c: Container) -> None:
        self._engine.remove(c)
        ended = self.ending.pop(c.id)
        self._say("terminated", c.short, reason=ended.reason)

    def _worth(self, c: Container, service: str, serving: Collection[str]) -> tuple[Any, ...]:
        """How good a source it is: newest template, whole, of the AZ, attached, serving, new."""
        return (
            template(c),
            # One that is throttled is a copy's instance type no more.
            self._engine.cpu_limit(c),
            c.service == service,
            bool(c.ip) or not c.running,
            c.id in serving and c.running and c.id not in self.ending,
            c.started_at,
        )


def template(c: Container) -> int:
    """The version of its launch template; 0 before the first deploy, -1: not of the group's."""
    text = c.labels.get(TEMPLATE_LABEL, "0")
    return int(text) if text.isascii() and text.isdigit() else -1


def started_at(c: Container) -> float | None:
    """Unix time of its last start, None when it was never started."""
    return None if c.started_at.startswith("0001-") or not c.started_at else unix(c.started_at)


def unix(text: str) -> float:
    """The engine's RFC 3339 with nanoseconds as unix time."""
    whole, _, rest = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{rest or 0}")
