"""The containers that measure: Locust, the probe, the settler. Started for one run, removed after.

Everything they write lands in the run's folder, which is mounted into them.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from tenfold import pace, patroni, record, rotate, secrets
from tenfold.drill.model import Load
from tenfold.engine import PROJECT, TOOLS_IMAGE, Container, Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.faults.base import front
from tenfold.paths import Paths

DRILL_PACE = "drill"
"""the pace that limits, holds and bounds are made for"""


def connect() -> Engine:
    """The engine and the project; TENFOLD_PROJECT names another one."""
    try:
        return Engine(os.environ.get("TENFOLD_PROJECT", PROJECT))
    except EngineError as error:
        raise TenfoldError(str(error), do="run `make setup`", exit_code=3) from error


def require_stage(engine: Engine, stage: int | None) -> None:
    """Raise unless a stage is there; its instances may be dead, which healing is for."""
    if stage is None or not engine.containers("web"):
        raise TenfoldError(
            "no stage runs",
            do=f"start one with `make stage-{3 if stage is None else stage} up`",
            exit_code=3,
        )


def require_drill_pace(pace: str, stage: int | None) -> None:
    """Raise unless the time constants are those that a drill is judged by."""
    if pace != DRILL_PACE:
        raise TenfoldError(
            f"drills are judged at drill pace, and this is {pace} pace",
            do="leave PACE out" if stage is None else f"`make stage-{stage} up PACE={DRILL_PACE}`",
            exit_code=3,
        )


def new_folder(name: str, stage: int) -> Path:
    """results/<time>-<name>-stage<N>, writable for the tools' containers."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = record.RESULTS / f"{stamp}-{name}-stage{stage}"
    folder.mkdir(parents=True)
    if os.getuid() == 0:
        os.chown(folder, secrets.CONTAINER_UID, secrets.CONTAINER_UID)
    return folder


@dataclass
class Tools:
    """The measuring containers of one run."""

    engine: Engine
    run: str
    folder: Path

    def load(
        self,
        *,
        users: int,
        shape: str,
        seconds: float = 0,
        pace: float = 1.0,
        reads_only: bool = False,
        ui_port: int = 0,
    ) -> Container:
        """Locust. Shape `steered` reads its users from the folder; with a port it has its page."""
        env = {
            "SHAPE": shape,
            "USERS": str(users),
            "SECONDS": str(seconds),
            "PACE_SECONDS": str(pace),
            "MIX": "reads" if reads_only else "all",
        }
        argv = ["locust", "-f", "/srv/loadtests/locustfile.py", "--host", front(self.engine)]
        argv += ["--csv", "/results/load", "--html", "/results/load.html", "--loglevel", "WARNING"]
        if ui_port:
            # No shape class here: the page starts, stops and sizes the test.
            env["SHAPE"] = ""
            argv += ["--autostart", "--users", str(users), "--spawn-rate", str(max(1, users))]
            argv += ["--run-time", f"{int(seconds)}s"] if seconds else []
        else:
            argv += ["--headless", "--only-summary", "--reset-stats"]
        return self._start("load", argv, env, ports={8089: ui_port} if ui_port else None)

    def probe(self, load: Load) -> Container:
        """The fixed-rate probe, with the observers of what the stage has."""
        argv = ["python", "-m", "loadtests.probe", "--target", front(self.engine)]
        for name in ("reads", "writes", "sessions", "jobs", "cached"):
            argv += [f"--{name}", f"{getattr(load, name):g}"]
        if load.digests:
            argv += ["--digest-period", f"{pace.seconds('DIGEST_PERIOD_SECONDS'):g}"]
        if self.engine.containers("controlplane"):
            argv += ["--events", "http://controlplane:9900"]
        if self.engine.containers("inbox"):
            argv += ["--inbox", "http://inbox:1080"]
        nodes = self.engine.containers("rds") if patroni.clustered(self.engine) else []
        if nodes:
            argv += ["--primaries", ",".join(f"{n.service}={n.ip}" for n in nodes if n.ip)]
        return self._start("probe", argv)

    def settle(self, bound: float) -> Container:
        """Reads the ledger back against the stores and writes settle.json."""
        secret = record.STATE / "secrets" / "tenfold-rds"
        if rotate.managed(self.engine):
            # Whoever has rotated it meanwhile; without Secrets Manager what is known must do.
            with contextlib.suppress(TenfoldError, EngineError):
                rotate.sync(Paths.here(), self.engine, secret.name)
        # A job that a dead worker held is back by then.
        quiet = pace.seconds("SQS_VISIBILITY_SECONDS") + 4
        argv = ["python", "-m", "loadtests.settle", "--bound", f"{bound:g}"]
        argv += ["--quiet", f"{quiet:g}"]
        if self.engine.containers("sqs"):
            argv += ["--queue", "http://sqs:9324"]
        return self._start("settle", argv, mounts={str(secret): "/run/secrets/tenfold-rds:ro"})

    def calibrate(self, instance: Container, seconds: float = 8) -> float:
        """Requests a second that one instance answers, asked directly; raises TenfoldError."""
        argv = ["python", "-m", "loadtests.calibrate", f"http://{instance.ip}:8000"]
        argv += ["--seconds", f"{seconds:g}"]
        tool = self._start("calibrate", argv)
        code = self.engine.wait(tool, seconds + 40)
        path = self.folder / "calibrate.json"
        if code or not path.exists():
            raise TenfoldError(
                f"the capacity of {instance.short} could not be measured: {self.last_words(tool)}",
                do="see `make status`",
                exit_code=4,
            )
        return float(json.loads(path.read_text())["rate"])

    def front(self, instances: list[Container]) -> dict[str, object]:
        """What CloudFront and ALB cost against these instances; raises where that fails."""
        argv = ["python", "-m", "loadtests.front", *(f"http://{c.ip}:8000" for c in instances)]
        tool = self._start("front", argv)
        code, path = self.engine.wait(tool, 180), self.folder / "front.json"
        if code or not path.exists():
            raise TenfoldError(
                f"the front could not be measured: {self.last_words(tool)}",
                do="see `make status`",
                exit_code=4,
            )
        found: dict[str, object] = json.loads(path.read_text())
        return found

    def _start(
        self,
        role: str,
        argv: list[str],
        env: dict[str, str] | None = None,
        mounts: dict[str, str] | None = None,
        ports: dict[int, int] | None = None,
    ) -> Container:
        try:
            return self.engine.run(
                TOOLS_IMAGE,
                argv,
                role=role,
                run=self.run,
                env=env,
                mounts={str(self.folder): "/results", **(mounts or {})},
                user=str(secrets.container_uid()),
                ports=ports,
            )
        except EngineError as error:
            raise TenfoldError(str(error), do="`make setup` builds what is missing") from error

    def end(self, tool: Container, grace: int = 12) -> None:
        """Let a tool finish its open requests, then end it."""
        with contextlib.suppress(EngineError):
            if self.engine.inspect(tool.id).running:
                self.engine.stop(tool, grace)

    def last_words(self, tool: Container) -> str:
        """The end of a tool's output."""
        try:
            return self.engine.logs(tool, 5).strip()[-500:]
        except EngineError:
            return "nothing"

    def remove(self) -> None:
        """Remove this run's containers."""
        for tool in self.engine.tools(self.run):
            with contextlib.suppress(EngineError):
                self.engine.remove(tool)
