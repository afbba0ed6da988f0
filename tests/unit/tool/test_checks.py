"""What stands in the way of a start is found before anything is changed, and told with a remedy."""

from __future__ import annotations

import pytest

from tenfold.checks import Observed, problems, version
from tenfold.observe import routes

WELL = Observed(
    stage=3,
    engine_version="26.1.5+dfsg1",
    compose_version="2.26.1-4",
    memory_needed_mib=1536,
    memory_free_mib=8000,
    disk_free_mib=50_000,
    ports_wanted={8080: "cloudfront"},
    port_variables={8080: "TENFOLD_PORT"},
    subnets_wanted=("10.30.0.0/16",),
)


def told(**changes: object) -> list[str]:
    """The problems of a machine that differs from a good one in `changes`."""
    found = problems(Observed(**{**WELL.__dict__, **changes}))  # type: ignore[arg-type]
    assert all(p.do for p in found), "every problem says what to do"
    return [p.message for p in found]


def test_routes_are_read_from_the_kernels_table() -> None:
    """The default route and the engine's own bridges are nobody else's."""
    table = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0
br-c21ef623abaa 00001E0A 00000000 0001 0 0 0 0000FFFF 0 0 0
docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0
tun0 0000000A 00000000 0001 0 0 0 000000FF 0 0 0
"""
    assert routes(table) == {"10.0.0.0/8": "tun0"}


def test_a_good_machine_has_no_problem() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"engine_version": "20.10.24"}, "at least 25.0"),
        ({"compose_version": ""}, "not installed"),
        ({"compose_version": "2.20.0"}, "at least 2.24"),
        ({"memory_free_mib": 900}, "900 MiB are free"),
        ({"disk_free_mib": 100}, "100 MiB are free"),
        ({"disk_free_mib": 5000, "images_missing": ("tenfold/s3:dev",)}, "8192 MiB of disk"),
        ({"ports_taken": frozenset({8080})}, "port 8080 (cloudfront) is taken"),
        ({"subnets_taken": {"10.30.4.0/24": "other"}}, "network other has 10.30.4.0/24"),
        ({"routes": {"10.0.0.0/8": "tun0"}}, "reaches 10.0.0.0/8 by tun0"),
        (
            {"secrets_missing": ("tenfold-rds",), "volumes": ("tenfold_rds-a-data",)},
            "secrets are gone",
        ),
    ],
)
def test_each_problem_is_found_alone(changes: dict[str, object], says: str) -> None:
    found = told(**changes)
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"memory_free_mib": None},
        {"disk_free_mib": None},
        {"subnets_taken": {"10.31.0.0/16": "other", "fd00::/8": "six"}},
        {"secrets_missing": ("tenfold-rds",)},
        {"engine_version": "unknown"},
    ],
)
def test_what_is_unknown_or_elsewhere_is_no_problem(changes: dict[str, object]) -> None:
    assert told(**changes) == []


def test_several_problems_come_together() -> None:
    assert len(told(memory_free_mib=1, ports_taken=frozenset({8080}))) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("26.1.5+dfsg1", (26, 1)), ("v2.26.1-4", (2, 26)), ("2.29", (2, 29)), ("dev", None)],
)
def test_versions(text: str, expected: tuple[int, int] | None) -> None:
    assert version(text) == expected
