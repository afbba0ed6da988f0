"""Which digests are due, by what the probe's accounts did."""

from __future__ import annotations

from loadtests.digests import MONDAY, due

ACCOUNTS = ("a", "b", "c")


def test_who_follows_somebody_that_wrote_gets_a_mail() -> None:
    """One wrote: b and c get one; the writer would, if somebody else had written."""
    writes = [(MONDAY + 10.0, "a"), (MONDAY + 20.0, "a")]
    assert due(writes, ACCOUNTS, 60, MONDAY + 61) == [
        (MONDAY + 60, 0, "b"),
        (MONDAY + 60, 0, "c"),
    ]
    assert len(due([*writes, *((at, "b") for at, _ in writes)], ACCOUNTS, 60, MONDAY + 61)) == 3


def test_nothing_is_due_before_the_end_or_for_what_nobody_can_date() -> None:
    """A period that runs, one post only, or posts at the edge, which may count to the next."""
    inside = [(MONDAY + 10.0, "a"), (MONDAY + 20.0, "a")]
    assert due(inside, ACCOUNTS, 60, MONDAY + 59) == []
    assert due(inside[:1], ACCOUNTS, 60, MONDAY + 61) == []
    edge = [(MONDAY + 0.5, "a"), (MONDAY + 59.5, "a")]
    assert due(edge, ACCOUNTS, 60, MONDAY + 61) == []
