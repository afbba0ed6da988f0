"""The verdict: what a run's history and settled ledger show, against the drill's own row.

Pure: no container, no clock, no file. A check is a function from the evidence to findings; the
drill survives where every finding holds. A run in which the machine, Locust or the probe was the
bottleneck is void, whatever it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tenfold import history as h
from tenfold.history import History, longest, percentile
from tenfold.ledger import Tally
from tenfold.measure import (
    ASKED,
    SITE,
    Evidence,
    Threshold,
    downtime,
    effect,
    failed_share,
    gaps_after,
    latency,
    lost_seconds,
    p95_back,
    p95_ratio,
    recover_seconds,
    writes_back,
)

SURVIVES, BREAKS, VOID, NOT_HERE = "S", "B", "void", "·"


@dataclass(frozen=True)
class Finding:
    """One measured thing against its limit."""

    name: str
    value: float | None
    limit: float | None
    unit: str
    holds: bool
    text: str


Check = Callable[[Evidence], list[Finding]]


@dataclass
class Verdict:
    """What verdict.json holds."""

    drill: str
    stage: int
    expected: str
    """B or S, as the row has it, turned where a negative control is on"""
    verdict: str = VOID
    as_expected: bool = False
    without: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    requests: int = 0
    failures: int = 0
    load_requests: int = 0
    load_failures: int = 0
    gap_s: float = 0.0
    gap_kind: str = ""
    read_gap_s: float = 0.0
    write_gap_s: float = 0.0
    failed_share: float = 0.0
    detect_s: float | None = None
    recover_s: float | None = None
    writes_back_s: float | None = None
    latency: dict[str, dict[str, float]] = field(default_factory=dict)
    tallies: list[Tally] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    downtime_s: float = 0.0
    downtime_share: float | None = None
    """of the stage's yearly downtime, 0.01 = 1 %"""
    story: dict[str, Any] = field(default_factory=dict)
    """what the report tells besides: texts, run, folder, evidence of the fault"""

    def as_dict(self) -> dict[str, Any]:
        """For verdict.json; `story`'s entries are laid beside the figures."""
        data = asdict(self)
        data.update(data.pop("story"))
        return data


def judge(
    history: History,
    tallies: Sequence[Tally],
    threshold: Threshold,
    *,
    drill: str,
    stage: int,
    expected: str,
    without: Sequence[str] = (),
    checks: Iterable[Check] = (),
    downtime_minutes: float | None = None,
) -> Verdict:
    """The verdict of one run. Raises nothing: a history without a fault is void."""
    verdict = Verdict(drill, stage, expected, without=list(without), tallies=list(tallies))
    verdict.void = voids(history)
    injected = history.mark(h.INJECTED)
    end = history.end()
    asked = [s for s in history.samples if s.kind in ASKED]
    verdict.requests = len(asked)
    verdict.failures = sum(not s.ok for s in asked)
    verdict.load_requests = sum(s.requests for s in history.seconds)
    verdict.load_failures = sum(s.failures for s in history.seconds)
    verdict.lost = sum(t.lost for t in tallies)
    verdict.doubled = sum(t.doubled for t in tallies)
    if injected is None:
        verdict.void.append("the fault was never injected")
        return verdict
    evidence = Evidence(history, tallies, threshold, injected, end)
    _measure(verdict, evidence, downtime_minutes)
    for check in (*CHECKS, *checks):
        verdict.findings.extend(check(evidence))
    survives = all(f.holds for f in verdict.findings)
    busy = [m.cpu for m in history.machine if injected <= m.at < end]
    if not survives and busy and percentile(busy, 0.5) > MACHINE_CPU:
        # A busy machine breaks anything; only a survival under it means something.
        verdict.void.append(f"the machine's CPU was at {percentile(busy, 0.5):.0f} % in the fault")
    if not verdict.void:
        verdict.verdict = SURVIVES if survives else BREAKS
        verdict.as_expected = verdict.verdict == expected
    return verdict


def _measure(verdict: Verdict, evidence: Evidence, downtime_minutes: float | None) -> None:
    history, injected, end = evidence.history, evidence.injected, evidence.end
    for kind in SITE:
        worst = longest(gaps_after(evidence, kind))
        seconds = round(worst.seconds, 2) if worst else 0.0
        setattr(verdict, f"{kind}_gap_s", seconds)
        if seconds > verdict.gap_s:
            verdict.gap_s, verdict.gap_kind = seconds, kind
    verdict.failed_share = round(failed_share(evidence), 4)
    verdict.writes_back_s = writes_back(evidence)
    detected = history.mark(h.DETECTED)
    verdict.detect_s = None if detected is None else round(detected - injected, 2)
    verdict.recover_s = recover_seconds(evidence)
    bad_until = injected + (verdict.recover_s or 0.0)
    for name, samples in (
        ("before", history.between(history.start(), injected, *SITE)),
        ("during", history.between(injected, max(bad_until, injected + 1), *SITE)),
        ("after", history.between(max(bad_until, injected + 1), end, *SITE)),
    ):
        verdict.latency[name] = latency(samples)
    verdict.downtime_s = round(downtime(evidence), 2)
    if downtime_minutes:
        verdict.downtime_share = round(verdict.downtime_s / (downtime_minutes * 60), 6)


