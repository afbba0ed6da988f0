"""The journal of what was started and stopped: one JSON line each, only ever appended to.

It says which stage runs; no container carries a stage in its labels (Compose would recreate it
when a stage changes).
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UP_STARTED, UP, UP_FAILED = "up_started", "up", "up_failed"
SEEDED = "seeded"
DOWN_STARTED, DOWN = "down_started", "down"
DEPLOY_STARTED, DEPLOYED = "deploy_started", "deployed"
_STARTS = (UP_STARTED, UP, UP_FAILED)


@dataclass(frozen=True)
class Entry:
    """One line."""

    ts: float
    event: str
    project: str
    stage: int | None
    pace: str
    port: int | None
    volumes: bool = False
    """of a `down`: the data was forgotten too"""
    release: str = ""
    """of a deploy: which one, as `v3` or `v3 FAULT=errors`"""


@dataclass
class Journal:
    """The journal of one project."""

    path: Path
    project: str

    def add(
        self,
        event: str,
        stage: int | None = None,
        pace: str = "",
        port: int | None = None,
        volumes: bool = False,
        release: str = "",
    ) -> None:
        """Append; on disk when this returns."""
        line: dict[str, Any] = {"ts": round(time.time(), 3), "event": event}
        line |= {"project": self.project, "stage": stage, "pace": pace, "port": port}
        if volumes:
            line["volumes"] = True
        if release:
            line["release"] = release
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            # A line torn by a power cut must not swallow this one.
            if file.tell() and not self.path.read_bytes().endswith(b"\n"):
                file.write("\n")
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> list[Entry]:
        """The project's lines, oldest first; torn ones are left out."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        return [e for e in map(_entry, lines) if e is not None and e.project == self.project]

    def started(self) -> Entry | None:
        """What was started and not stopped since; None when nothing was."""
        found = None
        for entry in self.entries():
            if entry.event in _STARTS:
                found = entry
            elif entry.event == DOWN:
                found = None
        return found

    def deploys(self) -> list[Entry]:
        """Deploys begun and ended, oldest first, since the data was forgotten last."""
        found: list[Entry] = []
        for entry in self.entries():
            if entry.event in (DEPLOY_STARTED, DEPLOYED):
                found.append(entry)
            elif entry.event == DOWN and entry.volumes:
                found.clear()
        return found

    def last(self) -> Entry | None:
        """What was started last, stopped or not."""
        return next((e for e in reversed(self.entries()) if e.event in _STARTS), None)

    def seeded(self, number: int) -> bool:
        """Whether the data that is kept for stage `number` was seeded once.

        The box of stage 0 and the one database of stage 1 each have a disk of their own; from 2
        on the data is the same cluster's.
        """
        for entry in reversed(self.entries()):
            if entry.event == SEEDED and min(entry.stage or 0, 2) == min(number, 2):
                return True
            if entry.event == DOWN and entry.volumes:
                return False
        return False


def _entry(line: str) -> Entry | None:
    try:
        raw = json.loads(line)
        return Entry(
            float(raw["ts"]),
            str(raw["event"]),
            str(raw["project"]),
            None if raw.get("stage") is None else int(raw["stage"]),
            str(raw.get("pace") or ""),
            None if raw.get("port") is None else int(raw["port"]),
            bool(raw.get("volumes")),
            str(raw.get("release") or ""),
        )
    except (ValueError, KeyError, TypeError):
        return None
