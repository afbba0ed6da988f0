"""Faults: small values that can be planned, injected, proven and healed.

`plan` looks at the system and says what will be hit, as plain data that is recorded before anything
happens; `inject` does it; `took_effect` answers with the evidence or raises; `heal` undoes it and
repeats safely, from the recorded plan alone (the process that injected may be gone).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from tenfold.faults.az import CutAz
from tenfold.faults.base import Fault, GoesOn, NoEffect, Prepares, State, choose, put_back
from tenfold.faults.destroy import DropTable, WipeBox
from tenfold.faults.kill import Freeze, KillOne
from tenfold.faults.origins import OriginsAway
from tenfold.faults.password import ChangePassword
from tenfold.faults.queue import QueueAway
from tenfold.faults.session import KillWhoLoggedIn
from tenfold.faults.spike import Spike
from tenfold.faults.starve import Starve
from tenfold.faults.traffic import Traffic

__all__ = [
    "ChangePassword",
    "CutAz",
    "DropTable",
    "Fault",
    "Freeze",
    "GoesOn",
    "KillOne",
    "KillWhoLoggedIn",
    "NoEffect",
    "OriginsAway",
    "Prepares",
    "QueueAway",
    "Spike",
    "Starve",
    "State",
    "Traffic",
    "WipeBox",
    "choose",
    "from_record",
    "put_back",
    "to_record",
]


def _kinds() -> dict[str, type[Any]]:
    """Every fault of this package's modules, by its class's name."""
    found: dict[str, type[Any]] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, type) and is_dataclass(value) and hasattr(value, "took_effect"):
                found[value.__name__] = value
    return found


KINDS = _kinds()


def to_record(fault: Any) -> dict[str, Any]:
    """For the record of faults in progress."""
    return {"kind": type(fault).__name__, "with": asdict(fault)}


def from_record(data: Mapping[str, Any]) -> Fault:
    """From the record of faults in progress."""
    # JSON has lists only.
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in data["with"].items()}
    fault: Fault = KINDS[data["kind"]](**given)
    return fault
