"""Drills: the catalogue, one run with its verdict, a fault by hand, and healing."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from tenfold import faults, pace, record, report, stages
from tenfold.drill import healing, steady
from tenfold.drill.evidence import gather
from tenfold.drill.model import Control, Drill, Load, catalogue, find
from tenfold.drill.run import STEADY_BOUND, Rehearsal
from tenfold.drill.show import Screen
from tenfold.drill.tools import (
    Tools,
    connect,
    new_folder,
    require_drill_pace,
    require_stage,
)
from tenfold.errors import TenfoldError
from tenfold.interrupt import interruptible
from tenfold.lock import lock
from tenfold.paths import Paths

__all__ = [
    "Control",
    "Drill",
    "Load",
    "break_",
    "catalogue",
    "find",
    "heal",
    "heal_leftovers",
    "run",
]


def run(name: str, stage: int, without: Sequence[str] = (), as_json: bool = False) -> int:
    """Run a drill; 0 as expected, 1 otherwise, 4 void, 130 Ctrl-C (healed first).

    Raises TenfoldError for what is missing or wrong.
    """
    drill = find(name)
    drill.expected(stage, tuple(without))
    engine = connect()
    require_stage(engine, stage)
    require_drill_pace(pace.name(), stage)
    screen = Screen(as_json)
    with lock(f"drill-{name}"), interruptible():
        screen.say(f"{name} at stage {stage}: {drill.story}")
        healing.leftovers(engine, screen.say)
        rehearsal = Rehearsal(drill, stage, tuple(without), engine, screen)
        try:
            verdict = rehearsal.go()
        except KeyboardInterrupt:
            return _interrupted(rehearsal, screen)
    history = gather(rehearsal.folder, rehearsal.marks, drill)
    text = json.dumps(verdict.as_dict(), indent=2)
    (rehearsal.folder / "verdict.json").write_text(text, encoding="utf-8")
    report.write(rehearsal.folder / "report.html", history, verdict, drill.threshold(stage))
    screen.verdict(verdict)
    if rehearsal.left:
        screen.say("its clean-up failed (above): `make heal` tries again", style="bold red")
        return 4
    if verdict.void:
        return 4
    return 0 if verdict.as_expected else 1


def _interrupted(rehearsal: Rehearsal, screen: Screen) -> int:
    if rehearsal.left:
        screen.json({"error": "; ".join(rehearsal.left), "do": "`make heal`", "exit": 4})
        return 4
    screen.say("stopped by Ctrl-C; the fault is healed", style="yellow")
    screen.json({"error": "interrupted", "do": "run it again", "exit": 130})
    return 130


def break_(name: str, stage: int, as_json: bool = False) -> int:
    """Inject a drill's fault and leave it, to look around by hand; `heal` undoes it."""
    drill = find(name)
    engine = connect()
    require_stage(engine, stage)
    screen = Screen(as_json)
    with lock(f"break-{name}"), interruptible():
        healing.leftovers(engine, screen.say)
        folder = new_folder(f"break-{name}", stage)
        low = drill.load.users
        if drill.load.of_capacity is not None:
            low = _spiked(Tools(engine, folder.name, folder), drill, folder, screen)
        if isinstance(drill.fault, faults.Prepares):
            for done in drill.fault.prepare(engine):
                screen.say(f"first: {done}")
        state = drill.fault.plan(engine, {"folder": folder, "low": low})
        entry = {
            "drill": name,
            "stage": stage,
            "run": folder.name,
            "by": "break",
            "fault": faults.to_record(drill.fault),
            "state": state,
            "at": time.time(),
        }
        record.add_fault(entry)
        drill.fault.inject(engine, state)
        record.update_fault(folder.name, state)
        screen.say(drill.fault.took_effect(engine, state), style="red")
    screen.say("look around; `make heal` undoes it")
    screen.json({"broken": name, "do": "`make heal` undoes it"})
    return 0


def _spiked(tools: Tools, drill: Drill, folder: object, screen: Screen) -> int:
    """A spike by hand needs users first."""
    rate = tools.calibrate(faults.choose(tools.engine, "web", "first"))
    low = max(1, round(rate * float(drill.load.of_capacity or 0) * drill.load.pace))
    (tools.folder / "users").write_text(str(low))
    tools.load(users=low, shape="steered", pace=drill.load.pace, reads_only=drill.load.reads_only)
    screen.say(f"one instance answers {rate:.0f} requests/s: {low} users to begin with")
    return low


def heal(stage: int, as_json: bool = False) -> int:
    """Undo every fault there is and wait until the stage is steady; raises where it is not."""
    engine = connect()
    screen = Screen(as_json)
    if not engine.containers():
        raise TenfoldError("no stage runs", do="start one with `make stage-3 up`", exit_code=3)
    with lock("heal"), interruptible(), screen.live():
        healing.everything(engine, screen.say)
        services = stages.read(Paths.here(), stage).services
        problem = healing.until_steady(engine, STEADY_BOUND, screen.now, services)
        problem = problem or "; ".join(f"{e['drill']} is not healed" for e in record.faults())
    if problem:
        afresh = f"`make logs SERVICE=…`; `make down` and `make stage-{stage} up`"
        raise TenfoldError(problem, do=steady.remedy(problem, stage, afresh), exit_code=4)
    screen.say("everything is steady", style="green")
    screen.json({"healed": True})
    return 0


def heal_leftovers() -> None:
    """For commands that change the stage: heal what a killed drill left. Call under the lock.

    Tells it on standard error: the command's answer may be JSON.
    """
    if any(e.get("by") == "drill" for e in record.faults()) or record.switches():
        healing.leftovers(connect(), Screen(as_json=True).say)
