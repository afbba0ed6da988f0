"""The stages there are, what each says of itself (`x-stage`), and which one runs now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tenfold import settings
from tenfold.engine import ONEOFF_LABEL, Container, Engine
from tenfold.errors import FAILED, MISSING, TenfoldError
from tenfold.inputs import PACES
from tenfold.journal import UP, Journal
from tenfold.paths import Paths

FILES_LABEL = "com.docker.compose.project.config_files"


@dataclass(frozen=True)
class New:
    """Something a stage adds, and why."""

    what: str
    why: str
    services: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """A stage as its file describes it; the figures are the story's."""

    number: int
    title: str
    users: str
    cost_month: str
    downtime_words: str
    objective: float | None
    """per cent of the time it is up; None: no objective"""
    downtime_minutes: float | None
    """minutes a year"""
    memory_mib: int
    """what the machine must have free"""
    new: tuple[New, ...]
    breaks_first: tuple[str, ...]
    try_next: tuple[str, ...]
    urls: tuple[tuple[str, str], ...]
    """(name, address), variables filled in"""
    services: Mapping[str, Mapping[str, Any]]
    """as the file has them: `extends` is not followed"""


@dataclass(frozen=True)
class Running:
    """The stage whose containers the engine has."""

    stage: int
    pace: str
    port: int
    complete: bool
    """its `up` came to its end; else `up` or `down` goes on from here"""
    containers: tuple[Container, ...]


def known(paths: Paths) -> list[int]:
    """Numbers of the stages that have a file."""
    names = (re.fullmatch(r"stage-(\d+)\.yaml", p.name) for p in paths.compose.glob("stage-*.yaml"))
    return sorted(int(name[1]) for name in names if name)


def read(paths: Paths, number: int) -> Stage:
    """Read a stage's file; raises TenfoldError that says what is wrong in it."""
    path = paths.stage_file(number)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _stage(raw, settings.read(paths.env))
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise TenfoldError(
            f"{path.relative_to(paths.root)} cannot be read: {text}",
            do="mend the file; `git status` shows what was changed",
            exit_code=FAILED,
        ) from error


def _stage(raw: Mapping[str, Any], env: Mapping[str, str]) -> Stage:
    x = raw["x-stage"]
    down = x.get("downtime_year") or {}
    return Stage(
        number=int(x["stage"]),
        title=str(x["title"]),
        users=str(x.get("users", "")),
        cost_month=str(x.get("cost_month", "")),
        downtime_words=str(down.get("words", "")),
        objective=None if down.get("objective") is None else float(down["objective"]),
        downtime_minutes=None if down.get("minutes") is None else float(down["minutes"]),
        memory_mib=int(x.get("memory_mib") or 0),
        new=tuple(
            New(str(n["what"]), str(n.get("why", "")), tuple(n.get("services") or ()))
            for n in x.get("new") or ()
        ),
        breaks_first=tuple(map(str, x.get("breaks_first") or ())),
        try_next=tuple(map(str, x.get("try") or ())),
        urls=tuple((str(u["name"]), fill(str(u["url"]), env)) for u in x.get("urls") or ()),
        services=raw.get("services") or {},
    )


def fill(text: str, env: Mapping[str, str]) -> str:
    """`${NAME:-usual}` as Compose fills it."""

    def value(found: re.Match[str]) -> str:
        return env.get(found[1]) or found[2] or ""

    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", value, text)


def running(paths: Paths, engine: Engine) -> Running | None:
    """The running stage: the journal says which, the engine whether; None when nothing is there."""
    found = tuple(c for c in engine.containers() if c.labels.get(ONEOFF_LABEL) != "True")
    if not found:
        return None
    entry = Journal(paths.journal, paths.project).started()
    if entry is not None and entry.stage is not None:
        pace = entry.pace if entry.pace in PACES else PACES[0]
        number, complete = entry.stage, entry.event == UP
    else:
        # The journal is gone, or a container is left of a stage that was stopped: Compose's own
        # label names the file it came from.
        number, complete, pace = _from_label(found), False, PACES[0]
    port = entry.port if entry is not None and entry.port else settings.PORTS["TENFOLD_PORT"]
    return Running(number, pace, port, complete, found)


def _from_label(containers: tuple[Container, ...]) -> int:
    for c in containers:
        name = Path(c.labels.get(FILES_LABEL, "").split(",")[0]).name
        if found := re.fullmatch(r"stage-(\d+)\.yaml", name):
            return int(found[1])
    raise TenfoldError(
        "containers of this project exist that no stage file started",
        do="`make down` removes them",
        exit_code=MISSING,
    )


def need(paths: Paths, engine: Engine, asked: str = "") -> Running:
    """The running stage, which must be the one asked for, if one is; raises TenfoldError."""
    found = running(paths, engine)
    stages = known(paths)
    if found is None:
        word = asked.split()[0].removeprefix("stage-") if asked.split() else ""
        number = word if word.isdigit() else max(stages, default=3)
        raise TenfoldError("no stage runs", do=f"start one with `make stage-{number} up`")
    if asked.strip() and asked.strip().removeprefix("stage-") != str(found.stage):
        raise TenfoldError(
            f"stage {found.stage} runs, not stage {asked.strip()}",
            do="leave the stage out, or `make down` first",
        )
    return found
