"""Faults: small values that can be planned, injected, proven and healed.

`plan` looks at the system and says what will be hit, as plain data that is recorded before anything
happens; `inject` does it; `took_effect` answers with the evidence or raises; `heal` undoes it and
repeats safely, from the recorded plan alone (the process that injected may be gone).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tenfold.faults.base import Fault, NoEffect, State, choose
from tenfold.faults.kill import Freeze, KillOne
from tenfold.faults.queue import QueueAway
from tenfold.faults.spike import Spike

__all__ = [
    "Fault",
    "Freeze",
    "KillOne",
    "NoEffect",
    "QueueAway",
    "Spike",
    "State",
    "choose",
    "from_record",
    "to_record",
]

KINDS: dict[str, type[Any]] = {cls.__name__: cls for cls in (KillOne, Freeze, QueueAway, Spike)}


def to_record(fault: Any) -> dict[str, Any]:
    """For the record of faults in progress."""
    return {"kind": type(fault).__name__, "with": asdict(fault)}


def from_record(data: Mapping[str, Any]) -> Fault:
    """From the record of faults in progress."""
    fault: Fault = KINDS[data["kind"]](**data["with"])
    return fault
