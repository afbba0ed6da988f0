"""An attack on the site: injection, scripting, traversal."""

from __future__ import annotations

import json
import re
import secrets as random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import history
from tenfold.engine import Engine
from tenfold.faults.base import State
from tenfold.faults.traffic import Traffic, said
from tenfold.history import Mark
from tenfold.measure import Evidence
from tenfold.verdict import Finding

ARRIVED = "arrived"
"""a mark: how many of the attacks reached an instance, and how many were sent"""
LINES = 50_000
"""of an instance's log that are looked through, the last ones"""


@dataclass(frozen=True)
class Attack(Traffic):
    """When it ends, the instances' access logs are asked for the attacks.

    Judged there, and not by the answers: the app refuses most of it by itself, and still each has
    had its chance at all of the app's code.
    """

    module: str = "loadtests.attack"
    rate: float = 10.0
    """requests a second"""

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """With a mark of this run's own."""
        return {**super().plan(engine, context), "mark": f"attack-{random.token_hex(4)}"}

    def options(self, state: State) -> list[str]:
        """Of the module."""
        return ["--rate", f"{self.rate:g}", "--mark", state["mark"]]

    def heal(self, engine: Engine, state: State) -> list[str]:
        """End it, and count what arrived."""
        done = super().heal(engine, state)
        folder = Path(state["folder"])
        if done and folder.exists():
            arrived, sent = len(arrivals(engine, state["mark"])), said(folder).get("sent", 0)
            told = json.dumps({"arrived": arrived, "sent": sent})
            mark = Mark(time.time(), ARRIVED, told, source="instances")
            with (folder / history.FOUND_FILE).open("a", encoding="utf-8") as file:
                file.write(history.to_line(mark) + "\n")
            done.append(f"{arrived} of {sent} attacks reached an instance")
        return done


def arrivals(engine: Engine, mark: str) -> set[str]:
    """Marks of the attacks that are in the instances' access logs."""
    pattern = re.compile(rf"{re.escape(mark)}-[0-9a-f]{{16}}")
    found: set[str] = set()
    for instance in engine.containers("web"):
        found.update(pattern.findall(engine.logs(instance, LINES)))
    return found


def none_arrived(evidence: Evidence) -> list[Finding]:
    """None of the attacks that were sent reached an instance."""
    told = [m for m in evidence.history.marks if m.name == ARRIVED]
    if not told:
        return [Finding("attacks", None, 0.0, "", False, "nobody counted what arrived")]
    count = json.loads(told[-1].text)
    arrived, sent = int(count["arrived"]), int(count["sent"])
    text = f"of {sent} reached an instance"
    return [Finding("attacks", float(arrived), 0.0, "", arrived == 0 < sent, text)]
