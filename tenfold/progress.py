"""A line for each service as it becomes healthy, and who is to blame when a start fails."""

from __future__ import annotations

import re
from collections.abc import Collection

from tenfold.engine import NUMBER_LABEL, PROJECT_LABEL, SERVICE_LABEL, Container, Engine
from tenfold.output import Output


class Progress:
    """Watches a project's containers; cheap enough for several looks a second."""

    def __init__(self, engine: Engine, one_shots: Collection[str], out: Output) -> None:
        self.engine = engine
        self.one_shots = one_shots
        self.out = out
        self.known: dict[str, str] = {}
        """container: what was said of it last"""
        self.look(quiet=True)

    def look(self, quiet: bool = False) -> None:
        """Tell what has become ready since the last look."""
        waiting = []
        wanted = {"label": [f"{PROJECT_LABEL}={self.engine.project}", NUMBER_LABEL]}
        for raw in self.engine.client.api.containers(all=True, filters=wanted):
            name = raw["Names"][0].lstrip("/").removeprefix(f"{self.engine.project}-")
            labels = raw.get("Labels") or {}
            word = word_for(
                raw["State"], raw["Status"], labels.get(SERVICE_LABEL) in self.one_shots
            )
            if not word:
                waiting.append(name)
            if word and self.known.get(name) != word and not quiet:
                self.out.step(f"{name} {word}", style="" if word in GOOD else "red")
            self.known[name] = word
        if waiting:
            self.out.now(f"waiting for {', '.join(sorted(waiting))}")


GOOD = ("healthy", "runs", "done")


def word_for(state: str, status: str, one_shot: bool) -> str:
    """`healthy`, `runs`, `done` or what is wrong; empty while it is starting."""
    if state == "running" and not one_shot:
        if "(healthy)" in status:
            return "healthy"
        if "(unhealthy)" in status:
            return "is unhealthy"
        return "" if "(health" in status else "runs"
    if state == "exited":
        code = re.search(r"\((\d+)\)", status)
        if one_shot and code and code[1] == "0":
            return "done"
        # An old exit is seen until Compose has started the container again.
        return f"ended with {code[1] if code else '?'}"
    return ""


def blame(engine: Engine, one_shots: Collection[str]) -> list[tuple[Container, str]]:
    """Containers that are not as they should be, the cause before its consequences."""
    found = []
    for c in engine.containers():
        if c.oom_killed:
            found.append((0, c, "ran out of memory"))
        elif c.state in ("exited", "dead") and (c.exit_code or c.service not in one_shots):
            found.append((1, c, f"ended with {c.exit_code}"))
        elif c.health == "unhealthy":
            found.append((2, c, "is unhealthy"))
        elif c.health == "starting":
            found.append((3, c, "does not become healthy"))
    found.sort(key=lambda entry: entry[0])
    worst = found[0][0] if found else 0
    # What waits is no culprit while something has ended.
    return [(c, what) for rank, c, what in found if rank <= max(worst, 1)]
