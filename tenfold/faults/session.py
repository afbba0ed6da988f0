"""Kill the instance that logged somebody in: exactly the one that may hold their session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import history
from tenfold.engine import Container, Engine
from tenfold.faults.base import State, choose, named
from tenfold.faults.kill import KillOne
from tenfold.history import Mark


@dataclass(frozen=True)
class KillWhoLoggedIn(KillOne):
    """As KillOne; the victim is the instance that answered the probe's login (X-Served-By).

    Before the probe has logged in, and by hand, where no probe runs: the first instance.
    """

    role: str = "web"

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Choose the victim."""
        served_by = logged_in_by(Path(context["folder"]))
        made = [c for c in engine.containers(self.role) if instance_id(engine, c) == served_by]
        victim = made[0] if made else choose(engine, self.role, "first")
        return {"victim": named(victim), "served_by": served_by if made else ""}

    def took_effect(self, engine: Engine, state: State) -> str:
        """It does not run any more, and it is the one."""
        dead = super().took_effect(engine, state)
        return f"{dead}; it answered the login" if state["served_by"] else dead


def logged_in_by(folder: Path) -> str:
    """The instance that made the session of this run's browser; empty: nobody has logged in."""
    marks = [f for f in history.read_facts([folder / "probe.jsonl"]) if isinstance(f, Mark)]
    return next((m.text for m in reversed(marks) if m.name == history.LOGGED_IN), "")


def instance_id(engine: Engine, c: Container) -> str:
    """What an instance calls itself in X-Served-By (app/config/env.py)."""
    return engine.environment(c).get("INSTANCE_ID") or f"i-{c.id[:12]}"