# -- checks ----------------------------------------------------------------------------------


def check_gap(evidence: Evidence) -> list[Finding]:
    """Longest gap of reads and of writes, or of what the row is about."""
    limit = evidence.threshold.gap
    if limit is None:
        return []
    kinds = evidence.threshold.gap_of
    worst = longest(g for kind in kinds for g in gaps_after(evidence, kind))
    value = round(worst.seconds, 2) if worst else 0.0
    kind = worst.kind if worst else "request"
    return [_at_most("longest gap", value, limit, "s", f"without a good {kind}")]


def check_recovered(evidence: Evidence) -> list[Finding]:
    """Everything is answered again, and goes on being answered to the end."""
    value = recover_seconds(evidence)
    text = "until the last failed request's end"
    return [Finding("recovered", value, None, "s", value is not None, text)]


def check_failed_share(evidence: Evidence) -> list[Finding]:
    """Failed share of the window after the fault."""
    limit = evidence.threshold.failed_share
    if limit is None:
        return []
    value = round(failed_share(evidence) * 100, 2)
    text = f"of the {evidence.threshold.window:g} s after it"
    return [_at_most("failed share", value, limit * 100, "%", text)]


def check_writes_back(evidence: Evidence) -> list[Finding]:
    """Writes are acknowledged again in time."""
    limit = evidence.threshold.writes_back
    if limit is None:
        return []
    text = "until acknowledged again"
    return [_at_most("writes back", writes_back(evidence), limit, "s", text)]


def check_ledger(evidence: Evidence) -> list[Finding]:
    """Acknowledged effects are there, once."""
    findings = []
    for name in ("lost", "doubled"):
        limit = getattr(evidence.threshold, name)
        if limit is None:
            continue
        total = sum(getattr(t, name) for t in evidence.tallies)
        kinds = ", ".join(
            f"{getattr(t, name)} {t.effect}" for t in evidence.tallies if getattr(t, name)
        )
        acked = sum(t.acked for t in evidence.tallies)
        text = f"of {acked} acknowledged" + (f" ({kinds})" if kinds else "")
        found = _at_most(name, float(total), float(limit), "", text)
        if not evidence.tallies:
            found = Finding(name, None, float(limit), "", False, "the ledger could not be settled")
        findings.append(found)
    return findings


def check_lost_seconds(evidence: Evidence) -> list[Finding]:
    """What was lost is of the last moments alone (RPO)."""
    limit = evidence.threshold.lost_seconds
    if limit is None:
        return []
    total = sum(t.lost for t in evidence.tallies)
    acked = sum(t.acked for t in evidence.tallies)
    value = lost_seconds(evidence) if evidence.tallies else None
    return [
        _at_most("lost span", value, limit, "s", f"of writes ({total} of {acked} acknowledged)")
    ]


def check_mail(evidence: Evidence) -> list[Finding]:
    """The slowest welcome mail."""
    limit = evidence.threshold.mail_within
    if limit is None:
        return []
    mails = [t for t in evidence.tallies if t.effect == "mail"]
    value = max((t.slowest_s for t in mails), default=None)
    text = f"the slowest of {sum(t.acked for t in mails)} welcome mails"
    return [_at_most("mail", value, limit, "s", text)]


def check_logged_in(evidence: Evidence) -> list[Finding]:
    """The probe's user is still logged in."""
    limit = evidence.threshold.logged_out
    if limit is None:
        return []
    asked = evidence.history.between(evidence.injected, evidence.end, "session")
    value = float(sum(s.error == "logged-out" for s in asked))
    found = [
        _at_most("logged out", value, float(limit), "", f"of {len(asked)} looks at the session")
    ]
    if not any(s.ok for s in asked[-3:]):
        # Nobody was told that they are logged out, and nobody got the page either.
        text = "no session was seen at the end"
        found.append(Finding("logged in", None, None, "", False, text))
    return found


