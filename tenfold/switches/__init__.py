"""Design switches: the one thing that makes a stage survive, taken away and put back.

A negative control (`WITHOUT=health-check`) proves that a drill can fail and that this thing is what
saves the stage. Each switch is a pair, verified both ways, and recorded in `.tenfold/switches.json`
before it is applied, so that `status` shows it and `heal` undoes it.
"""

from __future__ import annotations

from collections.abc import Callable

from tenfold import record
from tenfold.engine import Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.switches.base import Environment, Setting, Switch, is_off
from tenfold.switches.table import SWITCHES
from tenfold.wait import WaitTimeout

__all__ = ["SWITCHES", "Environment", "Setting", "Switch", "apply", "is_off", "undo_all"]


def apply(engine: Engine, name: str, say: Callable[[str], None]) -> None:
    """Take a design switch off; recorded first, undone if it cannot be verified."""
    switch = SWITCHES[name]
    state = switch.plan(engine)
    record.add_switch(name, state)
    say(f"without {name}: {switch.says}")
    try:
        switch.off(engine, state)
    except (WaitTimeout, EngineError) as error:
        undo_all(engine, say)
        raise TenfoldError(
            f"{name} could not be switched off: {error}", do="see `make status`", exit_code=4
        ) from error


def undo_all(engine: Engine, say: Callable[[str], None]) -> None:
    """Put every recorded switch back, the last first; a failure is told and the rest goes on."""
    failed = []
    for entry in reversed(record.switches()):
        name = entry["name"]
        try:
            SWITCHES[name].on(engine, entry["state"])
        except (WaitTimeout, EngineError, TenfoldError) as error:
            failed.append(f"{name}: {error}")
            continue
        record.drop_switch(name)
        say(f"{name} is back")
    if failed:
        raise TenfoldError(
            "not all design switches are back: " + "; ".join(failed),
            do="`make heal` tries again; `make down` and `make stage-N up` start afresh",
            exit_code=4,
        )
