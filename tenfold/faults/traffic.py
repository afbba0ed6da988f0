"""Requests of a special kind beside the ordinary load: a flood, an attack, expensive queries."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import secrets
from tenfold.engine import TOOLS_IMAGE, Container, Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.faults.base import State, front
from tenfold.wait import wait_until

ROLE = "traffic"


@dataclass(frozen=True)
class Traffic:
    """A module of `loadtests/` that sends its requests from a container of its own until healed.

    It is given `--target` (the site's front door) and `--out` (the run's folder), and tells how far
    it is in `traffic.json` (loadtests/traffic.py).
    """

    module: str
    """as `loadtests.flood`"""
    args: tuple[str, ...] = ()
    least: int = 20
    """requests it must have sent until it counts as under way"""
    lasts: float | None = None
    bound: float = 30.0
    """seconds for that"""

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Where it goes, and where it writes."""
        return {"folder": str(context["folder"]), "target": front(engine)}

    def options(self, state: State) -> list[str]:
        """Arguments besides `args` that a kind of traffic has from its plan."""
        return []

    def inject(self, engine: Engine, state: State) -> None:
        """Start it."""
        argv = ["python", "-m", self.module, "--target", state["target"], "--out", "/results"]
        state["tool"] = start(engine, state, [*argv, *self.args, *self.options(state)]).id

    def took_effect(self, engine: Engine, state: State) -> str:
        """It has sent its first requests, and tells what was answered."""

        def under_way() -> dict[str, Any]:
            told = said(Path(state["folder"]))
            if not told and not engine.inspect(state["tool"]).running:
                words = engine.logs(engine.inspect(state["tool"]), 5).strip()[-300:]
                raise TenfoldError(
                    f"{self.module} ended by itself: {words}", do="see `make status`"
                )
            return told if told.get("sent", 0) >= self.least else {}

        told = wait_until(f"{self.least} requests of {self.module}", under_way, self.bound)
        answers = ", ".join(f"{n} x {what}" for what, n in sorted(told["answers"].items()))
        return f"{told['sent']} requests sent ({answers or 'none answered yet'})"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """End it."""
        name = self.module.removeprefix("loadtests.")
        return [f"{name} has ended"] * end(engine, state)


def start(
    engine: Engine, state: State, argv: list[str], mounts: Mapping[str, str] | None = None
) -> Container:
    """A container of special traffic; what it writes into /results is in the run's folder."""
    return engine.run(
        TOOLS_IMAGE,
        argv,
        role=ROLE,
        run=Path(state["folder"]).name,
        mounts={state["folder"]: "/results", **(mounts or {})},
        user=str(secrets.container_uid()),
    )


def end(engine: Engine, state: State, grace: int = 3) -> int:
    """End the run's containers of special traffic; how many ran."""
    running = [c for c in engine.tools(Path(state["folder"]).name, ROLE) if c.running]
    for tool in running:
        with contextlib.suppress(EngineError):
            engine.stop(tool, grace=grace)
    return len(running)


def said(folder: Path) -> dict[str, Any]:
    """What the module last told: {at, sent, answers: {status or error: count}}; empty: nothing."""
    try:
        told: dict[str, Any] = json.loads((folder / "traffic.json").read_text())
    except (OSError, ValueError):
        return {}
    return told
