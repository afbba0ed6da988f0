"""The history of one run: time-ordered facts, as plain data.

Written as JSON lines by several writers (the probe, Locust, the tool), each into a file of its own
in the run's folder, and put together in time order as `history.jsonl`. Every time is in seconds
since the epoch, every duration named `ms` in milliseconds. Standard library only: the load image
carries this file too.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

STARTED, STEADY, INJECTED, PROVEN, DETECTED = "started", "steady", "injected", "proven", "detected"
PROMOTED, REPLACED, OPERATOR = "promoted", "replaced", "operator"
REPAIRED = "repaired"
"""what the operator did is done"""
DEPLOYED = "deployed"
"""a deploy began; the text is its release"""
ALARM, ALARM_OVER = "alarm", "alarm_over"
"""an alarm's mail is in the operator's inbox; the text is "NAME" and the alarm's summary"""
FOUND_FILE = "found.jsonl"
"""in a run's folder: facts that a fault finds when it ends"""
LOGGED_IN = "logged-in"
"""the probe's browser; the mark's text is the instance that served it"""
HEALED, RECOVERED, ENDED, SETTLED = "healed", "recovered", "ended", "settled"


@dataclass(frozen=True)
class Sample:
    """One request of the probe."""

    at: float
    """when the schedule said it was due"""
    kind: str
    """read, write, session, job or cached"""
    ms: float
    """from the time it was due to the answer's last byte, or to giving up"""
    status: int
    """HTTP status, 0 when no answer came"""
    error: str = ""
    """empty for a success; else timeout, connect, reset, http-502, logged-out, …"""
    served_by: str = ""
    late_ms: float = 0.0
    """how much later than due it was sent: the probe's own fault"""

    @property
    def ok(self) -> bool:
        """The client got what it asked for."""
        return not self.error

    @property
    def end(self) -> float:
        """When the client knew."""
        return self.at + self.ms / 1000


@dataclass(frozen=True)
class Mark:
    """Something happened: a step of the run, or an event of the control plane."""

    at: float
    name: str
    text: str = ""
    source: str = "drill"
    """drill, alb, asg, rds, engine, sns"""


def alarm_mark(subject: str, at: float) -> Mark | None:
    """The mark of an alarm's mail, by the subject that mail.tmpl gives it; None for any other."""
    for begins, name in (("ALARM: ", ALARM), ("OK: ", ALARM_OVER)):
        if subject.startswith(begins):
            return Mark(at, name, subject.removeprefix(begins), "sns")
    return None


@dataclass(frozen=True)
class Second:
    """Locust's figures of one second."""

    at: float
    users: int
    requests: int
    failures: int
    p50: float
    p95: float
    p99: float
    cpu: float
    """Locust's own CPU, percent of one core"""


@dataclass(frozen=True)
class Machine:
    """The machine's CPU in one second, percent of all cores; and how late the probe's loop ran."""

    at: float
    cpu: float
    lag_ms: float = 0.0


@dataclass(frozen=True)
class Primaries:
    """Which database nodes said at one moment that they are the primary."""

    at: float
    nodes: tuple[str, ...]


Fact = Sample | Mark | Second | Machine | Primaries
KINDS: dict[str, type[Any]] = {
    "sample": Sample,
    "mark": Mark,
    "second": Second,
    "machine": Machine,
    "primaries": Primaries,
}
_NAMES = {cls: name for name, cls in KINDS.items()}


def to_line(fact: Fact) -> str:
    """One JSON line; `is` names the kind of fact."""
    return json.dumps({"is": _NAMES[type(fact)], **asdict(fact)}, separators=(",", ":"))


def from_line(line: str) -> Fact | None:
    """The fact of a line; None for a torn or foreign line."""
    try:
        data = json.loads(line)
        cls = KINDS[data.pop("is")]
        if cls is Primaries:
            data["nodes"] = tuple(data["nodes"])
        known = {f.name for f in fields(cls)}
        fact: Fact = cls(**{k: v for k, v in data.items() if k in known})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return fact


