"""What a history measures: gaps, failed shares, recoveries, latency, downtime.

Pure functions of the evidence of one run. The definitions stand here once; verdict, report and the
live line use these and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenfold import history as h
from tenfold.history import Gap, History, Mark, Sample, gaps, percentile
from tenfold.ledger import Tally

OUTAGE_SECONDS = 1.0
"""Shorter gaps are jitter, not downtime."""
STILL_SECONDS = 2.0
"""What fails so shortly before the end of the observation fails still."""
SITE = ("read", "write")
"""What downtime and recovery are about: a browser that was logged out stays so until its person
acts, and a job's effect is the ledger's matter."""
ASKED = (*SITE, "session")
"""What the probe's failed share counts"""


@dataclass(frozen=True)
class Threshold:
    """Survives when: the row's limits, the same at every stage. None: not asked."""

    gap: float | None = None
    """longest gap of one of the kinds in `gap_of`, seconds"""
    gap_of: tuple[str, ...] = SITE
    failed_share: float | None = None
    """share of the probe's requests that failed in `window` seconds after the fault"""
    window: float = 60.0
    writes_back: float | None = None
    """seconds from the fault to writes that go on being acknowledged"""
    lost: int | None = None
    """acknowledged effects that are not there, over all kinds"""
    lost_seconds: float | None = None
    """acknowledged writes may be lost from so many seconds before the fault on, no earlier ones"""
    doubled: int | None = None
    mail_within: float | None = None
    """seconds from a sign-up to its welcome mail, the slowest one"""
    logged_out: int | None = None
    """times the probe's user was found logged out after the fault"""
    one_primary: bool = False
    """never two database nodes that say they are the primary"""
    cached_failed: int | None = None
    """requests for cached files that failed after the fault"""
    cached_ms: float | None = None
    """p99 of them, milliseconds: a request in a hundred may be the machine's own hiccup"""
    p95_ms: float | None = None
    """objective the probe's p95 must meet again …"""
    p95_within: float = 0.0
    """… this many seconds after the fault, and keep"""
    p95_ratio: float | None = None
    """p95 of `ratio_of` in `window` seconds after the fault, as a multiple of the baseline's"""
    ratio_of: tuple[str, ...] = ("read",)
    effect: float | None = None
    """seconds from the operator's action until the p95 is at most `slow_ms`, and stays so"""
    slow_ms: float = 500.0
    steady_window: float = 5.0
    """length of the sliding window for p95"""


@dataclass(frozen=True)
class Evidence:
    """All that a check may look at."""

    history: History
    tallies: Sequence[Tally]
    threshold: Threshold
    injected: float
    end: float


def latency(samples: Sequence[Sample]) -> dict[str, float]:
    """p50, p95, p99 in ms over all requests, the failed ones with the time they took."""
    values = [s.ms for s in samples]
    return {
        f"p{int(share * 100)}": round(percentile(values, share), 1) for share in (0.5, 0.95, 0.99)
    }


def gaps_after(evidence: Evidence, kind: str) -> list[Gap]:
    """Gaps that reach into the time after the fault."""
    found = gaps(evidence.history.samples, kind, evidence.history.start(), evidence.end)
    return [gap for gap in found if gap.end > evidence.injected]


def failed_share(evidence: Evidence) -> float:
    """Failed share of the probe's requests that were due in the window after the fault."""
    end = min(evidence.injected + evidence.threshold.window, evidence.end)
    asked = evidence.history.between(evidence.injected, end, *ASKED)
    return sum(not s.ok for s in asked) / len(asked) if asked else 1.0


def writes_back(evidence: Evidence) -> float | None:
    """Seconds from the fault to writes that go on being acknowledged; None if they do not."""
    return _back(evidence, ("write",))


def recover_seconds(evidence: Evidence) -> float | None:
    """Seconds from the fault to the last failed request's end; None if it fails to the end."""
    return _back(evidence, SITE)


