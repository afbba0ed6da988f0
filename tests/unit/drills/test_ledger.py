"""The ledger: what a client may conclude, and what settlement counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tenfold import ledger
from tenfold.ledger import ACKED, REFUSED, UNKNOWN, Ledger, Write

OUTCOMES = st.sampled_from([ACKED, REFUSED, UNKNOWN])
KINDS = st.sampled_from(sorted(ledger.EFFECTS))


def write(kind: str = "post", marker: str = "m", outcome: str = ACKED, at: float = 1.0) -> Write:
    """A write with what matters to settlement."""
    status = {ACKED: 201, REFUSED: 400, UNKNOWN: 0}[outcome]
    return Write(at, kind, f"key-{marker}", marker, "someone", outcome, status)


def test_outcomes() -> None:
    """A 5xx and a missing answer say nothing; a 4xx and an unmade connection say no."""
    assert ledger.outcome_of(201) == ACKED
    assert ledger.outcome_of(429) == REFUSED
    assert ledger.outcome_of(503) == UNKNOWN
    assert ledger.outcome_of(0) == UNKNOWN
    assert ledger.outcome_of(0, sent=False) == REFUSED


def test_file_survives_a_torn_line(tmp_path: Path) -> None:
    """What was written before the writer was killed is read; order is by time."""
    path = tmp_path / "ledger.jsonl"
    book = Ledger(path)
    book.add(write(marker="b", at=2))
    book.add(write(marker="a", at=1))
    book.close()
    with path.open("a") as file:
        file.write('{"at": 3, "kind": "po')
    assert [w.marker for w in ledger.read(path, tmp_path / "none.jsonl")] == ["a", "b"]


def test_sign_up_expects_account_and_mail() -> None:
    """One write, two effects; each counted on its own."""
    wanted = ledger.expected([write("signup", "ann")])
    found = {"account": {"ann": 1}, "mail": {"ann": 2}}
    tallies = {t.effect: t for t in ledger.tally(wanted, found)}
    assert tallies["account"].once == 1
    assert tallies["mail"].doubled == 1
    assert tallies["mail"].examples == ["ann"]


def test_unknown_may_be_there_or_not_but_not_twice() -> None:
    """Ambiguous writes are never lost, but they can be doubled."""
    writes = [write(marker=m, outcome=UNKNOWN) for m in ("none", "one", "two")]
    (counted,) = ledger.tally(ledger.expected(writes), {"post": {"one": 1, "two": 2}})
    assert (counted.lost, counted.appeared, counted.doubled) == (0, 1, 1)


@given(st.lists(st.tuples(KINDS, st.text("abc", min_size=1, max_size=2), OUTCOMES)))
def test_perfect_store_settles_clean(writes: list[tuple[str, str, str]]) -> None:
    """A store that holds every expected effect once: nothing lost, nothing doubled."""
    wanted = ledger.expected(write(k, m, o) for k, m, o in writes)
    found = {effect: dict.fromkeys(markers, 1) for effect, markers in wanted.items()}
    tallies = ledger.tally(wanted, found)
    assert all(t.lost == t.doubled == 0 for t in tallies)
    assert all(t.once == t.acked and t.appeared == t.unknown for t in tallies)
    assert ledger.missing(wanted, found) == {}


@given(
    st.lists(st.tuples(st.text("abcd", min_size=1, max_size=2), OUTCOMES)),
    st.dictionaries(st.text("abcd", min_size=1, max_size=2), st.integers(0, 3)),
)
def test_counts_add_up(writes: list[tuple[str, str]], found: dict[str, int]) -> None:
    """Each acknowledged marker is once, lost or doubled; the order of writes does not matter."""
    made = [write(marker=m, outcome=o) for m, o in writes]
    wanted = ledger.expected(made)
    assert wanted == ledger.expected(reversed(made))
    for counted in ledger.tally(wanted, {"post": found}):
        doubled = Counter(wanted["post"][m] for m in wanted["post"] if found.get(m, 0) > 1)
        assert counted.acked == counted.once + counted.lost + doubled[ACKED]
        assert counted.doubled == sum(doubled.values())
        assert counted.lost == len(ledger.missing(wanted, {"post": found}).get("post", []))
