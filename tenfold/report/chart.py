"""The drawn timeline of a run, as one SVG: latency dots, failures, request rate, fault, marks.

Time runs in seconds relative to the fault. Colours are CSS variables of the page, so that the
drawing follows light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from tenfold import history as h
from tenfold.history import History, Mark, Sample
from tenfold.measure import ASKED

WIDTH, LEFT, RIGHT = 1120, 58, 18
LANES_TOP, LANE = 10, 17
FAIL_HEIGHT, LATENCY_HEIGHT, RATE_HEIGHT, USERS_HEIGHT, GAP = 26, 210, 74, 60, 26
LOW_MS, HIGH_MS = 1.0, 10_000.0

SHOWN = {
    h.INJECTED: ("injected", "bad"),
    h.DETECTED: ("detected", "info"),
    h.PROMOTED: ("promoted", "good"),
    h.REPLACED: ("replaced", "good"),
    h.OPERATOR: ("operator", "warn"),
    "back": ("comes back", "good"),
    h.HEALED: ("healed", "good"),
    h.RECOVERED: ("recovered", "good"),
}
"""Marks that are drawn, with their colour; the others are in the list below the drawing."""


@dataclass(frozen=True)
class Scale:
    """Time to x."""

    begin: float
    end: float
    zero: float

    def x(self, at: float) -> float:
        """Pixels."""
        span = max(self.end - self.begin, 1e-3)
        share = (min(max(at, self.begin), self.end) - self.begin) / span
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def y_latency(ms: float, top: float) -> float:
    """Latency on a logarithmic scale, 1 ms to 10 s."""
    share = math.log(min(max(ms, LOW_MS), HIGH_MS) / LOW_MS) / math.log(HIGH_MS / LOW_MS)
    return round(top + LATENCY_HEIGHT * (1 - share), 1)


def draw(history: History, objective_ms: float | None = None) -> str:
    """The SVG of a run; empty for a history without samples."""
    samples = history.between(history.start(), history.end(), *ASKED)
    if not samples:
        return ""
    # Cached files are shown, and no part of the rate: they are not what the instances do.
    drawn = history.between(history.start(), history.end(), *ASKED, "cached")
    injected = history.mark(h.INJECTED)
    scale = Scale(
        history.start(), max(history.end(), history.start() + 1), injected or samples[0].at
    )
    marks = [m for m in history.marks if m.name in SHOWN and m.at >= scale.begin]
    labels, lanes = _place(marks, scale)
    fail_top = LANES_TOP + lanes * LANE + 8
    latency_top = fail_top + FAIL_HEIGHT + 8
    rate_top = latency_top + LATENCY_HEIGHT + GAP
    users = [s for s in history.seconds if s.at >= scale.begin]
    users_top = rate_top + RATE_HEIGHT + GAP
    bottom = users_top + USERS_HEIGHT if users else rate_top + RATE_HEIGHT
    parts = [
        f'<svg id="timeline" viewBox="0 0 {WIDTH} {bottom + 34}" role="img" '
        f'aria-label="Timeline" data-begin="{scale.begin:.3f}" data-end="{scale.end:.3f}" '
        f'data-zero="{scale.zero:.3f}" data-left="{LEFT}" data-right="{WIDTH - RIGHT}">',
        _fault_band(history, scale, fail_top - 4, bottom),
        _time_axis(scale, fail_top - 4, bottom),
        _latency_axis(latency_top, objective_ms),
        _dots(drawn, scale, latency_top),
        _failures(drawn, scale, fail_top),
        _rate(samples, scale, rate_top),
        _users(users, scale, users_top) if users else "",
        _marks(labels, scale, fail_top - 4, bottom),
        f'<line id="cursor" class="cursor" x1="0" x2="0" y1="{fail_top - 4}" y2="{bottom}"/>',
        "</svg>",
    ]
    return "\n".join(p for p in parts if p)


# -- parts -------------------------------------------------------------------------------------


def _fault_band(history: History, scale: Scale, top: float, bottom: float) -> str:
    injected = history.mark(h.INJECTED)
    if injected is None:
        return ""
    ends = [history.mark(name) for name in ("back", h.OPERATOR, h.HEALED)]
    end = min((e for e in ends if e is not None), default=scale.end)
    x, width = scale.x(injected), scale.x(end) - scale.x(injected)
    return (
        f'<rect class="fault" x="{x}" y="{top}" width="{max(width, 1.5):.1f}" '
        f'height="{bottom - top:.1f}"><title>the fault, {end - injected:.1f} s</title></rect>'
    )


def _time_axis(scale: Scale, top: float, bottom: float) -> str:
    span = scale.end - scale.begin
    step = next((s for s in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if span / s <= 14), 1800)
    out = []
    tick = math.ceil((scale.begin - scale.zero) / step) * step
    while scale.zero + tick <= scale.end:
        x = scale.x(scale.zero + tick)
        out.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>')
        sign = "+" if tick > 0 else ""
        out.append(
            f'<text class="tick" x="{x}" y="{bottom + 16}" text-anchor="middle">'
            f"{sign}{tick:g} s</text>"
        )
        tick += step
    return "".join(out)


def _latency_axis(top: float, objective_ms: float | None) -> str:
    out = []
    for ms, text in ((1, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1000, "1 s"), (10000, "10 s")):
        y = y_latency(ms, top)
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        out.append(
            f'<text class="tick" x="{LEFT - 7}" y="{y + 3.5}" text-anchor="end">{text}</text>'
        )
    if objective_ms:
        y = y_latency(objective_ms, top)
        out.append(f'<line class="objective" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        out.append(
            f'<text class="tick" x="{WIDTH - RIGHT}" y="{y - 4}" text-anchor="end">'
            f"objective {objective_ms:g} ms</text>"
        )
    return "".join(out)


def _dots(samples: Iterable[Sample], scale: Scale, top: float) -> str:
    """One path a kind: a dot is a zero-length stroke with a round end, 12 bytes instead of 60."""
    paths: dict[str, list[str]] = {}
    for s in samples:
        kind = s.kind if s.ok else "failed"
        paths.setdefault(kind, []).append(f"M{scale.x(s.at)} {y_latency(s.ms, top)}h0")
    order = [k for k in ("cached", "session", "read", "write", "failed") if k in paths]
    return "".join(f'<path class="dot {kind}" d="{"".join(paths[kind])}"/>' for kind in order)


def _failures(samples: Iterable[Sample], scale: Scale, top: float) -> str:
    out = [
        f'<text class="tick" x="{LEFT - 7}" y="{top + FAIL_HEIGHT / 2 + 4}" '
        'text-anchor="end">failed</text>',
        f'<rect class="lane" x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" '
        f'height="{FAIL_HEIGHT}" rx="3"/>',
    ]
    groups: dict[tuple[float, str], list[Sample]] = {}
    for s in samples:
        if not s.ok:
            groups.setdefault((scale.x(s.at), s.error), []).append(s)
    for (x, error), found in groups.items():
        first = found[0]
        text = f"{len(found)}x {first.kind} {error} at {first.at - scale.zero:+.1f} s"
        out.append(
            f'<line class="error" x1="{x}" x2="{x}" y1="{top + 3}" y2="{top + FAIL_HEIGHT - 3}">'
            f"<title>{escape(text)}</title></line>"
        )
    return "".join(out)


def _rate(samples: Sequence[Sample], scale: Scale, top: float) -> str:
    """Answers a second as the client got them: good ones, failed ones stacked on top."""
    bins: dict[int, list[int]] = {}
    for s in samples:
        known = bins.setdefault(math.floor(s.end - scale.begin), [0, 0])
        known[0 if s.ok else 1] += 1
    most = max((sum(b) for b in bins.values()), default=1)
    out = [
        f'<text class="tick" x="{LEFT - 7}" y="{top + 8}" text-anchor="end">{most}/s</text>',
        f'<text class="tick" x="{LEFT - 7}" y="{top + RATE_HEIGHT}" text-anchor="end">0</text>',
        f'<text class="axis" x="{LEFT}" y="{top - 6}">answers a second</text>',
        f'<line class="base" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
        f'y1="{top + RATE_HEIGHT}" y2="{top + RATE_HEIGHT}"/>',
    ]
    for second, (good, bad) in sorted(bins.items()):
        x = scale.x(scale.begin + second)
        width = max(1.0, scale.x(scale.begin + second + 1) - x - 1)
        if second < 0 or x >= WIDTH - RIGHT:
            continue
        tall = RATE_HEIGHT * good / most
        short = RATE_HEIGHT * bad / most
        base = top + RATE_HEIGHT
        if good:
            out.append(_bar("good", x, base - tall, width, tall))
        if bad:
            out.append(_bar("bad", x, base - tall - short, width, short))
    return "".join(out)


def _bar(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="bar {kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"/>'
    )


def _users(seconds: Sequence[h.Second], scale: Scale, top: float) -> str:
    most_users = max(max(s.users for s in seconds), 1)
    most_rate = max(max(s.requests for s in seconds), 1)

    def line(values: Sequence[tuple[float, float]], kind: str) -> str:
        points = " ".join(f"{x},{top + USERS_HEIGHT * (1 - share):.1f}" for x, share in values)
        return f'<polyline class="line {kind}" points="{points}"/>'

    return (
        f'<text class="axis" x="{LEFT}" y="{top - 6}">Locust: '
        f'<tspan class="users">users (up to {most_users})</tspan>, '
        f'<tspan class="rate">requests a second (up to {most_rate})</tspan></text>'
        f'<line class="base" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top + USERS_HEIGHT}" '
        f'y2="{top + USERS_HEIGHT}"/>'
        + line([(scale.x(s.at), s.requests / most_rate) for s in seconds], "rate")
        + line([(scale.x(s.at), s.users / most_users) for s in seconds], "users")
    )


def _place(marks: Sequence[Mark], scale: Scale) -> tuple[list[tuple[Mark, int]], int]:
    """Each mark with the first lane in which its label touches no other; and how many lanes."""
    free: list[float] = []
    placed = []
    for mark in marks:
        x = scale.x(mark.at)
        width = 6.6 * len(_label(mark, scale)) + 16
        # A label near the right edge is written to the left of its line.
        begin = x - width if x + width > WIDTH - RIGHT else x
        lane = next((n for n, until in enumerate(free) if until <= begin), len(free))
        if lane == len(free):
            free.append(0.0)
        free[lane] = begin + width
        placed.append((mark, lane))
    return placed, max(len(free), 1)


def _label(mark: Mark, scale: Scale) -> str:
    name = SHOWN[mark.name][0]
    return name if mark.name == h.INJECTED else f"{name} {mark.at - scale.zero:+.1f} s"


def _marks(placed: Sequence[tuple[Mark, int]], scale: Scale, top: float, bottom: float) -> str:
    out = []
    for mark, lane in placed:
        x, colour = scale.x(mark.at), SHOWN[mark.name][1]
        y = LANES_TOP + lane * LANE + 9
        text = _label(mark, scale)
        flip = x + 6.6 * len(text) + 16 > WIDTH - RIGHT
        out.append(
            f'<g class="mark {colour}"><title>{escape(mark.text or mark.name)}</title>'
            f'<line x1="{x}" x2="{x}" y1="{y - 4}" y2="{bottom}"/>'
            f'<circle cx="{x}" cy="{y - 4}" r="3.2"/>'
            f'<text x="{x - 7 if flip else x + 7}" y="{y}" '
            f'text-anchor="{"end" if flip else "start"}">{escape(text)}</text></g>'
        )
    return "".join(out)
