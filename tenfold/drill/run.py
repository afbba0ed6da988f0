"""One run of a drill: steady, baseline, inject, hold, heal, recover, settle, verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenfold import faults, pace, record, stages, switches
from tenfold import history as h
from tenfold.drill import healing, steady
from tenfold.drill.evidence import gather, settle
from tenfold.drill.live import Live
from tenfold.drill.model import Drill
from tenfold.drill.show import Screen
from tenfold.drill.tools import Tools, new_folder
from tenfold.engine import Container, Engine
from tenfold.errors import TenfoldError
from tenfold.faults import NoEffect
from tenfold.history import Mark
from tenfold.interrupt import uninterrupted
from tenfold.ledger import Tally
from tenfold.measure import OUTAGE_SECONDS, SITE
from tenfold.paths import Paths
from tenfold.verdict import BREAKS, SURVIVES, Verdict, judge
from tenfold.wait import WaitTimeout, wait_until

GATE_SECONDS, GATE_BOUND = 3.0, 60.0
RECOVER_SECONDS = 3.0
SETTLE_BOUND = 90.0
STEADY_BOUND = 120.0
WORTH_TELLING = 10.0


@dataclass
class Rehearsal:
    """A drill on a running stage."""

    drill: Drill
    stage: int
    without: tuple[str, ...]
    engine: Engine
    screen: Screen
    marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = new_folder(self.drill.name, self.stage)
        self.run = self.folder.name
        self.tools = Tools(self.engine, self.run, self.folder)
        self.live = Live(self.folder)
        self.state: dict[str, Any] = {}
        self.evidence = ""
        self.hurt = self.recorded = False
        self.left: list[str] = []
        """what could not be cleaned up"""
        self._services = stages.read(Paths.here(), self.stage).services
        self.injected_at = 0.0
        self.load: Container | None = None
        self.probe: Container | None = None

    # -- the whole -------------------------------------------------------------------------

    def go(self) -> Verdict:
        """Run it; heals, puts switches back and removes its containers whatever happens."""
        try:
            with self.screen.live():
                self._prepare()
                self._gate()
                self._baseline()
                self._strike()
                self._hold()
                self._heal()
                self._recover()
                tallies = self._settle()
                verdict = self._judge(tallies)
        finally:
            with uninterrupted(self.screen.say):
                self._clean()
        return verdict

    # -- steps -----------------------------------------------------------------------------

    def _prepare(self) -> None:
        if isinstance(self.drill.fault, faults.Prepares):
            for done in self.drill.fault.prepare(self.engine):
                self.screen.say(f"first: {done}")
        for name in (*self.drill.always, *self.without):
            switches.apply(self.engine, name, self.screen.say)
        users = self.drill.load.users
        if self.drill.load.of_capacity is not None:
            users = self._calibrated()
        (self.folder / "users").write_text(str(users))
        self.state = self.drill.fault.plan(self.engine, {"folder": self.folder, "low": users})
        load = self.drill.load
        self.load = self.tools.load(
            users=users, shape="steered", pace=load.pace, reads_only=load.reads_only
        )
        self.probe = self.tools.probe(load)
        self.mark(h.STARTED, f"{users} users, probe {self._rate():g}/s")

    def _calibrated(self) -> int:
        instance = faults.choose(self.engine, "web", "first")
        self.screen.now(f"measuring the capacity of {instance.short}")
        rate = self.tools.calibrate(instance)
        users = max(1, round(rate * float(self.drill.load.of_capacity or 0) * self.drill.load.pace))
        self.screen.say(f"one instance answers {rate:.0f} requests/s: {users} users to begin with")
        return users

    def _gate(self) -> None:
        """Refuse to start unless the system is steady and answers cleanly."""
        found: list[str] = []

        def clean() -> bool:
            found[:] = steady.problems(self.engine, self._services)
            if not found and not self.live.clean_for(GATE_SECONDS, self._rate()):
                found.append(self.live.complaints())
            return not found

        if self.without:
            # The switch is what is not steady now: the clients' answers are the gate.
            def clean() -> bool:  # noqa: F811
                found[:] = [self.live.complaints()]
                return self.live.clean_for(GATE_SECONDS, self._rate())

        if not self._until("the stage to answer cleanly", clean, GATE_BOUND, every=0.5):
            told = "; ".join(found)
            raise TenfoldError(
                f"the stage is not steady after {GATE_BOUND:g} s: {told}",
                do=steady.remedy(
                    told, self.stage, "`make heal` brings back what is broken; `make status`"
                ),
                exit_code=3,
            )
        self.mark(h.STEADY, "all answers clean")
        self.screen.say(f"steady: {self.live.line()}")

    def _baseline(self) -> None:
        self._until("the baseline", lambda: False, self.drill.baseline)
        self.screen.say(f"baseline: {self.live.line()}")

    def _strike(self) -> None:
        """Record, inject, prove."""
        fault = self.drill.fault
        # Planned again: who leads may have changed since.
        low = int((self.folder / "users").read_text())
        self.state = fault.plan(self.engine, {"folder": self.folder, "low": low})
        record.add_fault(
            {
                "drill": self.drill.name,
                "stage": self.stage,
                "run": self.run,
                "by": "drill",
                "fault": faults.to_record(fault),
                "state": self.state,
                "at": time.time(),
            }
        )
        self.hurt = self.recorded = True
        before = time.time()
        fault.inject(self.engine, self.state)
        # A fault that waits for its moment (a busy worker, a full queue) says when that was.
        self.injected_at = self.state.get("at") or before
        record.update_fault(self.run, self.state)
        self.mark(h.INJECTED, self.drill.story, at=self.injected_at)
        try:
            self.evidence = fault.took_effect(self.engine, self.state)
        except (NoEffect, WaitTimeout) as error:
            raise TenfoldError(
                f"the fault took no effect: {error}", do="see `make status`", exit_code=4
            ) from error
        self.mark(h.PROVEN, self.evidence)
        self.screen.say(f"injected and proven: {self.evidence}", style="red")

    def _hold(self) -> None:
        """The drill's time; a fault that ends by itself does, and the operator comes if needed."""
        self._go_on()
        lasts, quiet = self.drill.fault.lasts, self.drill.quiet
        if lasts is not None:
            self._hold_until(self.injected_at + lasts)
            self._undo_fault("back", "it comes back")
        if self.stage in self.drill.operator:
            self._await_operator()
            self._undo_fault(h.OPERATOR, self.drill.operator[self.stage])
            self.mark(h.REPAIRED, "what the operator did is done")
            return

        def quiet_now() -> bool:
            # Not before the fault can have been felt at all.
            felt = self.injected_at + 5
            return quiet is not None and self.live.clean_for(quiet, self._rate(), since=felt)

        left = self.injected_at + self.drill.hold - time.time()
        self._until("the hold", quiet_now, max(0.0, left))

    def _go_on(self) -> None:
        """The further steps of a fault that has some, each proven."""
        fault = self.drill.fault
        if not isinstance(fault, faults.GoesOn):
            return
        for step, after in enumerate(fault.steps, start=1):
            self._hold_until(self.injected_at + after)
            try:
                told = fault.go_on(self.engine, self.state, step)
            except NoEffect as error:
                raise TenfoldError(
                    f"the fault's next step took no effect: {error}",
                    do="see `make status`",
                    exit_code=4,
                ) from error
            record.update_fault(self.run, self.state)
            self.mark(h.PROVEN, told)
            self.screen.say(f"and then: {told}", style="red")

    def _await_operator(self) -> None:
        """They come when users complain, or sooner: on the alarm's mail that the drill names."""
        late, words = self.injected_at + pace.seconds("OPERATOR_SECONDS"), self.drill.paged_by
        left = max(0.0, late - time.time())
        if words and self._until("the pager", lambda: self._paged(words), left):
            self.screen.say("the operator is paged", style="magenta")
            late = min(late, time.time() + pace.seconds("RUNBOOK_SECONDS"))
        self._hold_until(late)

    def _paged(self, words: tuple[str, ...]) -> bool:
        return any(
            m.name == h.ALARM and m.at >= self.injected_at and all(w in m.text for w in words)
            for m in self.live.events
        )

    def _hold_until(self, moment: float) -> None:
        self._until("the hold", lambda: False, max(0.0, moment - time.time()))

    def _undo_fault(self, mark: str, text: str) -> None:
        self.mark(mark, text)
        for done in self.drill.fault.heal(self.engine, self.state):
            self.screen.say(f"{text}: {done}", style="green")
        for name, told, at in self.state.pop("marks", []):
            self.mark(name, told, at)

    def _heal(self) -> None:
        """Undo the fault."""
        done = self.drill.fault.heal(self.engine, self.state)
        # Recorded still: what it destroyed is put back when all has been judged.
        self.hurt = False
        self.mark(h.HEALED, "; ".join(done) or "nothing was left to heal")
        self.screen.say(f"healed: {'; '.join(done) or 'nothing was left to heal'}", style="green")

    def _recover(self) -> None:
        """Fresh requests are answered cleanly again, or the bound is over."""
        healed, load = time.time(), self.drill.load
        rate = load.reads + load.writes

        def fresh() -> bool:
            # A stall that has just ended would count as an outage at the end of the observation.
            return self.live.clean_for(
                RECOVER_SECONDS, rate, since=healed, kinds=SITE, within=OUTAGE_SECONDS
            )

        if self._until("clean answers to fresh requests", fresh, self.drill.recover):
            self.mark(h.RECOVERED, "fresh requests are answered")
            self.screen.say(f"recovered: {self.live.line()}")
        else:
            self.screen.say(f"not recovered after {self.drill.recover:g} s", style="red")
        self.mark(h.ENDED)
        for tool in (self.probe, self.load):
            if tool is not None:
                self.tools.end(tool)

    def _settle(self) -> list[Tally]:
        """Read the ledger back against the stores."""
        tallies = settle(self.tools, self.folder, self.screen, SETTLE_BOUND)
        if tallies:
            self.mark(h.SETTLED)
        return tallies

    def _judge(self, tallies: Sequence[Tally]) -> Verdict:
        history = gather(self.folder, self.marks, self.drill)
        stage = stages.read(Paths.here(), self.stage)
        verdict = judge(
            history,
            tallies,
            self.drill.threshold(self.stage),
            drill=self.drill.name,
            stage=self.stage,
            expected=self.drill.expected(self.stage, self.without),
            without=self.without,
            checks=self.drill.checks,
            downtime_minutes=stage.downtime_minutes,
        )
        verdict.story = {
            "run": self.run,
            "folder": os.path.relpath(self.folder, record.ROOT),
            "pace": pace.name(),
            "stage_title": stage.title,
            "story": self.drill.story,
            "rehearses": self.drill.rehearses,
            "evidence": self.evidence,
            "saved_by": self.drill.saved_by.get(self.stage, "")
            if verdict.verdict == SURVIVES
            else "",
            "broke_by": self.drill.broke_by.get(self.stage, "")
            if verdict.verdict == BREAKS
            else "",
            "fixed_by": "" if self.without else self.drill.fixed_by.get(self.stage, ""),
        }
        return verdict

    def _clean(self) -> None:
        """Heal what is still hurt, put switches back, remove containers, see the stage steady.

        Each step is taken whatever came of the others; what failed is kept in `left`.
        """
        for what, step in (
            ("not healed", self._heal_hurt),
            ("not as it was found", self._put_back),
            ("a switch is not back", lambda: switches.undo_all(self.engine, self.screen.say)),
            ("its tools are not removed", self.tools.remove),
            ("the stage cannot be looked at", self._see_steady),
        ):
            try:
                step()
            except Exception as error:  # noqa: BLE001 (whatever it is, the next step is due)
                self.left.append(f"{what}: {error}")
        for problem in self.left:
            self.screen.say(f"{problem}; `make heal` tries again", style="bold red")

    def _heal_hurt(self) -> None:
        if self.hurt:
            for done in self.drill.fault.heal(self.engine, self.state):
                self.screen.say(f"healed: {done}", style="green")
            self.hurt = False

    def _put_back(self) -> None:
        """What the fault destroyed; then it is forgotten, unless it could not be healed."""
        if self.hurt or not self.recorded:
            return
        for done in faults.put_back(self.drill.fault, self.engine, self.state):
            self.screen.say(done, style="green")
        record.drop_fault(self.run)

    def _see_steady(self) -> None:
        if self.marks:
            begun, waited_for = time.monotonic(), [""]

            def now(text: str) -> None:
                waited_for.append(text)
                self.screen.now(text)

            problem = healing.until_steady(self.engine, STEADY_BOUND, now, self._services)
            self.left += [problem] if problem else []
            took = time.monotonic() - begun
            if not problem and took > WORTH_TELLING:
                # The last look found nothing: what the one before it found was the last to come.
                self.screen.say(f"steady again after {took:.0f} s, {waited_for[-2]}")

    # -- helpers ---------------------------------------------------------------------------

    def mark(self, name: str, text: str = "", at: float | None = None) -> None:
        """Set a mark, in memory and on disk."""
        one = Mark(time.time() if at is None else at, name, text)
        self.marks.append(one)
        with (self.folder / "marks.jsonl").open("a", encoding="utf-8") as file:
            file.write(h.to_line(one) + "\n")

    def _rate(self) -> float:
        load = self.drill.load
        return load.reads + load.writes + load.sessions

    def _until(
        self, what: str, check: Callable[[], bool], bound: float, every: float = 0.25
    ) -> bool:
        """Wait with the live line moving; False at the bound. Ends at once if a tool has died."""
        begun = time.monotonic()

        def look() -> bool:
            for event in self.live.look():
                self.screen.say(f"{event.source}: {event.name} {event.text}", style="magenta")
            self.screen.now(
                f"{what}: {time.monotonic() - begun:.0f} of {bound:.0f} s · {self.live.line()}"
            )
            self._tools_alive()
            return check()

        try:
            return bool(wait_until(what, look, bound, every))
        except WaitTimeout:
            return False

    def _tools_alive(self) -> None:
        for tool in (self.load, self.probe):
            # One look a second at most: each is a request to the engine.
            if tool is None or time.monotonic() - self._looked.get(tool.id, 0) < 2:
                continue
            self._looked[tool.id] = time.monotonic()
            if not self.engine.inspect(tool.id).running:
                raise TenfoldError(
                    f"{tool.role or 'a tool'} ended by itself: {self.tools.last_words(tool)}",
                    do="see `make status`; nothing was left broken",
                    exit_code=4,
                )

    _looked: dict[str, float] = field(default_factory=dict)
