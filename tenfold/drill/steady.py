"""Is the system steady? What is not as the stage wants it, in words; and how it is brought back."""

from __future__ import annotations

import contextlib
from typing import Any

from tenfold import controlplane_client as controlplane
from tenfold import patroni
from tenfold.engine import Container, Engine, EngineError
from tenfold.errors import TenfoldError

ONE_SHOT = ("release",)


def problems(engine: Engine) -> list[str]:
    """All that is not steady; empty when everything is."""
    found = []
    for c in engine.containers():
        if c.service in ONE_SHOT or c.role in ONE_SHOT:
            continue
        if not c.running:
            found.append(f"{c.short} is {c.state}")
        elif c.health not in ("healthy", ""):
            found.append(f"{c.short} is {c.health}")
    with contextlib.suppress(EngineError):
        found += patroni.problems(engine)
    if engine.containers("controlplane", running=True):
        found += target_problems(controlplane.state(engine))
    return found


def target_problems(state: dict[str, Any]) -> list[str]:
    """Targets that the ALB does not hold for healthy, from the control plane's /state."""
    targets = _targets(state)
    if not targets:
        return ["the ALB has no target"]
    return [
        f"target {name} is {health}"
        for name, health in targets
        if health not in ("healthy", "draining")
    ]


def _targets(state: dict[str, Any]) -> list[tuple[str, str]]:
    told = (state.get("alb") or {}).get("targets") or state.get("targets") or []
    entries = [{"name": n, **t} for n, t in told.items()] if isinstance(told, dict) else told
    return [
        (str(t.get("name") or t.get("id") or t.get("address")), str(t.get("state")))
        for t in entries
    ]


def bring_back(engine: Engine) -> list[str]:
    """Let go on what is paused and start what is down; answers what was done.

    A dead instance of an auto-scaling group is left to it: it is replaced, not repaired.
    """
    scaled = bool(engine.containers("controlplane", running=True)) and "asg" in controlplane.state(
        engine
    )
    done = []
    for c in engine.containers():
        if c.service in ONE_SHOT or c.role in ONE_SHOT:
            continue
        if c.state == "paused":
            engine.unpause(c)
            done.append(f"{c.short} goes on")
        elif c.state in ("exited", "dead", "created") and not (scaled and c.role == "web"):
            done += _start(engine, c)
    return done


def _start(engine: Engine, c: Container) -> list[str]:
    try:
        engine.start(c)
    except EngineError as error:
        with contextlib.suppress(EngineError):
            if engine.inspect(c.id).running:
                return []
        raise TenfoldError(
            f"{c.short} cannot be started: {error}",
            do=f"`make logs SERVICE={c.service}`",
            exit_code=4,
        ) from error
    return [f"{c.short} started"]
