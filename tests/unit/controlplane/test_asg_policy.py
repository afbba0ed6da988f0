"""Target tracking and placement, as pure decisions: within bounds, balanced, never on no data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controlplane import asg_policy as policy
from controlplane.asg_cpu import average
from controlplane.asg_policy import Health, Instance, Lifecycle, Period, Plan, Target

TARGET = Target(cpu=50, out_periods=3, in_periods=15, minimum=2, maximum=6)
SERVICES = ("web-a", "web-b")


def scaled(
    cpu: Sequence[float | None],
    desired: int = 2,
    measured: int | None = None,
    cooling: bool = False,
    out: bool = True,
    target: Target = TARGET,
) -> int | None:
    """The new desired capacity after these periods' averages; None for as it is."""
    periods = [Period(c, measured or desired if c is not None else 0) for c in cpu]
    change = policy.scale(periods, desired, target, cooling=cooling, out=out)
    return change.desired if change else None


# -- how many ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cpu", "desired", "new"),
    [
        (51, 2, 3),
        (75, 2, 3),
        (76, 2, 4),
        (100, 2, 4),
        (100, 3, 6),
        (100, 5, 6),
        (100, 6, None),
        (50, 2, None),
        (40, 4, None),
    ],
)
def test_out_in_proportion_to_the_load(cpu: float, desired: int, new: int | None) -> None:
    assert scaled([cpu] * 3, desired) == new


def test_out_only_after_three_periods_in_a_row() -> None:
    assert scaled([90, 90]) is None
    assert scaled([90, 10, 90]) is None
    assert scaled([90, None, 90]) is None
    assert scaled([10, 90, 90, 90]) == 4


def test_the_newest_period_says_how_much() -> None:
    assert scaled([100, 100, 60]) == 3


def test_what_is_warming_up_is_not_counted_twice() -> None:
    # Two measured, two more launched for them: the need is met already.
    assert scaled([100] * 3, desired=4, measured=2) is None
    # A need beyond what was launched is met at once, cooldown or not.
    assert scaled([60] * 2 + [100], desired=3, measured=2, cooling=True) == 4


def test_in_by_one_after_fifteen_periods_below() -> None:
    assert scaled([10] * 14, desired=6) is None
    assert scaled([10] * 15, desired=6) == 5
    assert scaled([10] * 15, desired=6, cooling=True) is None
    assert scaled([10] * 14 + [None], desired=6) is None
    assert scaled([10] * 15, desired=2) is None
    # 0.7 of the target is not below it.
    assert scaled([35] * 15, desired=6) is None
    assert scaled([34.9] * 15, desired=6) == 5


def test_in_never_to_where_it_would_have_to_go_out_again() -> None:
    assert scaled([34] * 15, desired=3) is None  # 3 x 34 % are 51 % on two


def test_a_desired_capacity_outside_the_bounds_is_brought_back() -> None:
    assert scaled([], desired=1) == 2
    assert scaled([None], desired=9) == 6


def test_without_scale_out_nothing_goes_out_but_in() -> None:
    assert scaled([100] * 3, out=False) is None
    assert scaled([10] * 15, desired=4, out=False) == 3


percent = st.one_of(st.none(), st.floats(0, 400))


@given(
    cpu=st.lists(percent, max_size=20),
    desired=st.integers(0, 12),
    measured=st.integers(1, 12),
    cooling=st.booleans(),
    out=st.booleans(),
    bounds=st.tuples(st.integers(1, 4), st.integers(0, 6)),
)
def test_never_outside_the_bounds_and_never_without_data(
    cpu: list[float | None],
    desired: int,
    measured: int,
    cooling: bool,
    out: bool,
    bounds: tuple[int, int],
) -> None:
    low, high = bounds[0], sum(bounds)
    target = Target(50, 3, 15, low, high)
    new = scaled(cpu, desired, measured, cooling, out, target)
    if new is None:
        assert low <= desired <= high
        return
    assert low <= new <= high
    assert new != desired
    if low <= desired <= high:
        assert None not in cpu[-(3 if new > desired else 15) :]
        assert out or new < desired
        assert new > desired or (new == desired - 1 and not cooling)


@given(cpu=st.lists(st.floats(50.1, 400), max_size=2), desired=st.integers(2, 6))
def test_one_period_less_scales_nothing_out(cpu: list[float], desired: int) -> None:
    assert scaled(cpu, desired) is None
    assert scaled([*cpu, None], desired) is None


