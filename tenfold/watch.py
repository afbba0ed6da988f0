"""`make watch`: load, probe and ledger until Ctrl-C, while you break things; then the verdict.

What happens to the stage's containers (kill, pause, disconnect …) is noted from the engine's
events; the first of them counts as the fault.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

from tenfold import history as h
from tenfold import pace, record, report, stages
from tenfold.drill import healing
from tenfold.drill.evidence import gather, settle
from tenfold.drill.live import Live
from tenfold.drill.model import Load
from tenfold.drill.run import SETTLE_BOUND
from tenfold.drill.show import Screen
from tenfold.drill.tools import DRILL_PACE, Tools, connect, new_folder, require_stage
from tenfold.engine import PROJECT_LABEL, SERVICE_LABEL, Engine
from tenfold.errors import TenfoldError
from tenfold.history import Mark
from tenfold.interrupt import interruptible, uninterrupted
from tenfold.lock import lock
from tenfold.measure import Threshold
from tenfold.paths import Paths
from tenfold.verdict import Verdict, judge
from tenfold.wait import WaitTimeout, wait_until

LOAD = Load(users=10, reads=5, writes=5, sessions=1, jobs=1)
LIMITS = Threshold(gap=3, failed_share=0.05, window=60, lost=0, doubled=0, logged_out=0)
"""A by-hand fault has no row: this is what a person would call riding it out."""
TOLD = {
    "die": "died",
    "oom": "out of memory",
    "pause": "frozen",
    "unpause": "goes on",
    "start": "started",
    "destroy": "removed",
    "connect": "connected to the network",
    "disconnect": "cut off the network",
}
HURTS = ("die", "oom", "pause", "disconnect")


def run(stage: int, as_json: bool = False) -> int:
    """Watch until Ctrl-C, then settle and judge; 0 with a verdict, 4 when the run is void."""
    engine = connect()
    require_stage(engine, stage)
    screen = Screen(as_json)
    marks: list[Mark] = []
    with lock("watch"), interruptible():
        healing.leftovers(engine, screen.say)
        if pace.name() != DRILL_PACE:
            screen.say("the limits are those of drill pace, the stage's is not", style="yellow")
        folder = new_folder("watch", stage)
        tools = Tools(engine, folder.name, folder)
        try:
            try:
                _watch(tools, folder, screen, marks)
            except KeyboardInterrupt:
                screen.say("ended by Ctrl-C: settling")
            with uninterrupted(screen.say):
                verdict = _close(tools, folder, screen, marks, stage)
        finally:
            with uninterrupted(screen.say):
                tools.remove()
    screen.verdict(verdict)
    return 4 if verdict.void else 0


def _watch(tools: Tools, folder: Path, screen: Screen, marks: list[Mark]) -> None:
    (folder / "users").write_text(str(LOAD.users))
    made = [
        tools.load(users=LOAD.users, shape="steered", pace=LOAD.pace),
        tools.probe(LOAD),
    ]
    marks.append(Mark(time.time(), h.STARTED))
    live = Live(folder)
    listener = Listener(tools.engine)
    listener.start()
    with screen.live():

        def look(until: bool) -> bool:
            for event in live.look():
                screen.say(f"{event.source}: {event.name} {event.text}", style="magenta")
            for mark in listener.take():
                hurt = mark.name in HURTS and all(m.name != h.INJECTED for m in marks)
                marks.append(mark)
                if hurt:
                    marks.append(Mark(mark.at, h.INJECTED, mark.text))
                screen.say(mark.text, style="red" if mark.name in HURTS else "green")
            screen.now(live.line())
            for tool in made:
                if not tools.engine.inspect(tool.id).running:
                    raise TenfoldError(
                        f"{tool.role or 'a tool'} ended by itself: {tools.last_words(tool)}",
                        do="`make status`",
                        exit_code=4,
                    )
            return until and live.clean_for(3, LOAD.reads + LOAD.writes)

        try:
            wait_until("clean answers", lambda: look(True), bound=60, every=0.5)
        except WaitTimeout as error:
            raise TenfoldError(
                f"the stage does not answer cleanly: {live.complaints()}",
                do="`make heal` brings back what is broken",
                exit_code=3,
            ) from error
        marks.append(Mark(time.time(), h.STEADY))
        screen.say(
            f"steady: {live.line()}. Break something (docker kill …); Ctrl-C for the verdict"
        )
        # A watch is bounded by a day: nobody watches for longer, and every wait has a bound.
        wait_until("Ctrl-C", lambda: look(False), bound=86_400, every=0.5)


def _close(tools: Tools, folder: Path, screen: Screen, marks: list[Mark], stage: int) -> Verdict:
    marks.append(Mark(time.time(), h.ENDED))
    for tool in tools.engine.tools(folder.name):
        tools.end(tool)
    tallies = settle(tools, folder, screen, SETTLE_BOUND)
    quiet = all(m.name != h.INJECTED for m in marks)
    if quiet:
        begin = next((m.at for m in marks if m.name == h.STEADY), marks[0].at)
        marks.append(Mark(begin, h.INJECTED, "nothing was broken"))
    history = gather(folder, marks)
    about = stages.read(Paths.here(), stage)
    verdict = judge(
        history,
        tallies,
        LIMITS,
        drill="watch",
        stage=stage,
        expected="",
        downtime_minutes=about.downtime_minutes,
    )
    if quiet:
        verdict.void = [v for v in verdict.void if "before the fault" not in v]
    happened = [m.text for m in marks if m.name in HURTS]
    verdict.story = {
        "run": folder.name,
        "folder": os.path.relpath(folder, record.ROOT),
        "pace": pace.name(),
        "stage_title": about.title,
        "story": "; ".join(happened) or "Nothing was broken.",
        "rehearses": "Whatever you did by hand, under load, with the ledger read back afterwards.",
        "evidence": "",
        "saved_by": "the stage rode it out" if happened else "nothing was hurt",
        "broke_by": "see the limits below",
        "fixed_by": "",
    }
    text = json.dumps(verdict.as_dict(), indent=2)
    (folder / "verdict.json").write_text(text, encoding="utf-8")
    report.write(folder / "report.html", history, verdict, LIMITS)
    return verdict


class Listener(threading.Thread):
    """The engine's events about the project's containers, as marks."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(daemon=True)
        self.engine = engine
        self._lock = threading.Lock()
        self._marks: list[Mark] = []

    def take(self) -> list[Mark]:
        """What came since the last time."""
        with self._lock:
            marks, self._marks = self._marks, []
        return marks

    def run(self) -> None:
        """Listen until the process ends."""
        for event in self.engine.client.api.events(decode=True):
            mark = self._as_mark(event)
            if mark is not None:
                with self._lock:
                    self._marks.append(mark)

    def _as_mark(self, event: dict[str, object]) -> Mark | None:
        actor = event.get("Actor") or {}
        action = str(event.get("Action", ""))
        attributes = actor.get("Attributes", {}) if isinstance(actor, dict) else {}
        if action not in TOLD:
            return None
        name = attributes.get(SERVICE_LABEL)
        if event.get("Type") == "network":
            try:
                c = self.engine.inspect(str(attributes.get("container", "")))
            except Exception:  # noqa: BLE001 (gone already: nothing to tell)
                return None
            # A container's start and end are network events too; only a running one was cut off.
            ours = c.labels.get(PROJECT_LABEL) == self.engine.project and c.running
            name = c.service if ours else None
        elif attributes.get(PROJECT_LABEL) != self.engine.project:
            return None
        if not name:
            return None
        nano = event.get("timeNano")
        at = float(nano) / 1e9 if isinstance(nano, int) else time.time()
        return Mark(at, action, f"{name} {TOLD[action]}", "engine")
