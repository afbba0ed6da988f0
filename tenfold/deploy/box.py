"""Stages 0 and 1: in place. The app stops and starts again on the one box, and so does the site."""

from __future__ import annotations

import json
from typing import ClassVar

from tenfold.deploy import base
from tenfold.deploy.base import BOX, ON_DISK, STARTED, Deploy
from tenfold.engine import Container, EngineError, NotFound
from tenfold.errors import FAILED, TenfoldError

UP_BOUND = 60.0
STOP_SECONDS = 30
"""gunicorn lets requests in flight finish, at most 25 s"""
KEPT = "SVDIR=/run/box/sv exec sv -w {seconds} {verb} app"
WRITE = "umask 022; printf '%s' \"$1\" > {path}.new && mv {path}.new {path}"


class InPlace(Deploy):
    """What an operator does by hand on one machine: new release on the disk, restart the app."""

    how: ClassVar[str] = "in place: the site is away while the app starts again"

    def go(self) -> None:
        """Write, restart, wait until it answers as the new release."""
        box = self._box()
        if not box.running:
            self.out.step(f"{box.short} is {box.state}: starting it")
            self.engine.start(box)
            self.wait(f"{box.short} to run", lambda: self.engine.inspect(box.id).running, 10)
            box = self.engine.inspect(box.id)
            self.wait(f"{box.short}'s services", lambda: self._sv(box, "status", 5), 20)
        elif self._serves(box):
            self.out.step(f"{box.short} has {self.release} already")
            return
        self._write(box)
        self.out.step(f"{box.short}: restarting the app")
        if not self._sv(box, "restart", STOP_SECONDS):
            self._sv(box, "force-restart", 5)
        self.hook(STARTED, box)

        def answers() -> bool:
            now = self.engine.inspect(box.id)
            if not now.running:
                raise base.died(now)
            self.out.now(f"{box.short}: until it answers as {self.release}")
            return self._serves(box)

        try:
            self.wait(
                f"{box.short} to answer as {self.release}",
                answers,
                UP_BOUND,
                every=0.3,
                tolerate=(EngineError,),
            )
        except NotFound as error:
            raise TenfoldError(f"{box.short} is gone", exit_code=FAILED) from error
        self.out.step(f"{box.short}: answers as {self.release}")

    def _box(self) -> Container:
        for c in base.instances(self.engine):
            if BOX in self.engine.environment(c):
                return c
        raise TenfoldError("there is no box", f"`make stage-{self.stage} up` makes it")

    def _write(self, box: Container) -> None:
        text = "".join(f"{name}={value}\n" for name, value in self.release.env.items())
        done = self.engine.exec(box, ["sh", "-c", WRITE.format(path=ON_DISK), "sh", text])
        if done.code or base.on_disk(self.engine, box).get("RELEASE") != self.release.name:
            raise TenfoldError(f"{box.short} does not take {ON_DISK}: {done.output.strip()}")

    def _sv(self, box: Container, verb: str, seconds: int) -> bool:
        words = KEPT.format(verb=verb, seconds=seconds)
        return self.engine.exec(box, ["sh", "-c", words]).code == 0

    def _serves(self, box: Container) -> bool:
        """Whether what answers is the release; a fault is not told, so the disk must say it too."""
        curl = ["curl", "-fsS", "-m", "3", "http://127.0.0.1:8000/whoami"]
        got = self.engine.exec(box, curl)
        try:
            name = json.loads(got.output)["release"] if got.code == 0 else ""
        except (ValueError, KeyError):
            return False
        return name == self.release.name and base.of(self.engine, box) == self.release
