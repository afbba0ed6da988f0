"""What a person sees of a run: a line a step, one live line of figures, the verdict at the end.

With JSON=1 all of it goes to standard error, and standard output has one JSON document.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from tenfold.verdict import BREAKS, SURVIVES, Verdict

WORDS = {SURVIVES: ("SURVIVES", "green"), BREAKS: ("BREAKS", "red")}


class Screen:
    """Where a run tells what it does."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self.console = Console(stderr=as_json, highlight=False)
        self.begun = time.monotonic()
        self._status: Status | None = None

    def say(self, text: str, style: str = "") -> None:
        """One line that stays, with the seconds since the start."""
        line = Text(f"{time.monotonic() - self.begun:6.1f} s  ", style="dim")
        line.append(text, style=style)
        self.console.print(line, soft_wrap=True)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """While this is open, `now` shows a moving line (on a terminal)."""
        with self.console.status("", spinner="dots") as self._status:
            yield
        self._status = None

    def now(self, text: str) -> None:
        """Replace the moving line."""
        if self._status is not None:
            self._status.update(Text(text, style="cyan"))

    def verdict(self, verdict: Verdict) -> None:
        """One line, a short table, where the report is; or the JSON."""
        self.console.print()
        self.console.print(headline(verdict))
        if verdict.findings:
            self.console.print(_table(verdict))
        for reason in verdict.void:
            self.console.print(f"  void: {reason}", style="yellow")
        self.console.print(Text(f"  {explanation(verdict)}"), soft_wrap=True)
        folder = verdict.story.get("folder")
        if folder:
            self.console.print(Text(f"  report: {folder}/report.html", style="dim"), soft_wrap=True)
        if self.as_json:
            print(json.dumps(verdict.as_dict(), indent=2))

    def json(self, data: Any) -> None:
        """The one document of standard output."""
        if self.as_json:
            print(json.dumps(data, indent=2))


def headline(verdict: Verdict) -> Text:
    """`kill-web at stage 2 SURVIVES, as its row says`."""
    word, colour = WORDS.get(verdict.verdict, ("IS VOID", "yellow"))
    line = Text("")
    line.append(f"{verdict.drill} at stage {verdict.stage}", style="bold")
    if verdict.without:
        line.append(f" without {', '.join(verdict.without)}", style="bold")
    line.append(f" {word}", style=f"bold {colour}")
    if verdict.verdict in WORDS and verdict.expected:
        line.append(
            ", as expected" if verdict.as_expected else f": its row says {verdict.expected}",
            style="" if verdict.as_expected else "bold red",
        )
    return line


def explanation(verdict: Verdict) -> str:
    """What saved it, or what broke and what mends it."""
    if verdict.verdict == SURVIVES:
        saved = str(verdict.story.get("saved_by") or "")
        return f"What saved you: {saved}" if saved else "Nothing was lost."
    if verdict.verdict == BREAKS:
        broke = str(verdict.story.get("broke_by") or "see the report")
        fixed = str(verdict.story.get("fixed_by") or "")
        return f"What broke: {broke}" + (f". What mends it: {fixed}" if fixed else "")
    return "A void run says nothing about the stage: run it again on a quieter machine."


def _table(verdict: Verdict) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False)
    for finding in verdict.findings:
        mark = Text("✓", style="green") if finding.holds else Text("✗", style="bold red")
        value = "never" if finding.value is None else f"{finding.value:g}"
        limit = "" if finding.limit is None else f"at most {finding.limit:g}"
        unit = f" {finding.unit}" if finding.unit else ""
        table.add_row(mark, finding.name, f"{value}{unit}", f"{limit}{unit}", finding.text)
    return _more(table, verdict)


def _more(table: Table, verdict: Verdict) -> Table:
    def seconds(value: float | None) -> str:
        return "-" if value is None else f"{value:g} s"

    share = verdict.downtime_share
    year = "" if share is None else f"{share * 100:.2g} % of the year's"
    p95 = " / ".join(f"{verdict.latency.get(k, {}).get('p95', 0):.0f}" for k in PARTS)
    told = f"Locust: {verdict.load_requests}, {verdict.load_failures} failed"
    table.add_row("", "requests", str(verdict.requests), f"{verdict.failures} failed", told)
    table.add_row("", "detected", seconds(verdict.detect_s), "", "by the control plane")
    table.add_row("", "p95", f"{p95} ms", "", "before / during / after")
    table.add_row("", "downtime", seconds(verdict.downtime_s), "", year)
    return table


PARTS = ("before", "during", "after")
