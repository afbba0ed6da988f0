"""The report: self-contained, escaped, and its labels do not lie on each other."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tenfold import history as h
from tenfold import report
from tenfold.history import History, Mark
from tenfold.ledger import Tally
from tenfold.measure import Threshold
from tenfold.report.chart import LEFT, RIGHT, WIDTH, Scale, _label, _place
from tenfold.verdict import Verdict, judge
from tests.unit.drills.test_verdict import BASE, END, INJECTED, steady

LIMITS = Threshold(gap=3, failed_share=0.05, lost=0)


def verdict_of(history: History, tallies: list[Tally]) -> Verdict:
    found = judge(history, tallies, LIMITS, drill="kill-web", stage=2, expected="S")
    found.story = {"story": "<b>it & dies</b>", "folder": "results/x", "saved_by": "the other"}
    return found


def test_page_needs_nothing_else() -> None:
    history = steady(outage=(INJECTED, INJECTED + 2))
    page = report.page(history, verdict_of(history, [Tally("post", 3, once=3)]), LIMITS)
    assert "<svg" in page
    assert "SURVIVES" in page
    assert "&lt;b&gt;it &amp; dies" in page
    assert not re.search(r"""(src|href)=["']|url\(|@import|https?://""", page)
    assert page.count('class="error"') > 5


def test_cached_files_are_drawn_where_they_were_asked_for() -> None:
    for kinds, there in ((("read", "write"), False), (("read", "cached"), True)):
        history = steady(kinds=kinds)
        page = report.page(history, verdict_of(history, []), LIMITS)
        assert ('class="dot cached"' in page) is there
        assert ("cached files" in page) is there


def test_page_of_a_void_run_without_a_ledger() -> None:
    history = History(marks=[Mark(BASE, h.STEADY)])
    page = report.page(history, verdict_of(history, []), LIMITS)
    assert "VOID" in page
    assert "could not be settled" in page


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                sorted(
                    h.__dict__.keys() & {"INJECTED", "DETECTED", "PROMOTED", "HEALED", "RECOVERED"}
                )
            ),
            st.floats(BASE, END),
        )
    )
)
def test_labels_do_not_overlap(found: list[tuple[str, float]]) -> None:
    scale = Scale(BASE, END, INJECTED)
    marks = sorted((Mark(at, getattr(h, name)) for name, at in found), key=lambda m: m.at)
    placed, lanes = _place(marks, scale)
    taken: dict[int, list[tuple[float, float]]] = {}
    for mark, lane in placed:
        assert 0 <= lane < lanes
        x, width = scale.x(mark.at), 6.6 * len(_label(mark, scale)) + 16
        begin = x - width if x + width > WIDTH - RIGHT else x
        assert begin >= LEFT - width
        for other in taken.get(lane, []):
            assert begin >= other[1] - 1e-6 or begin + width <= other[0] + 1e-6
        taken.setdefault(lane, []).append((begin, begin + width))