def _back(evidence: Evidence, kinds: Sequence[str]) -> float | None:
    """Seconds to the end of the last failure or outage of these kinds, whichever is later.

    None when that lies within the last STILL_SECONDS of the observation.
    """
    after = evidence.history.between(evidence.injected, evidence.end, *kinds)
    bad = [s.end for s in after if not s.ok]
    stalls = [
        g.end for kind in kinds for g in gaps_after(evidence, kind) if g.seconds > OUTAGE_SECONDS
    ]
    last = max([*bad, *stalls], default=evidence.injected)
    return None if last > evidence.end - STILL_SECONDS else round(last - evidence.injected, 2)


def downtime(evidence: Evidence) -> float:
    """Seconds of downtime: whole gaps over a second, else the failed share of each second.

    Reads and writes are one site: a second in which only writes stall is down as well.
    """
    outages = [g for kind in SITE for g in gaps_after(evidence, kind) if g.seconds > OUTAGE_SECONDS]
    total, at = 0.0, evidence.injected
    while at < evidence.end:
        upto = min(at + 1, evidence.end)
        covered = max(
            (min(g.end, upto) - max(g.begin, at) for g in outages if g.begin < upto and g.end > at),
            default=0.0,
        )
        asked = evidence.history.between(at, upto, *SITE)
        share = sum(not s.ok for s in asked) / len(asked) if asked else 0.0
        total += max(covered, share * (upto - at))
        at = upto
    return total


def p95_ratio(evidence: Evidence) -> tuple[float, float, float]:
    """p95 in ms before the fault and in the window after it, and how many times that is.

    A failed request counts with the time it took: that it failed is the failed share's matter.
    """
    kinds, history = evidence.threshold.ratio_of, evidence.history
    end = min(evidence.injected + evidence.threshold.window, evidence.end)
    before, after = (
        percentile([s.ms for s in history.between(begin, upto, *kinds)], 0.95)
        for begin, upto in ((history.start(), evidence.injected), (evidence.injected, end))
    )
    return before, after, after / before if before else float("inf")


def p95_back(evidence: Evidence) -> float | None:
    """Seconds from the fault until the sliding p95 meets the objective and keeps it; None: never.

    A failed request counts as slower than any objective.
    """
    objective, window = evidence.threshold.p95_ms or 0.0, evidence.threshold.steady_window
    last_bad: float | None = None
    at = evidence.injected
    while at + window <= evidence.end + 0.5:
        asked = evidence.history.between(at, at + window, *SITE)
        values = [s.ms if s.ok else float("inf") for s in asked]
        if not values or percentile(values, 0.95) > objective:
            last_bad = at + window
        at += 0.5
    if last_bad is None:
        return 0.0
    return None if last_bad >= evidence.end - window else round(last_bad - evidence.injected, 1)


def first_alarm(evidence: Evidence, *words: str) -> Mark | None:
    """The first alarm mail after the fault whose subject has all the words; None: none came."""
    after = (m for m in evidence.history.marks if m.at >= evidence.injected)
    alarms = (m for m in after if m.name == h.ALARM and all(word in m.text for word in words))
    return next(alarms, None)


EFFECT_WINDOW = 2.0


def effect(evidence: Evidence) -> float | None:
    """Seconds from the operator's action to the last stretch that was still slow or failing.

    None: nobody acted, or it is slow to the end. A failed request is slower than any.
    """
    acted = evidence.history.mark(h.OPERATOR)
    if acted is None:
        return None
    last_bad, at = 0.0, acted
    while at + EFFECT_WINDOW <= evidence.end:
        asked = evidence.history.between(at, at + EFFECT_WINDOW, *SITE)
        values = [s.ms if s.ok else float("inf") for s in asked]
        at += 0.5
        if not values or percentile(values, 0.95) > evidence.threshold.slow_ms:
            last_bad = at - acted
    still = acted + last_bad > evidence.end - EFFECT_WINDOW
    return None if still else round(last_bad, 1)


def lost_seconds(evidence: Evidence) -> float | None:
    """Seconds from the oldest acknowledged write that is lost to the newest, or to the fault.

    0 where nothing was lost; None where something was and nobody knows from when.
    """
    lost = [t for t in evidence.tallies if t.lost]
    if not all(t.first_lost for t in lost):
        return None
    until = max((t.last_lost for t in lost), default=0.0)
    since = min((t.first_lost for t in lost), default=0.0)
    return round(max(until, evidence.injected) - since, 1) if lost else 0.0
