"""A flood of logins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.engine import Engine
from tenfold.faults.base import NoEffect, State, front
from tenfold.faults.traffic import Traffic, said, start
from tenfold.wait import WaitTimeout, wait_until


@dataclass(frozen=True)
class Flood:
    """Logins from one address, then as many from several: each is a container with its own.

    Sized by what an instance can do (measured before the run: its rate of reads), so that it is the
    instances that are overrun and not the machine.
    """

    share: float = 0.04
    """logins a second, as a share of the reads a second that the instances answer: a password's
    hash costs as much as forty of them, so this is half as much again as they can do"""
    addresses: int = 5
    many_after: float = 20.0
    """seconds until the one address is joined by the others"""
    handle: str = "victim"
    """whose password the one address guesses"""
    least: int = 5
    """logins that each must have sent until it counts as under way"""
    bound: float = 30.0
    """seconds for that"""
    lasts: float | None = None

    @property
    def steps(self) -> list[float]:
        """The many."""
        return [self.many_after]

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """How much it is, and where it goes."""
        folder = Path(context["folder"])
        # A group that an earlier spike has made bigger is asked for no more: six instances at their
        # limits are this machine's limit as well.
        instances = min(2, max(1, len(engine.containers("web", running=True))))
        rate = max(4.0, self.share * reads(folder) * instances)
        return {"folder": str(folder), "target": front(engine), "rate": round(rate, 1)}

    def inject(self, engine: Engine, state: State) -> None:
        """One address guesses one account's password."""
        self._start(engine, state, "one", state["rate"], ["--handle", self.handle])

    def took_effect(self, engine: Engine, state: State) -> str:
        """The first logins are sent."""
        told = self._under_way(state, ["one"])
        return f"{state['rate']:g} logins/s of one account from one address ({told})"

    def go_on(self, engine: Engine, state: State, step: int) -> str:
        """Several addresses try a list of accounts."""
        names = [f"of-many-{n}" for n in range(self.addresses)]
        for name in names:
            self._start(engine, state, name, state["rate"] / self.addresses, [])
        told = self._under_way(state, names)
        return f"{state['rate']:g} logins/s from {self.addresses} addresses more ({told})"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """End them all, and tell what was answered."""
        folder = Path(state["folder"])
        ended = Traffic("loadtests.flood").heal(engine, state)
        if not ended:
            return []
        told = [
            f"{path.parent.name}: {answers(said(path.parent))}"
            for path in sorted(folder.glob("o*/traffic.json"))
        ]
        return [f"{len(ended)} floods have ended", *told]

    def _start(
        self, engine: Engine, state: State, name: str, rate: float, options: Sequence[str]
    ) -> None:
        argv = ["python", "-m", "loadtests.flood", "--target", state["target"]]
        argv += ["--out", f"/results/{name}", "--rate", f"{rate:g}", *options]
        start(engine, state, argv)

    def _under_way(self, state: State, names: list[str]) -> str:
        def all_sent() -> list[dict[str, Any]]:
            told = [said(Path(state["folder"], name)) for name in names]
            return told if all(one.get("sent", 0) >= self.least for one in told) else []

        try:
            told = wait_until("the flood's first logins", all_sent, self.bound)
        except WaitTimeout as error:
            raise NoEffect(str(error)) from error
        return f"{sum(one['sent'] for one in told)} sent"


def answers(told: Mapping[str, Any]) -> str:
    """What a flood was answered, for a person."""
    counted = sorted(told.get("answers", {}).items())
    return ", ".join(f"{n} x {what}" for what, n in counted) or "nothing"


def reads(folder: Path) -> float:
    """What calibration said that one instance answers a second; 0 where none was made."""
    try:
        return float(json.loads((folder / "calibrate.json").read_text())["rate"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
