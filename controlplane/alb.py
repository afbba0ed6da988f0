"""The ALB's control loop: which instances are registered, their health, their draining.

An ALB does not see the engine: an instance is registered because it exists, and is healthy only
because its health checks pass. The list lives in the ALB's nginx; this loop reads it, folds in what
the checks said, and puts it back when it differs. Started anew, it goes on with the list it finds;
an nginx that was started anew gets its list again at the next tick.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from controlplane.alb_health import DRAINING, HEALTHY, INITIAL, STATES, Rules, Target, fold
from controlplane.alb_wire import AWAY, Admin, Checker, Listed, timed_out
from tenfold.engine import ONEOFF_LABEL, Container, Engine, NotFound

PORT = 8000
# What a request needs between the balancer's choice and its count, many times over.
DRAIN_FLOOR = 0.5
OFF = "health checks are switched off"


class Settings(Protocol):
    """What this loop needs of the control plane's settings, times in seconds."""

    alb_health_interval: float
    alb_health_timeout: float
    alb_unhealthy_threshold: int
    alb_healthy_threshold: int
    alb_drain_seconds: float

    def is_off(self, switch: str) -> bool:
        """Whether a design switch is off: `health-check`."""
        ...


class Events(Protocol):
    """Where the loop says what it did."""

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        """One event, stamped now."""
        ...


