"""Checks of drills whose point is that somebody is told in time."""

from __future__ import annotations

from tenfold import history as h
from tenfold.measure import Evidence, first_alarm
from tenfold.verdict import Check, Finding


def told_before_writes_fail(*words: str) -> Check:
    """An alarm's mail has all the words, and came before the first write that failed."""

    def check(evidence: Evidence) -> list[Finding]:
        alarm = first_alarm(evidence, *words)
        after = evidence.history.between(evidence.injected, evidence.end, "write")
        failed = next((s.end - evidence.injected for s in after if not s.ok), None)
        told = None if alarm is None else round(alarm.at - evidence.injected, 1)
        limit = None if failed is None else round(failed, 1)
        holds = told is not None and (failed is None or told < failed)
        text = "until the mail; " + ("no write failed" if failed is None else "then a write failed")
        return [Finding("alarm", told, limit, "s", holds, text)]

    return check


def named(within: float, *words: str) -> Check:
    """An alarm's mail has all the words, in so many seconds."""

    def check(evidence: Evidence) -> list[Finding]:
        return [_named(evidence, within, words)]

    return check


def named_and_mended(within: float, *words: str) -> Check:
    """An alarm's mail has all the words, and the repair that it calls for is done in time."""

    def check(evidence: Evidence) -> list[Finding]:
        alarm = first_alarm(evidence, *words)
        mended = evidence.history.mark(h.REPAIRED)
        took = None if mended is None else round(mended - evidence.injected, 1)
        # A repair before the alarm was not called for by it.
        called = alarm is not None and mended is not None and mended >= alarm.at
        holds = called and took is not None and took <= within
        text = "it was never done" if took is None else "until it was done"
        return [
            _named(evidence, within, words),
            Finding("repair", took, within, "s", holds, text),
        ]

    return check


def _named(evidence: Evidence, within: float, words: tuple[str, ...]) -> Finding:
    alarm = first_alarm(evidence, *words)
    if alarm is None:
        text = f"no alarm mail named {' and '.join(words)}"
        return Finding("alarm", None, within, "s", False, text)
    told = round(alarm.at - evidence.injected, 1)
    text = f"until the mail: {alarm.text[:160]}"
    return Finding("alarm", told, within, "s", told <= within, text)