@given(cpu=st.lists(st.floats(0, 34.9), min_size=3, max_size=14), desired=st.integers(2, 6))
def test_one_period_less_scales_nothing_in(cpu: list[float], desired: int) -> None:
    assert scaled(cpu, desired) is None


# -- the metric ----------------------------------------------------------------------------


def test_cpu_is_the_share_of_the_instances_limit() -> None:
    before = {"a": (10.0, 100.0), "b": (5.0, 100.0)}
    after = {"a": (11.0, 104.0), "b": (5.5, 104.0)}
    members = {"a": True, "b": True}
    assert average(members, before, after, {"a": 0.5, "b": 0.25}) == Period(50.0, 2)


def test_warm_ones_speak_for_the_group_while_there_are_any() -> None:
    before = {"old": (0.0, 0.0), "new": (0.0, 0.0)}
    after = {"old": (4.0, 5.0), "new": (0.0, 5.0)}
    limits = {"old": 1.0, "new": 1.0}
    assert average({"old": True, "new": False}, before, after, limits) == Period(80.0, 1)
    assert average({"old": False, "new": False}, before, after, limits) == Period(40.0, 2)


def test_no_reading_is_no_data() -> None:
    none = Period(None, 0)
    assert average({}, {}, {}, {}) == none
    assert average({"a": True}, {"a": (1, 1)}, {}, {}) == none
    assert average({"a": True}, {}, {"a": (1, 1)}, {"a": 1}) == none
    # Started anew in between: its counter begins at nought.
    assert average({"a": True}, {"a": (9, 1)}, {"a": (1, 2)}, {"a": 1}) == none
    assert average({"a": True}, {"a": (1, 1)}, {"a": (2, 1)}, {"a": 1}) == none


# -- which ---------------------------------------------------------------------------------


def one(name: str, lifecycle: Lifecycle = "in_service", health: Health = "ok") -> Instance:
    service, _, number = name.rpartition("-")
    return Instance(name, service, int(number), lifecycle, health)


def group(*names: str) -> list[Instance]:
    """`web-a-1` serves; `?` after it: pending, `!`: unhealthy, `+`: dead, `~`: terminating."""
    marks: dict[str, tuple[Lifecycle, Health]] = {
        "?": ("pending", "ok"),
        "!": ("in_service", "unhealthy"),
        "+": ("in_service", "dead"),
        "~": ("terminating", "ok"),
    }
    return [one(n[:-1], *marks[n[-1]]) if n[-1] in marks else one(n) for n in names]


def placed(desired: int, *names: str, maximum: int = 6, missing: int = 0) -> Plan:
    return policy.place(group(*names), SERVICES, desired, maximum, missing)


def test_a_group_as_it_should_be_is_left_alone() -> None:
    assert placed(2, "web-a-1", "web-b-1") == Plan()
    assert placed(3, "web-a-1", "web-b-1", "web-b-2") == Plan()
    assert placed(3, "web-a-1", "web-b-1", "web-b-2?") == Plan()


def test_launches_go_to_the_az_with_fewest() -> None:
    assert placed(4, "web-a-1", "web-b-1").launch == ("web-a", "web-b")
    assert placed(4, "web-a-1", "web-a-2", "web-b-1").launch == ("web-b",)
    assert placed(2, "web-a-1", "web-a-2~").launch == ("web-b",)


def test_a_dead_instance_is_ended_and_replaced_at_once() -> None:
    assert placed(2, "web-a-1+", "web-b-1") == Plan(("web-a",), (("web-a-1", "dead"),))
    assert placed(2, "web-a-1+", "web-b-1", "web-a-2?") == Plan((), (("web-a-1", "dead"),))


def test_an_unhealthy_one_goes_when_its_replacement_serves() -> None:
    assert placed(2, "web-a-1!", "web-b-1") == Plan(("web-a",))
    assert placed(2, "web-a-1!", "web-b-1", "web-a-2?") == Plan()
    assert placed(2, "web-a-1!", "web-b-1", "web-a-2") == Plan((), (("web-a-1", "unhealthy"),))


def test_of_two_unhealthy_ones_each_waits_for_a_replacement() -> None:
    assert placed(2, "web-a-1!", "web-b-1!") == Plan(("web-a", "web-b"))
    assert placed(2, "web-a-1!", "web-b-1!", "web-a-2", "web-b-2?") == Plan(
        (), (("web-a-1", "unhealthy"),)
    )


