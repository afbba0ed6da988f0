"""Is the system steady? What is not as the stage wants it, in words; and how it is brought back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from tenfold import controlplane_client as controlplane
from tenfold import patroni
from tenfold.engine import Container, Engine, EngineError
from tenfold.errors import TenfoldError

ONE_SHOT = ("release",)
MISSING = " is missing"

Services = Mapping[str, Mapping[str, Any]]
"""A stage's services by name, as its file has them."""


def problems(engine: Engine, services: Services | None = None) -> list[str]:
    """All that is not steady; empty when everything is.

    Containers that are not there at all are seen where the stage's `services` are given.
    """
    containers = engine.containers()
    state: dict[str, Any] = {}
    if any(c.role == "controlplane" and c.running for c in containers):
        state = controlplane.state(engine)
    found = missing(containers, services or {}, state)
    for c in containers:
        if c.service in ONE_SHOT or c.role in ONE_SHOT:
            continue
        if not c.running:
            found.append(f"{c.short} is {c.state}")
        elif c.health not in ("healthy", ""):
            found.append(f"{c.short} is {c.health}")
    with contextlib.suppress(EngineError):
        found += patroni.problems(engine)
    if any(c.role == "controlplane" and c.running for c in containers):
        found += target_problems(state)
    return found


def missing(
    containers: Sequence[Container], services: Services, state: Mapping[str, Any]
) -> list[str]:
    """Services without a container; an auto-scaling group may have its instances where it likes.

    What has a Compose profile is made when it is asked for.
    """
    there = {c.service for c in containers}
    desired = state.get("asg", {}).get("desired")
    full = desired is not None and sum(c.role == "web" for c in containers) >= desired
    return [
        f"{name}{MISSING}"
        for name, raw in services.items()
        if name not in (*there, *ONE_SHOT)
        and not raw.get("profiles")
        and not (full and (raw.get("extends") or {}).get("service") == "web")
    ]


def remedy(found: str, stage: int, otherwise: str) -> str:
    """What to do about problems: a container that is gone is Compose's to make."""
    return f"`make stage-{stage} up` makes what is missing" if MISSING in found else otherwise


def target_problems(state: dict[str, Any]) -> list[str]:
    """Targets that the ALB does not hold for healthy, from the control plane's /state."""
    targets = controlplane.targets(state)
    if not targets:
        return ["the ALB has no target"]
    return [
        f"target {t['name']} is {t['state']}"
        for t in targets
        if t["state"] not in ("healthy", "draining")
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
