"""Stages 2 and 3: one instance after the other, each out of the load balancer while it changes.

An instance is drained, made anew with the release under its own name, and given back when the load
balancer holds it healthy; only then comes the next. Compose goes on owning them: they carry the
hash of what Compose would make now.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, ClassVar

from tenfold import controlplane_client as controlplane
from tenfold import pace, stages
from tenfold.compose import Compose, last_line
from tenfold.deploy import base
from tenfold.deploy.base import STARTED, Deploy
from tenfold.engine import Container, EngineError, NotFound
from tenfold.errors import FAILED, TenfoldError
from tenfold.wait import WaitTimeout

HEALTHY, DRAINING = "healthy", "draining"
HASH_LABEL = "com.docker.compose.config-hash"
IMAGE_LABEL = "com.docker.compose.image"
TEMPLATE_LABEL = "tenfold.template"
"""version of the launch template: Auto Scaling copies an instance of the newest one"""
JOB_BOUND = 120.0
HEALTHY_BOUND = 60.0
DRAIN_MARGIN = 10.0
TRIES = 5
"""to catch an instance that Auto Scaling replaces over and over"""
GRACE = {"web": 30, "worker": 15}
"""seconds to end in order, as the stage files give them"""


class Rolling(Deploy):
    """The release job, the web instances, the workers."""

    how: ClassVar[str] = "one instance after the other"

    def go(self) -> None:
        """All that has not got the release yet; the dead and the unhealthy first."""
        self._prepare(str(int(time.time())))
        self._launch_template()
        self._make_missing()
        waiting = self._waiting("web") + self._waiting("worker")
        if waiting:
            self._release_job()
        for role, renew in (("web", self._web), ("worker", self._worker)):
            tries: Counter[str] = Counter()
            while todo := [c for c in self._waiting(role) if tries[c.short] < TRIES]:
                self.point()
                self.out.now(f"{todo[0].short} is next, {len(todo)} to go")
                # One that was replaced meanwhile may have its name, and not the release.
                tries[todo[0].short] += TRIES if renew(todo[0]) else 1
        self._all_healthy()

    def only(self, c: Container) -> None:
        """One web instance alone, which the group is not to copy."""
        self._prepare("none")
        self._web(c)

    def _prepare(self, template: str) -> None:
        self._template = template
        self._hashes = self._asked_of_compose()

    def _launch_template(self) -> None:
        """What Auto Scaling launches from now on, also before the first instance has it."""
        if "asg" not in controlplane.ask(self.engine, "GET", "/state"):
            return
        web = {c.service for c in self.engine.containers("web")}
        body = {
            "version": int(self._template),
            "env": self.release.env,
            "hashes": {name: value for name, value in self._hashes.items() if name in web},
        }
        controlplane.ask(self.engine, "PUT", "/template", body)

    # -- what is to be done ----------------------------------------------------------------------

    def _waiting(self, role: str) -> list[Container]:
        """Instances without the release, the worst first: the healthy ones carry the load."""
        states = {t["name"]: t["state"] for t in self._targets()} if role == "web" else {}
        ending = self._ending() if role == "web" else set()
        found = []
        for c in base.instances(self.engine):
            try:
                if c.role == role and c.short not in ending and not self._has(c):
                    found.append(c)
            except EngineError:
                continue  # Auto Scaling has just ended it
        return sorted(found, key=lambda c: (c.running, states.get(c.short) == HEALTHY, c.short))

    def _has(self, c: Container) -> bool:
        return (
            c.running
            and base.of(self.engine, c) == self.release
            and self.engine.image_of(c) == self.engine.image_id(c.image)
        )

    def _asked_of_compose(self) -> dict[str, str]:
        """Compose's hash of each service as it would make it now."""
        done = Compose(self.paths, self.stage, self.pace).run("config", "--hash", "*")
        pairs = [line.split() for line in done.stdout.splitlines()]
        if done.returncode or not pairs:
            raise TenfoldError(f"Compose: {last_line(done.stderr)}", exit_code=FAILED)
        return {words[0]: words[1] for words in pairs if len(words) == 2}

    def _make_missing(self) -> None:
        """A service without any container (a deploy that was killed in between) is Compose's."""
        there = {c.service for c in self.engine.containers()}
        scaled = "asg" in controlplane.state(self.engine)
        roles = ("worker",) if scaled else base.ROLES
        missing = [
            name
            for name, raw in self._services().items()
            if name not in there and (raw.get("extends") or {}).get("service") in roles
        ]
        if not missing:
            return
        self.out.step(f"{', '.join(missing)}: not there, Compose makes it")
        words = ["up", "-d", "--no-build", "--no-deps", "--no-recreate", "--pull", "never"]
        done = Compose(self.paths, self.stage, self.pace).run(*words, *missing, bound=JOB_BOUND)
        if done.returncode:
            raise TenfoldError(f"Compose: {last_line(done.stderr)}", exit_code=FAILED)

    def _services(self) -> dict[str, Any]:
        return dict(stages.read(self.paths, self.stage).services)

    # -- the steps -------------------------------------------------------------------------------

    def _release_job(self) -> None:
        """Migrations, and the release's static files to S3, before anybody serves it."""
        begun = time.monotonic()
        job = self._renew(self.engine.one("release"))
        done = [job]

        def ended() -> bool:
            done[:] = [self.engine.inspect(job.id)]
            return done[0].state in ("exited", "dead")

        self.wait("the release job", ended, JOB_BOUND)
        words = self.engine.logs(job, 5).strip().splitlines()
        if done[0].exit_code:
            raise TenfoldError(f"the release job failed: {words[-1] if words else 'no words'}")
        self.out.step(f"migrations and static files: done in {time.monotonic() - begun:.1f} s")

    def _web(self, c: Container) -> bool:
        """Out of the load balancer, anew, in again when it is healthy; False: it was gone."""
        begun, started = time.monotonic(), time.time()
        name, taken_out = c.short, False
        try:
            if c.running and self._target(name):
                taken_out = True
                self._drain(name)
            if name in self._ending():
                # Its end is Auto Scaling's matter now; made anew, it would be one too many.
                taken_out = False
                raise NotFound(name)
            fresh = self._renew(c)
            taken_out = False
        except NotFound:
            self.out.step(f"{name}: Auto Scaling ends it")
            return False
        finally:
            if taken_out and self._target(name):
                controlplane.ask(self.engine, "PUT", f"/target/{name}", {"draining": False})
        try:
            self._registered(fresh)
            self.hook(STARTED, fresh)
            self._healthy(fresh)
        except TenfoldError:
            if not self._scaled_in(name, since=started):
                raise
            self.out.step(f"{name}: Auto Scaling needs it no more, and has ended it")
            return True
        self.out.step(f"{name}: {self.release}, healthy after {time.monotonic() - begun:.1f} s")
        return True

    def _worker(self, c: Container) -> bool:
        """Jobs in hand finish; the queue gives out again what does not. False: it was gone."""
        begun = time.monotonic()
        try:
            fresh = self._renew(c)
        except NotFound:
            return False

        def ready() -> bool:
            now = self.engine.inspect(fresh.id)
            if not now.running:
                raise base.died(now)
            return now.health in (HEALTHY, "")

        self.wait(f"{c.short} to be ready with {self.release}", ready, HEALTHY_BOUND)
        self.out.step(f"{c.short}: {self.release}, ready after {time.monotonic() - begun:.1f} s")
        return True

    def _renew(self, c: Container) -> Container:
        labels = {TEMPLATE_LABEL: self._template, IMAGE_LABEL: self.engine.image_id(c.image)}
        if c.service in self._hashes:
            labels[HASH_LABEL] = self._hashes[c.service]
        return self.engine.recreate(
            c, env=self.release.env, image=c.image, labels=labels, grace=GRACE.get(c.role, 10)
        )

    # -- the load balancer -----------------------------------------------------------------------

    def _targets(self) -> list[dict[str, Any]]:
        """All targets; raises TenfoldError when the control plane is away: nothing is guessed."""
        return controlplane.targets(controlplane.ask(self.engine, "GET", "/state"))

    def _target(self, name: str, instance: str = "") -> dict[str, Any]:
        """A target by its name, and of this very instance where one is named; empty: none."""
        found = (t for t in self._targets() if t["name"] == name)
        return next((t for t in found if instance in ("", t.get("instance"))), {})

    def _ending(self) -> set[str]:
        """Instances that Auto Scaling terminates just now, whatever for; none without it."""
        asg = controlplane.ask(self.engine, "GET", "/state").get("asg") or {}
        there = asg.get("instances") or {}
        return {name for name, one in there.items() if one.get("lifecycle") == "terminating"}

    def _scaled_in(self, name: str, since: float) -> bool:
        """Whether Auto Scaling has ended an instance because there were too many."""
        told = controlplane.ask(self.engine, "GET", f"/events?since={since:.0f}")
        return any(
            (one.get("event"), one.get("resource"), one.get("reason"))
            == ("terminating", name, "scale-in")
            for one in (told or {}).get("events", ())
        )

    def _drain(self, name: str) -> None:
        self.out.now(f"{name}: draining")
        controlplane.ask(self.engine, "PUT", f"/target/{name}", {"draining": True})
        bound = pace.seconds("ALB_DRAIN_SECONDS") + DRAIN_MARGIN

        def drained() -> bool:
            target = self._target(name)
            return not target or bool(target.get("drained"))

        self.wait(f"{name} to be drained", drained, bound)

    def _registered(self, c: Container) -> None:
        def registered() -> bool:
            return bool(self._target(c.short, c.id)) or not self.engine.inspect(c.id).running

        try:
            self.wait(f"{c.short} to be registered", registered, 10, every=0.1)
        except NotFound as error:
            raise TenfoldError(f"{c.short} is gone") from error

    def _healthy(self, c: Container) -> None:
        """The load balancer's word is what counts."""

        def healthy() -> bool:
            if self._target(c.short, c.id).get("state") == HEALTHY:
                return True
            self.out.now(f"{c.short}: until the load balancer holds it healthy")
            now = self.engine.inspect(c.id)
            if not now.running:
                raise base.died(now)
            return False

        try:
            self.wait(f"{c.short} to be healthy with {self.release}", healthy, HEALTHY_BOUND)
        except NotFound as error:
            raise TenfoldError(f"{c.short} has died, and Auto Scaling has replaced it") from error

    def _all_healthy(self) -> None:
        """Instances that Auto Scaling has started meanwhile too."""
        found: list[str] = []

        def well() -> bool:
            found[:] = [
                f"target {t['name']} is {t['state']}"
                for t in self._targets()
                if t["state"] not in (HEALTHY, DRAINING)
            ]
            return not found

        try:
            self.wait("the instances to be healthy", well, HEALTHY_BOUND, every=0.5)
        except WaitTimeout as error:
            raise TenfoldError("; ".join(found), exit_code=FAILED) from error
