"""`python -m controlplane alb asg rds cloudwatch`: starts the named loops and the HTTP interface.

Ends with 0 at SIGTERM, with 78 (EX_CONFIG) and one line when names or environment are wrong.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence

from controlplane import settings as environment
from controlplane.discovery import Discovery
from controlplane.events import Events
from controlplane.runner import Loop, Runner
from controlplane.server import Api, Scaling, Server, Targets
from controlplane.settings import Settings, SettingsError
from tenfold.engine import Engine, EngineError

BAD_CONFIGURATION = 78
LOOPS = ("alb", "asg", "rds", "cloudwatch")
EVERY = {"alb": 0.25, "asg": 0.5, "rds": 0.5, "cloudwatch": 5.0}
"""seconds between ticks: a health check is due, asked and told in three of the ALB's"""
END_BOUND = 3.0


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run until SIGTERM; the exit code."""
    events = Events()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        names = wanted(argv)
        settings = environment.read(environ, names)
        loops = build(names, settings, events)
        runners = {n: Runner(n, loop, events, stopping, EVERY[n]) for n, loop in loops.items()}
        group, scaling = loops.get("alb"), loops.get("asg")
        api = Api(
            runners,
            events,
            settings.switches,
            Discovery(Engine(settings.project)),
            group if isinstance(group, Targets) else None,
            scaling if isinstance(scaling, Scaling) else None,
        )
        server = Server(api)
    except (SettingsError, EngineError, OSError) as error:
        print(f"error: the control plane cannot start: {error}", file=sys.stderr)
        return BAD_CONFIGURATION
    for runner in runners.values():
        runner.start()
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    events.log("started", loops=list(names), project=settings.project, pace=environ.get("PACE", ""))
    stopping.wait()
    server.shutdown()
    server.server_close()
    # A tick in hand is finished if it is quick; all can be rebuilt from what the next start sees.
    late = [n for n, runner in runners.items() if not runner.join(END_BOUND / len(runners))]
    events.log("ended", **({"in_mid_tick": late} if late else {}))
    return 0


def wanted(argv: Sequence[str]) -> tuple[str, ...]:
    """The loops to run, in the order in which they need each other; raises SettingsError."""
    known = ", ".join(LOOPS)
    if not argv:
        raise SettingsError(f"name the loops to run, of {known}")
    if unknown := sorted(set(argv) - set(LOOPS)):
        raise SettingsError(f"there is no loop {', '.join(unknown)}; there are {known}")
    if "asg" in argv and "alb" not in argv:
        raise SettingsError(
            "asg needs alb: an instance is in service when the ALB holds it healthy"
        )
    return tuple(name for name in LOOPS if name in argv)


def build(names: Sequence[str], settings: Settings, events: Events) -> dict[str, Loop]:
    """The loops, each with an engine of its own: the SDK's client is not for many threads."""
    loops: dict[str, Loop] = {}
    # Loaded when named: stage 2 has no group, and pays for none.
    if "alb" in names:
        from controlplane.alb import AlbLoop

        alb = AlbLoop(Engine(settings.project), settings, events)
        loops["alb"] = alb
        if "asg" in names:
            from controlplane.asg import AsgLoop

            loops["asg"] = AsgLoop(Engine(settings.project), alb, settings, events)
    if "rds" in names:
        from controlplane.rds import RdsLoop

        loops["rds"] = RdsLoop(Engine(settings.project), settings, events)
    if "cloudwatch" in names:
        from controlplane.cloudwatch import Watch

        loops["cloudwatch"] = Watch(Engine(settings.project), events)
    return loops


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
