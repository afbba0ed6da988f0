"""What a run leaves to be judged: its history put together, its ledger settled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tenfold import history as h
from tenfold.drill.model import Drill
from tenfold.drill.show import Screen
from tenfold.drill.tools import Tools
from tenfold.engine import EngineError
from tenfold.history import History, Mark
from tenfold.ledger import Tally


def settle(tools: Tools, folder: Path, screen: Screen, bound: float) -> list[Tally]:
    """Read a run's ledger back against the stores; empty where that could not be done."""
    screen.now("settling the ledger against the stores")
    tool = tools.settle(bound)
    path = folder / "settle.json"
    try:
        code = tools.engine.wait(tool, bound + 30)
        problem = tools.last_words(tool) if code or not path.exists() else ""
    except EngineError as error:
        problem = str(error)
    if problem:
        screen.say(f"the ledger could not be settled: {problem}", style="red")
        return []
    tallies = [Tally.from_dict(t) for t in json.loads(path.read_text())["tallies"]]
    counted = ", ".join(f"{t.effect} {t.once}/{t.acked}" for t in tallies)
    screen.say(f"settled (found once of acknowledged): {counted}")
    return tallies


def gather(folder: Path, marks: Sequence[Mark], drill: Drill | None = None) -> History:
    """The history of a run from its files, the control plane's events turned into marks."""
    names = ("probe.jsonl", "load.jsonl", h.FOUND_FILE)
    facts = list(h.read_facts([folder / name for name in names]))
    history = History.of([*facts, *marks])
    injected = history.mark(h.INJECTED)
    if drill is not None and injected is not None:
        for name, events in (
            (h.DETECTED, drill.detected_by),
            (h.PROMOTED, drill.promoted_by),
            (h.REPLACED, drill.replaced_by),
        ):
            first = next((m for m in history.marks if m.name in events and m.at >= injected), None)
            if first is not None:
                text = f"{first.name} {first.text}".strip()
                history.marks.append(Mark(first.at, name, text, first.source))
        history.marks.sort(key=lambda mark: mark.at)
    history.write(folder / "history.jsonl")
    return history
