"""What is known while a run goes on: the probe's and Locust's files, read as they grow."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from tenfold import history
from tenfold.history import Machine, Mark, Sample, Second, percentile
from tenfold.measure import ASKED


@dataclass
class Tail:
    """A file that somebody appends JSON lines to."""

    path: Path
    offset: int = 0
    rest: str = ""

    def new(self) -> list[history.Fact]:
        """The facts since the last look; a line that is being written waits."""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                file.seek(self.offset)
                text = self.rest + file.read()
                self.offset = file.tell()
        except FileNotFoundError:
            return []
        *lines, self.rest = text.split("\n")
        return [fact for fact in map(history.from_line, lines) if fact is not None]


@dataclass
class Live:
    """The last minute of a run."""

    folder: Path
    samples: list[Sample] = field(default_factory=list)
    events: list[Mark] = field(default_factory=list)
    second: Second | None = None
    machine: Machine | None = None
    begun: bool = False
    """the probe has its accounts and sends"""

    def __post_init__(self) -> None:
        self._probe = Tail(self.folder / "probe.jsonl")
        self._load = Tail(self.folder / "load.jsonl")

    def look(self) -> list[Mark]:
        """Read what is new; answers the control plane's new events."""
        fresh = []
        for fact in [*self._probe.new(), *self._load.new()]:
            if isinstance(fact, Sample):
                self.samples.append(fact)
            elif isinstance(fact, Second):
                self.second = fact
            elif isinstance(fact, Machine):
                self.machine = fact
            elif isinstance(fact, Mark):
                self.begun = self.begun or fact.name == "probing"
                if fact.source != "probe":
                    fresh.append(fact)
        since = time.time() - 75
        self.samples = [s for s in self.samples if s.at >= since]
        self.events += fresh
        return fresh

    def clean_for(
        self,
        seconds: float,
        rate: float,
        since: float = 0.0,
        kinds: tuple[str, ...] = ASKED,
        within: float = float("inf"),
    ) -> bool:
        """Whether all requests due in the last `seconds` (after `since`) were answered well.

        `rate` is what the schedule sends a second: an answer that is still missing is no success.
        An answer that took more than `within` seconds is none either. The last half second is left
        out, its answers may be under way.
        """
        upto = time.time() - 0.5
        begin = upto - seconds
        if begin < since:
            return False
        asked = [s for s in self.samples if begin <= s.at < upto and s.kind in kinds]
        return len(asked) >= 0.8 * rate * seconds and all(
            s.ok and s.ms <= within * 1000 for s in asked
        )

    def complaints(self, seconds: float = 3.0) -> str:
        """What went wrong lately, for a person."""
        since = time.time() - seconds
        bad = [s for s in self.samples if s.end >= since and not s.ok]
        if not bad:
            return "too few answers" if self.begun else "the probe has not begun"
        kinds: dict[str, int] = {}
        for s in bad:
            kinds[f"{s.kind} {s.error}"] = kinds.get(f"{s.kind} {s.error}", 0) + 1
        return ", ".join(f"{n}x {what}" for what, n in sorted(kinds.items()))

    def line(self) -> str:
        """One line of live figures over the last five seconds."""
        since = time.time() - 5
        recent = [s for s in self.samples if s.end >= since]
        if not recent:
            return "no answers yet" if not self.samples else "no answers for 5 s"
        bad = sum(not s.ok for s in recent)
        p95 = percentile([s.ms for s in recent], 0.95)
        users = f", {self.second.users} users {self.second.requests}/s" if self.second else ""
        return f"probe {len(recent) / 5:.0f}/s, {bad} failed, p95 {p95:.0f} ms{users}"
