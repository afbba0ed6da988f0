"""report.html: one run told to a person, in one file that needs nothing else."""

from __future__ import annotations

import json
import time
from collections import Counter
from html import escape
from pathlib import Path

from tenfold.history import History, percentile
from tenfold.measure import ASKED, Threshold
from tenfold.report.chart import draw
from tenfold.report.parts import events, figures, latency, ledger, lesson, limits, tiles
from tenfold.verdict import BREAKS, SURVIVES, Verdict

HERE = Path(__file__).parent
WORDS = {SURVIVES: "SURVIVES", BREAKS: "BREAKS"}


def write(path: Path, history: History, verdict: Verdict, threshold: Threshold) -> None:
    """Write the report."""
    path.write_text(page(history, verdict, threshold), encoding="utf-8")


def page(history: History, verdict: Verdict, threshold: Threshold) -> str:
    """The whole page."""
    story = verdict.story
    title = f"{verdict.drill} at stage {verdict.stage}"
    without = f" without {', '.join(verdict.without)}" if verdict.without else ""
    begun = time.strftime("%d %B %Y, %H:%M", time.localtime(history.start()))
    expectation = (
        "as expected" if verdict.as_expected else f"expected: {WORDS.get(verdict.expected, '?')}"
    )
    if verdict.verdict not in WORDS:
        expectation = "the run was void"
    elif not verdict.expected:
        expectation = "nothing was expected"
    sub = [story.get("stage_title", ""), expectation, begun, f"{story.get('pace', 'drill')} pace"]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title + without)}: {WORDS.get(verdict.verdict, "void")}</title>
<style>{(HERE / "style.css").read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<header>
<div>
<h1>{escape(title)}{escape(without)}</h1>
<p class="sub">{escape(" · ".join(part for part in sub if part))}</p>
</div>
<span class="badge {verdict.verdict}">{WORDS.get(verdict.verdict, "VOID")}</span>
</header>
<p class="story">{escape(str(story.get("story", "")))}</p>
<blockquote>{escape(str(story.get("rehearses", "")))}</blockquote>
{lesson(verdict)}
<div class="tiles">{tiles(verdict)}</div>
<section class="card">
<h2>What the client saw</h2>
<p class="legend">
<span><i style="background:var(--read)"></i>reads</span>
<span><i style="background:var(--write)"></i>writes</span>
<span><i style="background:var(--session)"></i>session looks</span>
{_cached_legend(history)}
<span><i style="background:var(--bad)"></i>failed</span>
<span><i class="band"></i>the fault</span>
</p>
<div class="scroll">{draw(history, threshold.p95_ms)}</div>
<div id="readout">Point at the drawing for the figures of a second.</div>
</section>
<div class="pair">
<section class="card"><h2>Survives when</h2>{limits(verdict)}</section>
<section class="card"><h2>The ledger, read back</h2>{ledger(verdict)}</section>
<section class="card"><h2>Latency</h2>{latency(verdict)}</section>
<section class="card"><h2>Figures</h2>{figures(verdict)}</section>
</div>
<section class="card"><h2>What happened when</h2>{events(history)}</section>
{_definitions(verdict)}
</main>
<script type="application/json" id="seconds">{_seconds(history)}</script>
<script>{(HERE / "hover.js").read_text(encoding="utf-8")}</script>
</body>
</html>
"""


def _cached_legend(history: History) -> str:
    """Named where the drill asked for cached files."""
    if not any(s.kind == "cached" for s in history.samples):
        return ""
    return '<span><i style="background:var(--cached)"></i>cached files</span>'


def _seconds(history: History) -> str:
    """Figures of each second of the drawing, for the pointer."""
    begin, end = history.start(), history.end()
    out = []
    for n in range(int(end - begin) + 1):
        asked = history.between(begin + n, begin + n + 1, *ASKED)
        why = Counter(s.error for s in asked if not s.ok)
        times = [s.ms for s in asked]
        out.append(
            {
                "asked": len(asked),
                "failed": sum(why.values()),
                "p50": round(percentile(times, 0.5), 1),
                "p95": round(percentile(times, 0.95), 1),
                "why": ", ".join(f"{count}x {error}" for error, count in why.most_common(3)),
            }
        )
    # "</" would end the script element.
    return json.dumps(out, separators=(",", ":")).replace("</", "<\\/")


def _definitions(verdict: Verdict) -> str:
    folder = escape(str(verdict.story.get("folder", "")))
    return f"""<footer><dl>
<dt>The client is the judge</dt>
<dd>A probe sends at a fixed rate and waits for nothing, retries nothing. Each request is timed from
the moment it was due and has 5 s; so a stall is counted in full.</dd>
<dt>Longest gap</dt><dd>The longest time between two answers that succeeded, of reads or of writes,
less the probe's own interval. What never came back counts to the end.</dd>
<dt>Downtime</dt><dd>Gaps of over a second in full; elsewhere each second's failed share of it.</dd>
<dt>Lost, doubled</dt><dd>Acknowledged effects that the stores do not hold afterwards, or hold
twice. A write that was not answered may be there once.</dd>
</dl><p>Raw data: <code>{folder}/history.jsonl</code>, <code>ledger-*.jsonl</code>,
<code>settle.json</code>, <code>verdict.json</code>.</p></footer>"""
