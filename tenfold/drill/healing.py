"""Undo every fault there is: recorded ones, switches, and whatever else is down or frozen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from tenfold import faults, record, switches
from tenfold.drill import steady
from tenfold.drill.steady import Services
from tenfold.engine import RUN_LABEL, Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.wait import WaitTimeout, wait_until

Say = Callable[[str], None]
MISSING_SECONDS = 20.0


def leftovers(engine: Engine, say: Say) -> None:
    """Heal what a drill that was killed has left; the caller holds the lock, so none runs now.

    A fault injected by `make break-NAME` is wanted, and stays until `make heal`.
    """
    stale = [entry for entry in record.faults() if entry.get("by") == "drill"]
    for entry in stale:
        say(f"an earlier {entry['drill']} did not end: healing what it left")
        _heal(engine, entry, say)
    if record.switches():
        switches.undo_all(engine, say)
    wanted = {entry["run"] for entry in record.faults()}
    for tool in engine.tools():
        if tool.labels.get(RUN_LABEL) not in wanted:
            with contextlib.suppress(EngineError):
                engine.remove(tool)


def everything(engine: Engine, say: Say) -> None:
    """All recorded faults and switches, tools that were left, and what is down or frozen."""
    for entry in record.faults():
        _heal(engine, entry, say)
    if record.switches():
        switches.undo_all(engine, say)
    for tool in engine.tools():
        with contextlib.suppress(EngineError):
            engine.remove(tool)
            say(f"removed a tool that was left: {tool.name}")
    for done in steady.bring_back(engine):
        say(done)
    # What could not be healed a moment ago may be by what was brought back since.
    for entry in record.faults():
        _heal(engine, entry, say)


def until_steady(engine: Engine, bound: float, now: Say, services: Services | None = None) -> str:
    """Wait for a steady stage; answers what is not, empty when all is.

    A container that is gone is nobody's to bring back but `up`'s: that is not waited for longer
    than a control loop may take to make it anew.
    """
    found: list[str] = []
    begun = time.monotonic()

    def check() -> bool:
        found[:] = steady.problems(engine, services)
        now(f"until steady: {'; '.join(found)}")
        gone = bool(found) and all(one.endswith(steady.MISSING) for one in found)
        return not found or (gone and time.monotonic() - begun > MISSING_SECONDS)

    try:
        wait_until("the stage to be steady", check, bound, every=1, tolerate=(EngineError,))
    except WaitTimeout:
        return f"not steady after {bound:g} s: {'; '.join(found)}"
    return "; ".join(found)


def _heal(engine: Engine, entry: dict[str, Any], say: Say) -> None:
    """Undo a recorded fault and forget it; one that cannot be undone stays recorded."""
    fault = faults.from_record(entry["fault"])
    try:
        for done in fault.heal(engine, entry["state"]):
            say(f"{entry['drill']}: {done}")
        for done in faults.put_back(fault, engine, entry["state"]):
            say(f"{entry['drill']}: {done}")
    except (EngineError, TenfoldError) as error:
        # The rest must be healed as well; the record stays for the next command.
        say(f"{entry['drill']}: {error}")
        if not _gone(engine, entry["state"]):
            return
    record.drop_fault(str(entry["run"]))


def _gone(engine: Engine, state: dict[str, Any]) -> bool:
    """Whether none of the containers that a fault hit is there any more."""
    parts = [part for value in state.values() for part in (value, *_items(value))]
    ids = {str(part["id"]) for part in parts if isinstance(part, dict) and "id" in part}
    return ids.isdisjoint(c.id for c in engine.containers())


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
