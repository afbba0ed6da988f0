"""The report's tiles, lesson and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from tenfold import history as h
from tenfold.history import History
from tenfold.verdict import BREAKS, SURVIVES, Finding, Verdict


def lesson(verdict: Verdict) -> str:
    """What saved you, or what broke and what mends it, or why it is void."""
    story = verdict.story
    lines = []
    if verdict.void:
        lines = [f"This run says nothing: {reason}." for reason in verdict.void]
    elif verdict.verdict == SURVIVES:
        lines.append(
            f"<b>What saved you:</b> {escape(str(story.get('saved_by') or 'nothing was hurt'))}."
        )
    elif verdict.verdict == BREAKS:
        lines.append(
            f"<b>What broke:</b> {escape(str(story.get('broke_by') or 'see the limits'))}."
        )
        if story.get("fixed_by"):
            lines.append(f"<b>What mends it:</b> {escape(str(story['fixed_by']))}.")
    if story.get("evidence"):
        lines.append(f"The fault took effect: {escape(str(story['evidence']))}.")
    body = "".join(f"<p>{line}</p>" for line in lines)
    return f'<section class="card lesson {verdict.verdict}">{body}</section>'


def tiles(verdict: Verdict) -> str:
    """The figures a person looks for first."""
    judged = {f.name: f for f in verdict.findings}
    share = verdict.downtime_share
    shown = [
        _tile("longest gap", _number(verdict.gap_s), "s", judged.get("longest gap")),
        _tile("failed", _number(verdict.failed_share * 100), "%", judged.get("failed share")),
        _tile("to detect", _number(verdict.detect_s), "s", None),
        _tile("to recover", _number(verdict.recover_s), "s", judged.get("writes back")),
        _tile("lost", str(verdict.lost) if verdict.tallies else "?", "", judged.get("lost")),
        _tile(
            "doubled", str(verdict.doubled) if verdict.tallies else "?", "", judged.get("doubled")
        ),
        _tile("of the year's downtime", _percent(share), "%", None),
    ]
    return "".join(shown)


def _tile(name: str, value: str, unit: str, finding: Finding | None) -> str:
    kind = "" if finding is None else "ok" if finding.holds else "no"
    small = f" <small>{unit}</small>" if unit and value not in ("never", "–") else ""
    return f'<div class="tile {kind}"><b>{value}{small}</b><span>{name}</span></div>'


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.2g}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 1) -> str:
    """A table whose columns from `numbers` on are figures. Cells are HTML already."""
    top = "".join(
        f"<th{' class=n' if n >= numbers else ''}>{text}</th>" for n, text in enumerate(head)
    )
    body = "".join(
        "<tr>"
        + "".join(
            cell
            if cell.startswith("<td")
            else f"<td{' class=n' if n >= numbers else ''}>{cell}</td>"
            for n, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def limits(verdict: Verdict) -> str:
    """The row's threshold against what was measured."""
    if not verdict.findings:
        return "<p>Nothing was checked.</p>"
    rows = []
    for f in verdict.findings:
        value = "never" if f.value is None else f"{f.value:g} {f.unit}"
        limit = "" if f.limit is None else f"≤ {f.limit:g} {f.unit}"
        mark = '<td class="ok">✓</td>' if f.holds else '<td class="no">✗</td>'
        what = f"<b>{escape(f.name)}</b> {escape(f.text)}"
        rows.append([mark, what, value, limit])
    return table(("", "", "measured", "limit"), rows, numbers=2)


def ledger(verdict: Verdict) -> str:
    """Each kind of effect, counted."""
    if not verdict.tallies:
        return "<p>The ledger could not be settled.</p>"
    rows = []
    for t in verdict.tallies:
        bad = [f'<td class="n {"no" if n else "ok"}">{n}</td>' for n in (t.lost, t.doubled)]
        rows.append([escape(t.effect), str(t.acked), str(t.once), *bad, str(t.unknown)])
    out = table(("effect", "acknowledged", "found once", "lost", "doubled", "unanswered"), rows)
    examples = [m for t in verdict.tallies for m in t.examples]
    if examples:
        out += f'<p class="no-text">For example <code>{escape(", ".join(examples[:5]))}</code></p>'
    return out


def latency(verdict: Verdict) -> str:
    """p50, p95, p99 before, during and after."""
    rows = []
    for part in ("before", "during", "after"):
        found = verdict.latency.get(part, {})
        rows.append([part, *(f"{found.get(p, 0):.1f} ms" for p in ("p50", "p95", "p99"))])
    return table(("the fault", "p50", "p95", "p99"), rows)


def figures(verdict: Verdict) -> str:
    """The rest."""

    def seconds(value: float | None) -> str:
        return "–" if value is None else f"{value:g} s"

    rows = [
        ["requests of the probe", f"{verdict.requests}, {verdict.failures} failed"],
        ["requests of Locust", f"{verdict.load_requests}, {verdict.load_failures} failed"],
        ["longest gap of reads / writes", f"{verdict.read_gap_s:g} s / {verdict.write_gap_s:g} s"],
        ["writes acknowledged again after", seconds(verdict.writes_back_s)],
        ["downtime of this event", seconds(verdict.downtime_s)],
    ]
    return table((), rows)


def events(history: History) -> str:
    """All marks and events in order, relative to the fault."""
    zero = history.mark(h.INJECTED) or history.start()
    rows = []
    for mark in history.marks:
        if mark.source == "probe":
            continue
        rows.append(
            [
                f'<td class="time">{mark.at - zero:+.1f} s</td>',
                escape(mark.source),
                f"<b>{escape(mark.name.replace('_', ' '))}</b>",
                escape(mark.text),
            ]
        )
    return table(("", "who", "what", ""), rows, numbers=9)
