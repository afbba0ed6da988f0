"""`make stage-N up`: checks with no effect first, then the changes, then ready through its door.

Each step can be repeated: a start that was cut short goes on from where it is.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import docker.errors

from tenfold import checks, compose, deploy, observe, record, release, secrets, settings, stages
from tenfold.compose import Compose
from tenfold.engine import ONEOFF_LABEL, Container, Engine, EngineError
from tenfold.errors import FAILED, INTERRUPTED, MISSING, TenfoldError
from tenfold.interrupt import interruptible
from tenfold.journal import DEPLOYED, SEEDED, UP, UP_FAILED, UP_STARTED, Journal
from tenfold.lock import lock
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.progress import Progress, blame
from tenfold.seed import seed
from tenfold.stages import Running, Stage
from tenfold.wait import WaitTimeout, wait_until

UP_BOUND = 240.0
READY_BOUND = 90.0


@dataclass
class Up:
    """One start of a stage."""

    paths: Paths
    engine: Engine
    stage: Stage
    pace: str
    """empty: as it runs, else drill"""
    out: Output
    with_seed: bool = True
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.journal = Journal(self.paths.journal, self.paths.project)
        self.number = self.stage.number
        self.again = f"`make stage-{self.number} up` goes on from here, `make down` stops it"
        if release.unfinished(self.journal):
            self.again = f"`{release.current(self.paths).command}` ends the deploy; {self.again}"

    def go(self) -> None:
        """Start it; raises TenfoldError."""
        with lock(f"up stage-{self.number}"), interruptible():
            now = stages.running(self.paths, self.engine)
            if now is not None and now.stage != self.number:
                raise other_stage(now, self.number)
            before = settings.read(self.paths.env) if now else {}
            self.ports = settings.ports(os.environ, before)
            self.pace = self.pace or (now.pace if now else "drill")
            self._check()
            self._start(now)

    # -- steps -----------------------------------------------------------------------------

    def _check(self) -> None:
        """Everything that can be known to go wrong, before anything is changed."""
        version = observe.compose_version()
        if found := checks.compose(version):
            raise TenfoldError.of(found)
        before = self.paths.env.read_bytes() if self.paths.env.exists() else b""
        settings.ensure(self.paths, self.ports)
        try:
            self.command = Compose(self.paths, self.number, self.pace)
            self.config = self.command.config()
            seen = observe.look(
                self.paths, self.engine, self.stage, self.config, self.ports, version
            )
            if found := checks.problems(seen):
                raise TenfoldError.of(found)
        except BaseException:
            # A refused start leaves what the running stage was started with.
            self.paths.env.write_bytes(before)
            raise
        self.images_missing = seen.images_missing

    def _start(self, now: Running | None) -> None:
        if made := secrets.ensure(self.paths):
            self.out.step(f"made the secrets {', '.join(made)} (.tenfold/secrets)")
        if self.images_missing:
            self._build()
        port = self.ports["TENFOLD_PORT"]
        self.journal.add(UP_STARTED, self.number, self.pace, port)
        try:
            with self.out.live():
                for c in self.engine.containers():
                    # Compose can neither start nor replace a frozen container.
                    self.engine.unpause(c)
                self._compose_up(now)
                self._heal()
                self._ready(port)
                self._deployed(now)
                seeded = self._seed()
        except BaseException:
            self.journal.add(UP_FAILED, self.number, self.pace, port)
            raise
        self.journal.add(UP, self.number, self.pace, port)
        self._tell(port, seeded)

    def _build(self) -> None:
        names = [name.removeprefix("tenfold/") for name in self.images_missing]
        self.out.step(f"building what is missing ({', '.join(names)}): minutes, the first time")
        from tenfold import images  # built rarely: not loaded otherwise

        images.build(self.number, self.out)

    def _compose_up(self, now: Running | None) -> None:
        words = ["up", "-d", "--wait", "--wait-timeout", f"{UP_BOUND:.0f}"]
        words += ["--pull", "never", "--no-build", *scale(now.containers if now else ())]
        if now and release.unfinished(self.journal):
            # Half of the instances have the release before: that is the deploy's to change.
            words.append("--no-recreate")
        services = self.config.get("services") or {}
        total = sum(int(s.get("scale") or 1) for s in services.values())
        self.out.step(
            f"stage {self.number}, {self.stage.title.lower()}: {total} containers, "
            f"at most {UP_BOUND:.0f} s"
        )
        progress = Progress(self.engine, compose.one_shots(self.config), self.out)

        def ended() -> bool:
            progress.look()
            return process.poll() is not None

        with self._log() as log:
            process = self.command.start(*words, log=log)
            try:
                wait_until(
                    "Compose",
                    ended,
                    UP_BOUND + 30,
                    every=0.3,
                    tolerate=(EngineError, docker.errors.APIError),
                )
            except WaitTimeout as error:
                compose.stop(process)
                raise self._failed(progress, f"not up after {error.bound:.0f} s") from error
            except BaseException:
                self.out.step("ending Compose in order", style="yellow")
                compose.stop(process)
                raise
        progress.look()
        if process.returncode:
            text = self.paths.up_log.read_text(errors="replace")
            raise self._failed(progress, compose.last_line(text))

    def _failed(self, progress: Progress, said: str) -> TenfoldError:
        """The error, with the failing services' last lines shown before it."""
        culprits = blame(self.engine, progress.one_shots)
        for c, what in culprits[:2]:
            self.out.errors.print(f"--- {c.short} {what}; its last lines:", style="yellow")
            self.out.errors.print(self.engine.logs(c, 12).rstrip(), soft_wrap=True)
        if not culprits:
            return TenfoldError(f"Compose: {said}", f"see {self._where()}; {self.again}", FAILED)
        told = "; ".join(f"{c.short} {what}" for c, what in culprits)
        service = culprits[0][0].service
        return TenfoldError(told, f"`make logs SERVICE={service}`; {self.again}", FAILED)

    def _heal(self) -> None:
        """What an earlier drill or a fault by hand has left: a stage that is up is whole."""
        if not record.faults() and not record.switches():
            return
        from tenfold.drill import healing

        self.out.step("a fault is in progress: healing it")
        try:
            healing.everything(self.engine, self.out.step)
        except (TenfoldError, EngineError, WaitTimeout) as error:
            raise TenfoldError(str(error), f"`make heal`; {self.again}", FAILED) from error

    def _ready(self, port: int) -> None:
        url = f"http://127.0.0.1:{port}/readyz"
        self.out.now(f"waiting for {url}, at most {READY_BOUND:.0f} s")
        said: list[str] = []

        def ready() -> bool:
            status, text = ask(url)
            said[:] = [f"{status}: {text}" if status else text]
            return status == 200

        try:
            wait_until(url, ready, READY_BOUND, every=0.3)
        except WaitTimeout as error:
            raise TenfoldError(
                f"{url} is not ready after {READY_BOUND:.0f} s ({said[0]})",
                f"`make status`, `make logs SERVICE=alb`; {self.again}",
                FAILED,
            ) from error
        self.out.step("ready through its front door", style="green")

    def _deployed(self, now: Running | None) -> None:
        """The release that was deployed last is what a fresh start has.

        Compose has given it to what it made. A box has it on its disk, and a new disk has none.
        """
        wanted, left = release.current(self.paths), release.unfinished(self.journal)
        if left and now is not None:
            self.out.step(f"the deploy of {left} is half-way: `{wanted.command}` goes on", "yellow")
            return
        box = self.number < deploy.FIRST_ROLLING
        if box and set(deploy.where(self.engine).values()) != {wanted}:
            deploy.deploy(self.paths, self.engine, self.number, self.pace, wanted, self.out)
        elif left:
            self.journal.add(DEPLOYED, self.number, self.pace, release=left)

    def _seed(self) -> bool:
        """Once for data that is kept."""
        if not self.with_seed or self.journal.seeded(self.number):
            return False
        seed(self.command, "S", self.out)
        self.journal.add(SEEDED, self.number, self.pace)
        return True

    def _tell(self, port: int, seeded: bool) -> None:
        url = f"http://127.0.0.1:{port}/"
        stage = stages.read(self.paths, self.number)  # its addresses, with the ports of now
        seconds = round(self.out.elapsed(), 1)
        self.out.say()
        self.out.say(f"Stage {self.number} is up after {seconds:.0f} s: {url}", style="bold green")
        if stage.try_next:
            self.out.say("Try next:")
            for line in (*stage.try_next, "make status", "make urls", "make help"):
                self.out.say(f"  {line}")
        self.out.answer(
            {
                "stage": self.number,
                "title": stage.title,
                "pace": self.pace,
                "url": url,
                "urls": [{"name": n, "url": u} for n, u in stage.urls],
                "try": list(stage.try_next),
                "seeded": seeded,
                "seconds": seconds,
            }
        )

    @contextmanager
    def _log(self) -> Iterator[Any]:
        with self.paths.up_log.open("wb") as log:
            yield log

    def _where(self) -> str:
        try:
            return str(self.paths.up_log.relative_to(self.paths.root))
        except ValueError:
            return str(self.paths.up_log)