def check_cached(evidence: Evidence) -> list[Finding]:
    """What is in the cache is served, and at once, whatever the origins do."""
    threshold = evidence.threshold
    if threshold.cached_failed is None or threshold.cached_ms is None:
        return []
    asked = evidence.history.between(evidence.injected, evidence.end, "cached")
    if not asked:
        return [Finding("cached", None, 0.0, "", False, "cached files were never asked for")]
    failed = float(sum(not s.ok for s in asked))
    times = [s.ms for s in asked]
    p99, most = round(percentile(times, 0.99), 1), threshold.cached_failed
    text = f"of cached files; the slowest took {max(times):.0f} ms"
    return [
        _at_most("cached failed", failed, most, "", f"of {len(asked)} not served"),
        _at_most("cached p99", p99, threshold.cached_ms, "ms", text),
    ]


def check_one_primary(evidence: Evidence) -> list[Finding]:
    """Never two primaries at one moment."""
    if not evidence.threshold.one_primary:
        return []
    seen = [p for p in evidence.history.primaries if p.at >= evidence.injected]
    most = max((len(p.nodes) for p in seen), default=0)
    text = f"primaries at one moment, of {len(seen)} looks"
    found = _at_most("primaries", float(most), 1.0, "", text)
    if not seen:
        found = Finding("primaries", None, 1.0, "", False, "the nodes were never asked")
    return [found]


def check_p95(evidence: Evidence) -> list[Finding]:
    """The p95 meets its objective again, within the time given."""
    if evidence.threshold.p95_ms is None:
        return []
    limit = evidence.threshold.p95_within
    text = f"until p95 is at most {evidence.threshold.p95_ms:g} ms again, and stays"
    return [_at_most("p95 back", p95_back(evidence), limit, "s", text)]


def check_p95_ratio(evidence: Evidence) -> list[Finding]:
    """The p95 in the fault against the one before it."""
    limit = evidence.threshold.p95_ratio
    if limit is None:
        return []
    before, after, times = p95_ratio(evidence)
    kinds = " and ".join(f"{kind}s" for kind in evidence.threshold.ratio_of)
    text = f"times the baseline's p95 of {kinds} ({after:.0f} of {before:.0f} ms)"
    return [_at_most("p95", round(times, 2), limit, "x", text)]


def check_effect(evidence: Evidence) -> list[Finding]:
    """What the operator did shows soon, and needed no deploy."""
    limit = evidence.threshold.effect
    if limit is None:
        return []
    text = f"from the operator's action until p95 is at most {evidence.threshold.slow_ms:g} ms"
    marks = evidence.history.marks
    deploys = sum(m.name == h.DEPLOYED and m.at >= evidence.injected for m in marks)
    return [
        _at_most("effect", effect(evidence), limit, "s", text),
        _at_most("deploys", float(deploys), 0.0, "", "that the operator needed"),
    ]


CHECKS: tuple[Check, ...] = (
    check_gap,
    check_recovered,
    check_failed_share,
    check_writes_back,
    check_ledger,
    check_mail,
    check_lost_seconds,
    check_logged_in,
    check_cached,
    check_one_primary,
    check_p95,
    check_p95_ratio,
    check_effect,
)


def _at_most(name: str, value: float | None, limit: float, unit: str, text: str) -> Finding:
    return Finding(name, value, limit, unit, value is not None and value <= limit, text)


# -- void ------------------------------------------------------------------------------------

LOCUST_CPU = 90.0
MACHINE_CPU = 95.0
PROBE_LATE_MS = 250.0


def voids(history: History) -> list[str]:
    """Why a run says nothing: the measuring was the bottleneck, not the system."""
    reasons = []
    injected = history.mark(h.INJECTED) or history.end()
    start = history.start()
    busy = [s.cpu for s in history.seconds if s.at >= start]
    # One reading is a spike of the scheduler's; two in a row are a bottleneck.
    if sum(cpu > LOCUST_CPU for cpu in busy) >= 2:
        reasons.append(f"Locust used {max(busy):.0f} % of its core (> {LOCUST_CPU:.0f} %)")
    before = [m.cpu for m in history.machine if start <= m.at < injected]
    if before and percentile(before, 0.5) > MACHINE_CPU:
        reasons.append(f"the machine's CPU was at {percentile(before, 0.5):.0f} % before the fault")
    late = [s.late_ms for s in history.samples if s.at >= start]
    if late and percentile(late, 0.99) > PROBE_LATE_MS:
        reasons.append(f"the probe ran {percentile(late, 0.99):.0f} ms behind its schedule (p99)")
    if not any(s.ok for s in history.samples if s.at < injected):
        reasons.append("no request succeeded before the fault")
    return reasons