def read_facts(paths: Iterable[Path]) -> Iterator[Fact]:
    """All facts of the files that exist."""
    for path in paths:
        if path.exists():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                fact = from_line(line)
                if fact is not None:
                    yield fact


@dataclass
class History:
    """The facts of one run by kind, each list in time order."""

    samples: list[Sample] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    seconds: list[Second] = field(default_factory=list)
    machine: list[Machine] = field(default_factory=list)
    primaries: list[Primaries] = field(default_factory=list)

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> History:
        """From facts in any order."""
        history = cls()
        lists: dict[type[Any], list[Any]] = {
            Sample: history.samples,
            Mark: history.marks,
            Second: history.seconds,
            Machine: history.machine,
            Primaries: history.primaries,
        }
        for fact in facts:
            lists[type(fact)].append(fact)
        for one in lists.values():
            one.sort(key=lambda fact: fact.at)
        return history

    def facts(self) -> list[Fact]:
        """All facts in time order."""
        every: list[Fact] = [
            *self.samples,
            *self.marks,
            *self.seconds,
            *self.machine,
            *self.primaries,
        ]
        return sorted(every, key=lambda fact: fact.at)

    def write(self, path: Path) -> None:
        """Put it together as history.jsonl."""
        path.write_text("".join(to_line(fact) + "\n" for fact in self.facts()), encoding="utf-8")

    def mark(self, name: str) -> float | None:
        """When a mark of that name was first set."""
        return next((m.at for m in self.marks if m.name == name), None)

    def start(self) -> float:
        """The first moment that counts: steady, else the first sample."""
        steady = self.mark(STEADY)
        return steady if steady is not None else min((s.at for s in self.samples), default=0.0)

    def end(self) -> float:
        """The last moment that counts: the end of observation, else the last answer."""
        ended = self.mark(ENDED)
        return ended if ended is not None else max((s.end for s in self.samples), default=0.0)

    def between(self, begin: float, end: float, *kinds: str) -> list[Sample]:
        """Samples that were due in [begin, end), of all kinds unless some are named."""
        lo = bisect.bisect_left(self.samples, begin, key=lambda s: s.at)
        hi = bisect.bisect_left(self.samples, end, key=lambda s: s.at)
        return [s for s in self.samples[lo:hi] if not kinds or s.kind in kinds]


@dataclass(frozen=True)
class Gap:
    """A time without a success of one kind, as the client knew it."""

    kind: str
    begin: float
    end: float
    interval: float

    @property
    def seconds(self) -> float:
        """Length, less the probe's own interval: a healthy run has gaps of about 0."""
        return max(0.0, self.end - self.begin - self.interval)


def gaps(samples: Sequence[Sample], kind: str, begin: float, end: float) -> list[Gap]:
    """The times between successive successes of a kind, from `begin` to `end`.

    A success counts when it is *known* (its last byte), so that a stall is as long as the client
    felt it. Both ends of the observation close a gap: what never came back counts to the end.
    """
    due = sorted(s.at for s in samples if s.kind == kind and begin <= s.at < end)
    if not due:
        return []
    # The schedule is fixed; the median step is the interval.
    steps = sorted(b - a for a, b in zip(due, due[1:], strict=False))
    interval = steps[len(steps) // 2] if steps else 0.0
    known = sorted(s.end for s in samples if s.kind == kind and s.ok and begin <= s.end <= end)
    edges = [begin, *known, end]
    return [
        Gap(kind, a, b, interval)
        for a, b in zip(edges, edges[1:], strict=False)
        if b - a > interval
    ]


def longest(found: Iterable[Gap]) -> Gap | None:
    """The longest gap, if there is one."""
    return max(found, key=lambda gap: gap.seconds, default=None)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; 0 for no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[min(len(ordered), int(rank)) - 1]
