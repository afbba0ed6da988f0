"""What `make profile` makes of the instances' metrics."""

from __future__ import annotations

import pytest

from tenfold.profile import between, read, routes


def exposition(requests: int, app: float, database: float, queries: int) -> str:
    took = "tenfold_request_part_seconds_total"
    return f"""# HELP tenfold_requests_total Requests answered
# TYPE tenfold_requests_total counter
tenfold_requests_total{{method="GET",route="api/v1/posts/{{post_id}}",status="200"}} 7.0
tenfold_requests_total{{method="GET",route="api/v1/timeline",status="200"}} {requests - 2}.0
tenfold_requests_total{{method="GET",route="api/v1/timeline",status="503"}} 2.0
tenfold_requests_created{{method="GET",route="api/v1/timeline",status="200"}} 1.7e+09
{took}{{method="GET",part="app",route="api/v1/timeline"}} {app}
{took}{{method="GET",part="database",route="api/v1/timeline"}} {database}
tenfold_request_queries_total{{method="GET",route="api/v1/timeline"}} {queries}.0
tenfold_request_database_seconds_count 12.0
"""


def test_only_what_came_in_between_counts() -> None:
    before = {"a": read(exposition(10, 1.0, 2.0, 40))}
    after = {
        "a": read(exposition(30, 1.2, 2.6, 120)),
        "b": read(exposition(20, 0.2, 0.2, 80)),
    }
    (first, second) = routes(between(before, after))
    assert first.request == "GET /api/v1/timeline"
    assert first.requests == 40
    assert first.parts == {"app": 10.0, "database": 20.0, "connection": 0.0, "cache": 0.0}
    assert (first.ms, first.queries) == (30.0, 4.0)
    assert second.request == "GET /api/v1/posts/{post_id}"
    assert second.requests == 7


def test_a_process_that_began_again_counts_from_nothing() -> None:
    total = between({"a": read(exposition(50, 5, 5, 9))}, {"a": read(exposition(10, 1, 1, 40))})
    assert routes(total)[0].requests == 10


@pytest.mark.parametrize("most", [1, 5])
def test_the_most_used_come_first(most: int) -> None:
    found = routes(between({}, {"a": read(exposition(9, 1, 1, 1))}), most)
    assert len(found) == min(most, 2)
    assert found[0].requests == 9