def test_at_the_maximum_one_unhealthy_goes_first() -> None:
    full = placed(2, "web-a-1!", "web-b-1!", maximum=2)
    assert full == Plan((), (("web-a-1", "unhealthy"),))
    assert placed(2, "web-a-1~", "web-b-1!", maximum=2) == Plan(("web-a",))
    assert placed(2, "web-a-2?", "web-b-1!", maximum=2) == Plan()


def test_scale_in_takes_the_newest_of_the_fullest_az() -> None:
    assert placed(2, "web-a-1", "web-a-2", "web-b-1").terminate == (("web-a-2", "scale-in"),)
    three = placed(3, "web-a-1", "web-b-1", "web-b-2", "web-b-3").terminate
    assert three == (("web-b-3", "scale-in"),)
    assert len(placed(2, "web-a-1", "web-a-2", "web-b-1", "web-b-2").terminate) == 2


def test_scale_in_waits_for_what_is_to_serve_instead() -> None:
    assert placed(2, "web-a-1", "web-a-2", "web-b-1?") == Plan()


def test_an_az_that_was_lost_is_filled_again() -> None:
    assert placed(2, "web-a-1", "web-a-2") == Plan(("web-b",))
    assert placed(2, "web-a-1", "web-a-2", "web-b-1?") == Plan()
    assert placed(2, "web-a-1", "web-a-2", "web-b-1").terminate == (("web-a-2", "scale-in"),)
    full = placed(2, "web-a-1", "web-a-2", maximum=2)
    assert full == Plan((), (("web-a-2", "rebalance"),))


def test_what_is_missing_is_not_replaced_before_it_is_believed() -> None:
    assert placed(2, "web-b-1", missing=1) == Plan()
    assert placed(2, "web-b-1", missing=0) == Plan(("web-a",))
    assert placed(2, missing=2) == Plan()


lifecycles = st.sampled_from(["pending", "in_service", "terminating"])
healths = st.sampled_from(["ok", "ok", "ok", "unhealthy", "dead"])
members = st.lists(st.tuples(st.sampled_from(SERVICES), lifecycles, healths), max_size=9)


@given(found=members, desired=st.integers(1, 6), missing=st.integers(0, 3))
def test_placement_keeps_its_promises(
    found: list[tuple[str, Lifecycle, Health]], desired: int, missing: int
) -> None:
    there = [
        Instance(f"{service}-{n}", service, n, lifecycle, health)
        for n, (service, lifecycle, health) in enumerate(found)
    ]
    plan = policy.place(there, SERVICES, desired, 6, missing)
    active = {i.name: i for i in there if i.lifecycle != "terminating"}
    ended = {name for name, _ in plan.terminate}
    assert len(ended) == len(plan.terminate)
    assert ended <= set(active)
    alive = [i for i in active.values() if i.health != "dead"]
    good = [i for i in alive if i.health == "ok"]
    left = [i for i in good if i.name not in ended]
    # Never more than the maximum is launched.
    if plan.launch:
        assert len(alive) + missing + len(plan.launch) <= 6
    # Every dead one goes, and no good one below the desired capacity, but to balance a full group.
    assert ended >= {i.name for i in active.values() if i.health == "dead"}
    if "rebalance" not in dict(plan.terminate).values():
        assert len(left) >= min(desired, len(good))
        serving = [i for i in left if i.lifecycle == "in_service"]
        assert len(serving) >= min(desired, sum(i.lifecycle == "in_service" for i in good))


@given(found=members, desired=st.integers(1, 6))
def test_a_group_settles(found: list[tuple[str, Lifecycle, Health]], desired: int) -> None:
    """Whatever is found: what is launched serves a tick later, what is ended is gone."""
    there = [
        Instance(f"{service}-{n}", service, n, lifecycle, health)
        for n, (service, lifecycle, health) in enumerate(found)
    ]
    assume(len([i for i in there if i.lifecycle != "terminating"]) <= 6)
    there = [i for i in there if i.lifecycle != "terminating"]
    number = 100
    for _ in range(40):
        plan = policy.place(there, SERVICES, desired, 6)
        if plan == Plan() and all(i.lifecycle == "in_service" for i in there):
            break
        ended = {name for name, _ in plan.terminate}
        there = [
            Instance(i.name, i.service, i.number, "in_service", i.health)
            for i in there
            if i.name not in ended
        ]
        for service in plan.launch:
            number += 1
            there.append(Instance(f"{service}-{number}", service, number, "pending"))
    else:
        raise AssertionError(f"it does not settle: {there}, {plan}")
    counts = Counter(i.service for i in there)
    assert len(there) == desired
    assert all(i.health == "ok" for i in there)
    assert abs(counts["web-a"] - counts["web-b"]) <= 1
