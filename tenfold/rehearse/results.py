"""What the matrix's cells have shown, kept by a hash of what they depend on: docs/results.json.

A long rehearsal resumes over days and repeats only what has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

PARTS = (
    "app",
    "compose/services",
    "compose/pace",
    "nginx",
    "controlplane",
    "loadtests",
    "requirements",
    "tenfold/drill",
    "tenfold/deploy",
    "tenfold/faults",
    "tenfold/switches",
)
FILES = (
    "compose/instances.env",
    "compose/versions.env",
    *(f"tenfold/{name}.py" for name in ("verdict", "measure", "history", "ledger")),
    *(f"tenfold/{name}.py" for name in ("engine", "patroni", "sql", "sqs", "workers", "wait")),
)
IGNORED = (".md", ".pyc")


@dataclass(frozen=True)
class Result:
    """One run of one cell."""

    drill: str
    stage: int
    without: str
    expected: str
    verdict: str
    """B or S"""
    hash: str
    date: str
    """of the run, YYYY-MM-DD HH:MM"""
    machine: str
    pace: str
    downtime_s: float
    downtime_share: float | None
    gap_s: float
    failed_share: float
    detect_s: float | None
    recover_s: float | None
    writes_back_s: float | None
    requests: int
    failures: int
    lost: int
    doubled: int
    seconds: float
    """the whole run, settling included"""
    judged: str = ""
    """what the row asks and what was found, the findings that do not hold marked"""

    @property
    def good(self) -> bool:
        """Whether it turned out as its row says."""
        return self.verdict == self.expected


def key(drill: str, stage: int, without: str) -> str:
    """What a result is kept under."""
    return f"{drill}@{stage}" + (f"-{without}" if without else "")


def of_verdict(told: dict[str, Any], cell_hash: str, without: str, seconds: float) -> Result:
    """From a drill's JSON answer."""
    named = {f.name for f in fields(Result)}
    picked = {name: value for name, value in told.items() if name in named}
    picked |= {"without": without, "hash": cell_hash, "seconds": seconds}
    picked |= {"date": time.strftime("%Y-%m-%d %H:%M"), "machine": machine()}
    picked["judged"] = "; ".join(_finding(f) for f in told.get("findings") or ())
    picked.setdefault("pace", "drill")
    return Result(**picked)


def _finding(found: dict[str, Any]) -> str:
    """`longest gap 5.1 s (limit 3) ✗`."""
    value = "never" if found["value"] is None else f"{found['value']:g} {found['unit']}"
    told = f"{found['name']} {value}".rstrip()
    limit = "" if found["limit"] is None else f" (limit {found['limit']:g})"
    return f"{told}{limit}" + ("" if found["holds"] else " ✗")


def machine() -> str:
    """Cores, memory, processor family: enough to compare two tables."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}"


def read(path: Path) -> dict[str, Result]:
    """All results by key; what an older version wrote and is not whole is left out."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    found = {}
    for name, data in raw.items():
        try:
            found[name] = Result(**data)
        except TypeError:
            continue
    return found


def write(path: Path, results: dict[str, Result]) -> None:
    """In one step, ordered, so that a diff shows what changed."""
    text = json.dumps({k: asdict(results[k]) for k in sorted(results)}, indent=1) + "\n"
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def hash_of(root: Path, drill: str, stage: int) -> str:
    """Of the stage file, the parts that images are made of, and the drill."""
    paths = [root / f"compose/stage-{stage}.yaml", root / "drills" / _module(drill)]
    paths += [root / name for name in FILES]
    paths += _files(root, PARTS)
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _module(drill: str) -> str:
    return drill.replace("-", "_") + ".py"


def _files(root: Path, parts: Iterable[str]) -> list[Path]:
    found = [p for part in parts for p in (root / part).rglob("*") if p.is_file()]
    return sorted(p for p in found if p.suffix not in IGNORED and "__pycache__" not in p.parts)
