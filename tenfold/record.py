"""What is broken on purpose right now, on disk: faults and design switches in progress.

Written before anything is touched and cleared after it is undone, so that a later command can heal
what a killed one left. Also where the tool's own files are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".tenfold"
RESULTS = ROOT / "results"


def _fault_file() -> Path:
    return STATE / "fault.json"


def _switch_file() -> Path:
    return STATE / "switches.json"


def faults() -> list[dict[str, Any]]:
    """Faults in progress: {drill, stage, run, by, fault, state, at}, in the order they came."""
    return _read(_fault_file())


def add_fault(entry: Mapping[str, Any]) -> None:
    """Record a fault; on disk when this returns."""
    _write(_fault_file(), [*faults(), dict(entry)])


def update_fault(run: str, state: Mapping[str, Any]) -> None:
    """Record what injecting a fault has added to its state."""
    entries = faults()
    for entry in entries:
        if entry["run"] == run:
            entry["state"] = dict(state)
    _write(_fault_file(), entries)


def drop_fault(run: str) -> None:
    """The fault of a run is healed."""
    _write(_fault_file(), [e for e in faults() if e["run"] != run])


def switches() -> list[dict[str, Any]]:
    """Design switches that are off: {name, state}."""
    return _read(_switch_file())


def add_switch(name: str, state: Mapping[str, Any]) -> None:
    """Record a switch; on disk when this returns."""
    others = [e for e in switches() if e["name"] != name]
    _write(_switch_file(), [*others, {"name": name, "state": dict(state)}])


def drop_switch(name: str) -> None:
    """The switch is on again."""
    _write(_switch_file(), [e for e in switches() if e["name"] != name])


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError:
        return []  # torn by a power cut: heal looks at the containers besides
    return found if isinstance(found, list) else []


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    if not entries:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(entries, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