class AlbLoop:
    """One ALB and its targets; `tick` is called about each 0.5 s, the rest from any thread."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        events: Events,
        clock: Callable[[], float] = time.time,
        checker: Checker | None = None,
    ) -> None:
        """Nothing is read before the first tick. `clock` answers unix time."""
        self.engine = engine
        self.settings = settings
        self.events = events
        self.clock = clock
        self.checker = checker or Checker()
        self._lock = threading.RLock()
        self._targets: dict[str, Target] = {}
        self._due: dict[str, float] = {}
        """when the next check of a target begins, by `clock`"""
        self._admin: Admin | None = None
        self._generation = ""
        """of the nginx whose list is known; empty before the first one was read"""
        self._told: dict[str, float] = {}
        """since when the ALB is known to send a draining target nothing"""
        self._inflight: tuple[float, dict[str, int]] = (0.0, {})
        """requests in flight and when they were counted"""
        self._trouble = "not looked yet"

    # -- the loop --------------------------------------------------------------------------

    def tick(self) -> None:
        """Look once and act; raises EngineError when the engine does not answer."""
        boxes = [c for c in self.engine.containers("web") if c.labels.get(ONEOFF_LABEL) != "True"]
        listed = self._read()
        with self._lock:
            now = self.clock()
            if listed is not None:
                self._adopt(listed, now)
            if not self._generation:
                return  # the ALB may hold a list that is better than none: nothing is decided yet
            self._register(boxes, now)
            self._judge({f"{c.ip}:{PORT}": c.short for c in boxes if c.running and c.ip}, now)
            if listed is not None:
                self._put(listed)
            self._count()

    def _read(self) -> Listed | None:
        """The ALB's list, or None while it is away."""
        try:
            admin = self._admin or self._find()
            listed = admin.read()
        except (NotFound, *AWAY) as error:
            self._admin = None
            self._trouble = f"the ALB does not answer: {error}"
            return None
        self._admin, self._trouble = admin, ""
        return listed

    def _find(self) -> Admin:
        # Looked up again only after a failure: a look at the engine costs more than one at nginx.
        alb = self.engine.one("alb")
        if not alb.running or not alb.ip:
            raise NotFound(f"{alb.short} is {alb.state}")
        return Admin(alb.ip)

    def _adopt(self, listed: Listed, now: float) -> None:
        """Take over what the ALB knows, the first time; later it is told, not asked."""
        if listed.generation == self._generation:
            return
        if self._generation:
            self.events.emit("alb", "restarted", "alb", targets=len(self._targets))
            self._told.clear()
        else:
            self._targets = {t.id: t for t in listed.targets}
            rules = self._rules()
            for i, t in enumerate(listed.targets):
                # Spread over an interval, as they would be had nothing happened.
                self._due[t.id] = now + rules.every(t.state) * i / len(listed.targets)
                if t.state == DRAINING:
                    self._told[t.id] = now
        self._generation = listed.generation

    def _register(self, boxes: Iterable[Container], now: float) -> None:
        """Instances that came, went, or came back elsewhere."""
        found = {c.short: c for c in boxes}
        for name in [n for n in self._targets if n not in found]:
            gone = self._targets.pop(name)
            self._forget(name)
            self.events.emit("alb", "deregistered", name, address=gone.address, state=gone.state)
        for name, c in found.items():
            known = self._targets.get(name)
            if known is not None and known.instance in ("", c.id):
                same = f"{c.ip}:{PORT}" == known.address
                # A dead instance keeps its last address: an ALB does not know that it is dead.
                if same or not c.ip or not c.running or known.state == DRAINING:
                    if not known.instance:
                        self._targets[name] = replace(known, instance=c.id, az=c.az)
                    continue
            if c.running and c.ip:
                self._enter(c, known, now)
            elif known is not None:
                # Another container under its name that has no address yet: the old one is gone.
                del self._targets[name]
                self._forget(name)
                self.events.emit("alb", "deregistered", name, address=known.address)

    def _enter(self, c: Container, known: Target | None, now: float) -> None:
        target = Target(
            id=c.short,
            address=f"{c.ip}:{PORT}",
            state=INITIAL,
            since=now,
            weight=known.weight if known else 1,
            group=known.group if known else "web",
            instance=c.id,
            az=c.az,
            reason="Elb.InitialHealthChecking",
        )
        self._forget(c.short)
        self._targets[c.short] = target
        self._due[c.short] = now
        self.events.emit("alb", "registered", c.short, address=target.address, az=c.az)

    def _judge(self, owners: dict[str, str], now: float) -> None:
        """Fold in the checks that have ended, and begin those that are due."""
        rules = self._rules()
        if self.settings.is_off("health-check"):
            for target in list(self._targets.values()):
                self.checker.forget(target.id)
                self._due[target.id] = now
                if target.state not in (HEALTHY, DRAINING):
                    self._change(target, target.to(HEALTHY, now, OFF))
            return
        for name, address, outcome in self.checker.results():
            asked = self._targets.get(name)
            # What was asked of an earlier address says nothing of the present one.
            if asked is not None and asked.address == address:
                self._change(asked, fold(asked, outcome, rules, now))
        for target in list(self._targets.values()):
            name = target.id
            if target.state == DRAINING or self._due.get(name, now) > now:
                continue
            if self.checker.busy(name):
                continue
            # From when it was due, not from the tick that saw it: intervals must not grow.
            every = rules.every(target.state)
            self._due[name] = max(self._due.get(name, now), now - every) + every
            if owners.get(target.address, name) == name:
                self.checker.start(name, target.address, rules.timeout)
            else:
                # A dead instance's address went to another, whose answers are not its own.
                self._change(target, fold(target, timed_out(rules.timeout), rules, now))

    def _change(self, old: Target, new: Target) -> None:
        self._targets[old.id] = new
        if new.state == old.state:
            return
        if old.state == INITIAL:
            self._due[new.id] = new.since + self._rules().every(new.state)
        event = "target_healthy" if new.state == HEALTHY else "target_unhealthy"
        self.events.emit(
            "alb", event, new.id, was=old.state, reason=new.reason, address=new.address
        )

    def _put(self, listed: Listed) -> None:
        """Bring the ALB's list to what it should be."""
        wanted = self._list()
        if [t.wire() for t in listed.targets] == [t.wire() for t in wanted]:
            self._mark(wanted)
            return
        if self._admin is None:
            return  # away: the next tick that finds it puts the list
        try:
            told = self._admin.put(wanted)
        except AWAY as error:
            self._admin = None
            self._trouble = f"the ALB does not take its targets: {error}"
            return
        # Another generation: it was started in between; the next tick sees to it.
        if told.generation == self._generation:
            self._mark(wanted)

    def _mark(self, told: Iterable[Target]) -> None:
        for t in told:
            if t.state == DRAINING:
                self._told.setdefault(t.id, self.clock())

    def _count(self) -> None:
        """Count the requests in flight while that matters."""
        if self._admin is None or not self._told:
            return
        before = self.clock()
        try:
            self._inflight = (before, self._admin.inflight())
        except AWAY as error:
            self._admin = None
            self._trouble = f"the ALB does not count: {error}"

    # -- what others ask -------------------------------------------------------------------

    def target(self, name: str) -> Target | None:
        """A registered target by its container's short name."""
        with self._lock:
            return self._targets.get(name)

    def deregister(self, name: str) -> bool:
        """Begin draining: no new requests, those in flight finish; whether it is registered.

        Repeats safely. Kept in the ALB's own list, where a restarted control plane finds it.
        """
        with self._lock:
            target = self._targets.get(name)
            if target is None:
                return False
            if target.state != DRAINING:
                self._forget(name)
                reason = "Target.DeregistrationInProgress"
                self._targets[name] = target.to(DRAINING, self.clock(), reason)
                self.events.emit("alb", "draining", name, was=target.state, address=target.address)
                self._put(Listed(self._generation, ()))
            return True

    def register(self, name: str) -> bool:
        """End draining: the target is new again; whether it is registered."""
        with self._lock:
            target = self._targets.get(name)
            if target is None:
                return False
            if target.state == DRAINING:
                now = self.clock()
                self._forget(name)
                self._due[name] = now
                again = target.to(INITIAL, now, "Elb.InitialHealthChecking")
                self._targets[name] = again
                self.events.emit("alb", "registered", name, address=again.address, az=again.az)
            return True

    def drained(self, name: str) -> bool:
        """Whether a target may be ended without anybody noticing, or has had its time.

        Not registered counts as drained, but only once the ALB's list has been read.
        """
        with self._lock:
            target = self._targets.get(name)
            if target is None:
                return bool(self._generation)
            if target.state != DRAINING:
                return False
            if self.clock() - target.since >= self.settings.alb_drain_seconds:
                return True
            told, (counted, inflight) = self._told.get(name), self._inflight
            return told is not None and counted >= told + DRAIN_FLOOR and inflight.get(name, 0) == 0

    def state(self) -> dict[str, Any]:
        """What is known of each target, by its container's short name."""
        with self._lock:
            return {
                "targets": {
                    t.id: {
                        "state": t.state,
                        "address": t.address,
                        "az": t.az,
                        "since": round(t.since, 3),
                        "reason": t.reason,
                        "weight": t.weight,
                        "group": t.group,
                        "instance": t.instance,
                        "drained": t.state == DRAINING and self.drained(t.id),
                    }
                    for t in self._list()
                },
                "trouble": self._trouble,
            }

    def counts(self) -> dict[str, int]:
        """Targets by state, and health checks begun and failed since the start."""
        with self._lock:
            states = Counter(t.state for t in self._targets.values())
            return {
                **{state: states[state] for state in STATES},
                "checks": self.checker.made,
                "checks_failed": self.checker.failed,
            }

    # -- parts -----------------------------------------------------------------------------

    def _list(self) -> list[Target]:
        return sorted(self._targets.values(), key=lambda t: t.id)

    def _forget(self, name: str) -> None:
        self.checker.forget(name)
        self._due.pop(name, None)
        self._told.pop(name, None)

    def _rules(self) -> Rules:
        s = self.settings
        return Rules(
            s.alb_health_interval,
            s.alb_health_timeout,
            s.alb_unhealthy_threshold,
            s.alb_healthy_threshold,
        )
