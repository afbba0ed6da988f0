"""The ledger: every write a client sent, with what it was told; and its settlement.

A write is `acked` (a 2xx came back), `refused` (the server said no, or the connection was never
made) or `unknown` (anything else: it may have been done or not). Settlement compares the ledger
with what the real stores hold: an acknowledged effect must be there exactly once, an unknown one at
most once. Standard library only: the load image carries this file too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

ACKED, REFUSED, UNKNOWN = "acked", "refused", "unknown"

EFFECTS: dict[str, tuple[str, ...]] = {
    "post": ("post",),
    "like": ("like",),
    "follow": ("follow",),
    "signup": ("account", "mail"),
    "media": ("thumbnail",),
    "report": ("report",),
    "digest": ("digest",),
}
"""What a write of a kind must have caused, each to be found exactly once."""


@dataclass(frozen=True)
class Write:
    """One write as its client saw it."""

    at: float
    """when it was sent, seconds since the epoch"""
    kind: str
    """one of EFFECTS"""
    key: str
    """its Idempotency-Key"""
    marker: str
    """what identifies its effect in the store: a post's text, a handle, the id of a report"""
    account: str
    """the handle that wrote"""
    outcome: str
    status: int
    """HTTP status, 0 when no answer came"""
    id: str = ""
    """the id the server answered"""
    ms: float = 0.0
    by: str = ""
    """probe or load"""


def outcome_of(status: int, *, sent: bool = True) -> str:
    """What a client may conclude from an answer (status 0: none came).

    A 5xx is unknown: a proxy may have given up on a write that was committed.
    """
    if 200 <= status < 300:
        return ACKED
    if 400 <= status < 500 or (status == 0 and not sent):
        return REFUSED
    return UNKNOWN


class Ledger:
    """Append-only JSON lines; each write is in the file when `add` returns."""

    def __init__(self, path: Path) -> None:
        """Open `path` for appending; several processes may append to files of their own."""
        self._file: TextIO = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def add(self, write: Write) -> None:
        """Record one write."""
        line = json.dumps(asdict(write), separators=(",", ":"))
        with self._lock:
            self._file.write(line + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(*paths: Path) -> Iterator[Write]:
    """All writes of the files that exist, in time order; a torn last line is left out."""
    found = []
    for path in paths:
        if not path.exists():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(Write(**json.loads(line)))
            except (ValueError, TypeError):
                continue  # the writer was killed in mid-line
    yield from sorted(found, key=lambda write: write.at)


@dataclass
class Tally:
    """One kind of effect, counted."""

    effect: str
    acked: int = 0
    unknown: int = 0
    once: int = 0
    """acknowledged and found exactly once"""
    appeared: int = 0
    """unknown to the client and found once: allowed"""
    lost: int = 0
    doubled: int = 0
    first_lost: float = 0.0
    """when the oldest and the newest lost effect were asked for, unix time; 0: nothing was lost"""
    last_lost: float = 0.0
    slowest_s: float = 0.0
    """from the newest question to the effect at most, seconds; known of mails only"""
    examples: list[str] = field(default_factory=list)
    """markers of up to five lost or doubled effects"""

    def as_dict(self) -> dict[str, Any]:
        """For settle.json and verdict.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tally:
        """From settle.json."""
        return cls(**data)


def expected(writes: Iterable[Write]) -> dict[str, dict[str, str]]:
    """Effect -> marker -> outcome: what must (acked) or may (unknown) be in the stores.

    A marker that was written several times (the same like twice) is one effect, acknowledged if
    any of its writes was. Refused writes expect nothing; an unknown one without a marker (no id
    came back) cannot be looked for.
    """
    wanted: dict[str, dict[str, str]] = {}
    for write in writes:
        if write.outcome == REFUSED or not write.marker:
            continue
        for effect in EFFECTS.get(write.kind, (write.kind,)):
            markers = wanted.setdefault(effect, {})
            if markers.get(write.marker) != ACKED:
                markers[write.marker] = write.outcome
    return wanted


def asked_at(writes: Iterable[Write]) -> dict[str, dict[str, float]]:
    """Effect -> marker -> when it was first asked for and acknowledged."""
    found: dict[str, dict[str, float]] = {}
    for write in writes:
        if write.outcome == ACKED and write.marker:
            for effect in EFFECTS.get(write.kind, (write.kind,)):
                at = found.setdefault(effect, {})
                at[write.marker] = min(write.at, at.get(write.marker, write.at))
    return found


def tally(
    wanted: Mapping[str, Mapping[str, str]],
    found: Mapping[str, Mapping[str, int]],
    when: Mapping[str, Mapping[str, float]] | None = None,
) -> list[Tally]:
    """Count each effect: once, lost, doubled. `found` is effect -> marker -> times seen.

    With `when` (asked_at) a tally knows from when to when what was lost had been acknowledged.
    """
    tallies = []
    for effect, markers in sorted(wanted.items()):
        counted = Tally(effect)
        for marker, outcome in markers.items():
            times = found.get(effect, {}).get(marker, 0)
            acked = outcome == ACKED
            counted.acked += acked
            counted.unknown += not acked
            if times > 1:
                counted.doubled += 1
            elif times == 1:
                counted.once += acked
                counted.appeared += not acked
            elif acked:
                counted.lost += 1
                if at := (when or {}).get(effect, {}).get(marker, 0.0):
                    counted.first_lost = min(at, counted.first_lost or at)
                    counted.last_lost = max(at, counted.last_lost)
            if (times > 1 or (acked and times == 0)) and len(counted.examples) < 5:
                counted.examples.append(marker)
        tallies.append(counted)
    return tallies


def missing(
    wanted: Mapping[str, Mapping[str, str]], found: Mapping[str, Mapping[str, int]]
) -> dict[str, list[str]]:
    """The acknowledged effects that are not there yet, by effect."""
    gone = {
        effect: [
            m
            for m, outcome in markers.items()
            if outcome == ACKED and not found.get(effect, {}).get(m)
        ]
        for effect, markers in wanted.items()
    }
    return {effect: markers for effect, markers in gone.items() if markers}