def other_stage(now: Running, wanted: int) -> TenfoldError:
    """One stage at a time; growing in place is not there yet."""
    return TenfoldError(
        f"stage {now.stage} is up; stage {wanted} cannot be started over it",
        f"`make down` stops it and keeps the data, then `make stage-{wanted} up`",
        MISSING,
    )


def scale(containers: tuple[Container, ...]) -> list[str]:
    """What keeps instances that Auto Scaling started: a plain `up` goes back to one each."""
    counts: dict[str, int] = {}
    for c in containers:
        if c.role == "web" and c.labels.get(ONEOFF_LABEL) != "True":
            counts[c.service] = counts.get(c.service, 0) + 1
    return [w for name, n in sorted(counts.items()) if n > 1 for w in ("--scale", f"{name}={n}")]


def ask(url: str) -> tuple[int, str]:
    """Status and the start of the body; 0 and the reason when there is no answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return answer.status, answer.read(200).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, " ".join(error.read(200).decode(errors="replace").split())
    except (OSError, ValueError) as error:
        return 0, str(error)


def interrupted(number: int) -> TenfoldError:
    """What Ctrl-C in the middle of a start leaves, and how to go on."""
    return TenfoldError(
        f"stage {number} was not started to its end (Ctrl-C)",
        f"`make stage-{number} up` goes on, `make down` stops it",
        INTERRUPTED,
    )
