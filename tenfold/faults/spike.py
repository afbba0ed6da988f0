"""More users than the system is used to."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tenfold.engine import Engine
from tenfold.faults.base import State
from tenfold.wait import wait_until


@dataclass(frozen=True)
class Spike:
    """Many times the users within a minute (6 s at drill pace), by turning Locust up."""

    times: int = 10
    lasts: float | None = None
    bound: float = 30.0
    _proof: ClassVar[float] = 0.9

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """From the calibrated number to so many times it."""
        return {
            "folder": str(context["folder"]),
            "low": int(context["low"]),
            "high": int(context["low"]) * self.times,
        }

    def inject(self, engine: Engine, state: State) -> None:
        """Tell the steered Locust."""
        _steer(state["folder"], state["high"])

    def took_effect(self, engine: Engine, state: State) -> str:
        """Locust runs that many users."""
        wanted = state["high"] * self._proof

        def reached() -> int:
            users = _users(state["folder"])
            return users if users >= wanted else 0

        users = wait_until(f"{state['high']} users", reached, bound=self.bound)
        return f"{users} users, from {state['low']}"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Back to the number before; nothing to do where the load has ended."""
        if not Path(state["folder"]).exists():
            return []
        _steer(state["folder"], state["low"])
        return [f"back to {state['low']} users"]


def _steer(folder: str, users: int) -> None:
    path = Path(folder, "users")
    # Replaced in one step: Locust reads it each second.
    fresh = path.with_suffix(".new")
    fresh.write_text(str(users))
    fresh.replace(path)


def _users(folder: str) -> int:
    path = Path(folder, "load.jsonl")
    if not path.exists():
        return 0
    lines = path.read_text(errors="replace").splitlines()[-2:]
    found = [0]
    for line in lines:
        try:
            data = json.loads(line)
            if time.time() - data["at"] < 5:
                found.append(int(data["users"]))
        except (ValueError, KeyError):
            continue
    return max(found)
