"""Measures and verdicts over made-up histories: no container, no clock."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold import history as h
from tenfold.alarmed import named_and_mended
from tenfold.history import History, Machine, Mark, Primaries, Sample, Second
from tenfold.ledger import Tally
from tenfold.measure import Evidence, Threshold, downtime, first_alarm, p95_back
from tenfold.verdict import judge

BASE = 1000.0
INJECTED = BASE + 10
END = BASE + 80


def steady(
    begin: float = BASE,
    end: float = END,
    rate: float = 5,
    outage: tuple[float, float] | None = None,
    kinds: tuple[str, ...] = ("read", "write"),
    bad: tuple[str, ...] = ("read", "write"),
) -> History:
    """A fixed-rate history of fast successes; in `outage` requests of the `bad` kinds fail."""
    samples = []
    for n in range(int((end - begin) * rate)):
        for kind in kinds:
            at = begin + n / rate
            failed = outage and outage[0] <= at < outage[1] and kind in bad
            samples.append(
                Sample(at, kind, 20.0, 502 if failed else 200, "http-502" if failed else "")
            )
    marks = [Mark(BASE, h.STEADY), Mark(INJECTED, h.INJECTED), Mark(end, h.ENDED)]
    return History(samples=samples, marks=marks)


def verdict_of(history: History, threshold: Threshold, **more: object):  # noqa: ANN201
    """Judge with a tidy ledger."""
    return judge(
        history,
        more.pop("tallies", [Tally("post", acked=10, once=10)]),  # type: ignore[arg-type]
        threshold,
        drill="kill-web",
        stage=2,
        expected="S",
        **more,  # type: ignore[arg-type]
    )


def test_nothing_happened() -> None:
    """A healthy run has gaps of about nothing and survives."""
    found = verdict_of(steady(), Threshold(gap=3, failed_share=0.05, lost=0))
    assert (found.verdict, found.as_expected, found.failures) == ("S", True, 0)
    assert found.gap_s < 0.05
    assert found.recover_s == 0
    assert found.downtime_s == 0


@pytest.mark.parametrize(("ms", "verdict"), [(35.0, "S"), (45.0, "B")])
def test_p95_is_compared_with_the_baseline(ms: float, verdict: str) -> None:
    """20 ms before the fault; writes, which got slow as well, are not asked for."""
    history = steady()
    history.samples = [
        dataclasses.replace(s, ms=900.0 if s.kind == "write" else ms) if s.at > INJECTED else s
        for s in history.samples
    ]
    found = verdict_of(history, Threshold(p95_ratio=2))
    assert found.verdict == verdict
    assert [f.value for f in found.findings if f.name == "p95"] == [ms / 20]


def test_outage_is_measured() -> None:
    """20 s without a success: gap, recovery, downtime and share of the year."""
    history = steady(outage=(INJECTED, INJECTED + 20))
    found = verdict_of(history, Threshold(gap=3), downtime_minutes=480)
    assert found.verdict == "B"
    assert not found.as_expected
    assert found.gap_s == pytest.approx(20, abs=0.3)
    assert found.writes_back_s == pytest.approx(20, abs=0.3)
    assert found.recover_s == pytest.approx(20, abs=0.3)
    assert found.downtime_s == pytest.approx(20, abs=1)
    assert found.downtime_share == pytest.approx(20 / (480 * 60), rel=0.1)
    assert found.failed_share == pytest.approx(20 / 60, abs=0.01)


def test_only_writes_fail() -> None:
    """Reads that go on do not hide writes that do not."""
    history = steady(outage=(INJECTED, INJECTED + 12), bad=("write",))
    found = verdict_of(history, Threshold(gap=3))
    assert (found.verdict, found.gap_kind) == ("B", "write")
    assert found.read_gap_s < 0.1


def test_stall_counts_in_full() -> None:
    """A hang that ends in success is as long as the client felt it, though nothing failed."""
    history = steady()
    history.samples = [
        dataclasses.replace(s, ms=(INJECTED + 8 - s.at) * 1000)
        if INJECTED <= s.at < INJECTED + 8
        else s
        for s in history.samples
    ]
    found = verdict_of(history, Threshold(gap=3))
    assert found.failures == 0
    assert found.verdict == "B"
    assert found.gap_s == pytest.approx(8, abs=0.3)


def test_outage_without_end_is_never_recovered() -> None:
    """What does not come back is open, not short."""
    found = verdict_of(steady(outage=(INJECTED + 30, END)), Threshold(writes_back=35))
    assert found.verdict == "B"
    assert found.writes_back_s is None
    assert found.recover_s is None
    assert found.gap_s == pytest.approx(40, abs=0.5)


@pytest.mark.parametrize(("until", "back"), [(INJECTED + 30, 30.0), (END, None)])
def test_flapping_is_not_back(until: float, back: float | None) -> None:
    """Every other write fails, never all for a second: no outage, and not back before it ends."""
    history = steady()
    history.samples = [
        dataclasses.replace(s, status=502, error="http-502")
        if s.kind == "write" and INJECTED <= s.at < until and n % 4 == 1
        else s
        for n, s in enumerate(history.samples)
    ]
    found = verdict_of(history, Threshold(gap=3, writes_back=35))
    assert found.write_gap_s < 1
    assert found.writes_back_s == (None if back is None else pytest.approx(back, abs=0.5))
    assert found.verdict == ("B" if back is None else "S")


def test_what_never_recovers_breaks_whatever_the_row_asks() -> None:
    """A row may ask for nothing that the last failures touch; they break it all the same."""
    limits = Threshold(failed_share=0.5, lost=0)
    assert verdict_of(steady(outage=(INJECTED, END - 3)), Threshold(lost=0)).verdict == "S"
    found = verdict_of(steady(outage=(END - 1.5, END), bad=("read",)), limits)
    assert found.verdict == "B"
    assert [f.name for f in found.findings if not f.holds] == ["recovered"]


@pytest.mark.parametrize(("lost", "doubled"), [(1, 0), (0, 1)])
def test_ledger_breaks(lost: int, doubled: int) -> None:
    """One lost or doubled effect is enough; no settlement is no proof."""
    limits = Threshold(lost=0, doubled=0)
    tally = Tally("post", acked=10, once=9, lost=lost, doubled=doubled)
    assert verdict_of(steady(), limits, tallies=[tally]).verdict == "B"
    assert verdict_of(steady(), limits, tallies=[]).verdict == "B"
    assert verdict_of(steady(), limits).verdict == "S"


def test_two_primaries() -> None:
    """One moment with two primaries breaks; never having looked does too."""
    history = steady()
    limits = Threshold(one_primary=True)
    assert verdict_of(history, limits).verdict == "B"
    history.primaries = [Primaries(INJECTED + 1, ("a",)), Primaries(INJECTED + 2, ())]
    assert verdict_of(history, limits).verdict == "S"
    history.primaries.append(Primaries(INJECTED + 3, ("a", "b")))
    assert verdict_of(history, limits).verdict == "B"


def test_logged_out() -> None:
    """A session that is gone breaks; a session page that fails is a failure of another kind."""
    history = steady(kinds=("read", "write", "session"))
    limits = Threshold(logged_out=0)
    assert verdict_of(history, limits).verdict == "S"
    history.samples[-1] = dataclasses.replace(history.samples[-1], error="http-502")
    assert verdict_of(history, limits).verdict == "S"
    history.samples[-1] = dataclasses.replace(history.samples[-1], error="logged-out")
    assert verdict_of(history, limits).verdict == "B"
    # Never told to log in again, and never let in: that is no "still logged in".
    history.samples = [
        dataclasses.replace(s, error="http-502") if s.kind == "session" else s
        for s in history.samples
    ]
    assert verdict_of(history, limits).verdict == "B"


def test_p95_comes_back() -> None:
    """Slow for 20 s, then fast: back after about 20 s; slow to the end: never."""
    limits = Threshold(p95_ms=500, p95_within=45)
    for until, expected in ((INJECTED + 20, "S"), (END, "B")):
        history = steady()
        history.samples = [
            dataclasses.replace(s, ms=900.0) if INJECTED <= s.at < until else s
            for s in history.samples
        ]
        assert verdict_of(history, limits).verdict == expected
        back = p95_back(Evidence(history, [], limits, INJECTED, END))
        assert (back is None) == (expected == "B")
        if back is not None:
            assert back == pytest.approx(20 + limits.steady_window, abs=limits.steady_window)


def test_void_runs() -> None:
    """The measuring was the bottleneck: no verdict, and it says why."""
    busy = steady()
    busy.seconds = [Second(BASE + n, 10, 5, 0, 1, 2, 3, 97.0) for n in range(3)]
    slow = steady()
    slow.machine = [Machine(BASE + n, 99.0) for n in range(10)]
    late = steady()
    late.samples = [dataclasses.replace(s, late_ms=600.0) for s in late.samples]
    broken = steady(outage=(BASE, END))
    unhurt = steady()
    unhurt.marks = [m for m in unhurt.marks if m.name != h.INJECTED]
    for history, word in (
        (busy, "Locust"),
        (slow, "machine"),
        (late, "schedule"),
        (broken, "before the fault"),
        (unhurt, "injected"),
    ):
        found = verdict_of(history, Threshold(gap=3))
        assert found.verdict == "void"
        assert not found.as_expected
        assert word in " ".join(found.void)


def test_busy_machine_voids_a_break_only() -> None:
    """A survival on a saturated machine stands; a break on one says nothing."""
    for outage, expected in ((None, "S"), ((INJECTED, INJECTED + 20), "void")):
        history = steady(outage=outage)
        history.machine = [Machine(INJECTED + n, 99.0) for n in range(60)]
        assert verdict_of(history, Threshold(gap=3)).verdict == expected


def test_history_round_trip(tmp_path) -> None:  # noqa: ANN001
    """Facts survive the file; foreign and torn lines are left out."""
    history = steady(end=BASE + 20)
    history.primaries = [Primaries(BASE, ("a", "b"))]
    path = tmp_path / "history.jsonl"
    history.write(path)
    path.write_text(path.read_text() + '{"is": "sam\n{"is": "else"}\n[]\n')
    assert History.of(h.read_facts([path])) == history


spans = st.tuples(st.floats(0, 60), st.floats(0.5, 9))


@settings(max_examples=60, deadline=None)
@given(spans, spans)
def test_more_failures_never_mend(one: tuple[float, float], two: tuple[float, float]) -> None:
    """Taking successes away never makes a gap shorter, a share smaller or a break a survival."""
    limits = Threshold(gap=3, failed_share=0.05, writes_back=35)
    first = steady(outage=(INJECTED + one[0], INJECTED + one[0] + one[1]))
    worse = History(
        samples=[
            dataclasses.replace(s, error="http-502")
            if INJECTED + two[0] <= s.at < INJECTED + two[0] + two[1]
            else s
            for s in first.samples
        ],
        marks=first.marks,
    )
    a, b = verdict_of(first, limits), verdict_of(worse, limits)
    assert b.gap_s >= a.gap_s - 1e-6
    assert b.failed_share >= a.failed_share
    assert b.downtime_s >= a.downtime_s - 1e-6
    assert not (a.verdict == "B" and b.verdict == "S")


@settings(max_examples=60, deadline=None)
@given(spans)
def test_downtime_is_bounded(span: tuple[float, float]) -> None:
    """Downtime lies between nothing and the time observed."""
    history = steady(outage=(INJECTED + span[0], INJECTED + span[0] + span[1]))
    evidence = Evidence(history, [], Threshold(), INJECTED, END)
    assert 0 <= downtime(evidence) <= END - INJECTED


@pytest.mark.parametrize(("slowest", "verdict"), [(3.0, "S"), (24.0, "B")])
def test_the_slowest_mail_counts(slowest: float, verdict: str) -> None:
    tallies = [Tally("post", acked=9, once=9), Tally("mail", acked=4, once=4, slowest_s=slowest)]
    found = verdict_of(steady(), Threshold(mail_within=10), tallies=tallies)
    assert found.verdict == verdict
    assert verdict_of(steady(), Threshold(mail_within=10)).verdict == "B", "nobody looked at mails"


def test_an_alarm_mail_is_a_mark_by_its_subject() -> None:
    told = h.alarm_mark('ALARM: "DiskFull" the disk of rds is 83 % full', 5.0)
    assert told == Mark(5.0, h.ALARM, '"DiskFull" the disk of rds is 83 % full', "sns")
    over = h.alarm_mark('OK: "DiskFull" is over, it was: the disk of rds is 83 % full', 6.0)
    assert over is not None
    assert over.name == h.ALARM_OVER
    assert h.alarm_mark("Welcome, ALARM: you", 7.0) is None


def test_first_alarm_is_one_after_the_fault_with_all_the_words() -> None:
    history = steady()
    history.marks += [
        Mark(INJECTED - 1, h.ALARM, '"DiskFull" rds'),
        Mark(INJECTED + 1, h.ALARM, '"CPUHigh" rds'),
        Mark(INJECTED + 2, h.ALARM_OVER, '"DiskFull" rds'),
        Mark(INJECTED + 3, h.ALARM, '"DiskFull" rds'),
    ]
    evidence = Evidence(history, [], Threshold(), INJECTED, END)
    found = first_alarm(evidence, "DiskFull")
    assert found is not None
    assert found.at == INJECTED + 3
    assert first_alarm(evidence, "DiskFull", "ec2") is None


@pytest.mark.parametrize(
    ("outage", "seconds", "verdict"),
    [((INJECTED, BASE + 33), 3, "S"), ((INJECTED, BASE + 42), 12, "B"), (None, 0, "S")],
)
def test_the_effect_counts_from_the_operators_action(
    outage: tuple[float, float] | None, seconds: float, verdict: str
) -> None:
    """How long they took to come is another matter."""
    history = steady(outage=outage)
    history.marks.append(Mark(BASE + 30, h.OPERATOR))
    found = verdict_of(history, Threshold(effect=5))
    value = next(f.value for f in found.findings if f.name == "effect")
    assert value == pytest.approx(seconds, abs=0.6)
    assert found.verdict == verdict


def test_an_effect_that_needed_a_deploy_is_none() -> None:
    history = steady()
    history.marks += [Mark(BASE + 30, h.OPERATOR), Mark(BASE + 30.1, h.DEPLOYED, "v1")]
    found = verdict_of(history, Threshold(effect=5))
    assert [f.name for f in found.findings if not f.holds] == ["deploys"]


def test_nobody_acted_or_it_went_on_to_the_end() -> None:
    assert verdict_of(steady(), Threshold(effect=5)).verdict == "B"
    history = steady(outage=(INJECTED, END))
    history.marks.append(Mark(BASE + 30, h.OPERATOR))
    assert verdict_of(history, Threshold(effect=5)).verdict == "B"


@pytest.mark.parametrize(
    ("alarm", "repaired", "holds"),
    [
        (20.0, 32.0, True),
        (None, 32.0, False),
        (20.0, None, False),
        (20.0, 61.0, False),
        # Somebody mended it before the alarm came: it was not what called them.
        (40.0, 32.0, False),
    ],
)
def test_named_and_mended(alarm: float | None, repaired: float | None, holds: bool) -> None:
    history = steady()
    if alarm is not None:
        history.marks.append(Mark(INJECTED + alarm, h.ALARM, '"SlowQuery" FROM posts_post', "sns"))
    if repaired is not None:
        history.marks.append(Mark(INJECTED + repaired, h.REPAIRED))
    evidence = Evidence(history, [], Threshold(), INJECTED, END)
    found = named_and_mended(60, "SlowQuery", "posts_post")(evidence)
    assert all(f.holds for f in found) is holds
