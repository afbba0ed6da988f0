"""CloudWatch Logs: what the agent sends is found again, and it learns how far it was."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import pytest
from standin import Box, Stand, serves

from controlplane.logs.lines import record
from controlplane.logs.store import Store
from tenfold.wait import wait_until

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def box(lab: Stand) -> Box:
    made = lab.run("tenfold/logs:dev", service="logs", host=10, ports=[9428])
    serves(made, 9428, "/health")
    return made


def at(seconds: float) -> str:
    """A time so many seconds ago, to the nanosecond."""
    when = time.gmtime(time.time() - seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", when) + ".123456789Z"


def search(box: Box, query: str) -> list[dict[str, str]]:
    told = box.call(9428, "GET", f"/select/logsql/query?{urlencode({'query': query})}").text
    return [json.loads(line) for line in told.splitlines()]


def test_a_store_that_has_nothing_says_so(box: Box) -> None:
    assert Store("127.0.0.1", box.port(9428)).last() == {}


def test_lines_are_found_by_field_and_by_request(box: Box) -> None:
    store = Store("127.0.0.1", box.port(9428))
    newest = at(5)
    whose = {"service": "web-a", "instance": "web-a-1", "role": "web", "az": "a"}
    access = {"event": "request", "method": "GET", "path": "/x", "status": 500, "ms": 1.5}
    lines = [
        record(f"{at(9)} starting", whose),
        record(f"{newest} {json.dumps({**access, 'request_id': '1-abc'})}", whose),
        record(f"{at(5)} {json.dumps({'trace_id': 'Root=1-abc'})}", {"instance": "alb-1"}),
    ]
    store.add(line for line in lines if line is not None)
    store.send()
    wait_until("three lines", lambda: len(search(box, "_time:1m *")) == 3, bound=15)
    found = search(box, '_time:1m request_id:="1-abc"')
    assert {line["instance"] for line in found} == {"web-a-1", "alb-1"}
    (failed,) = search(box, "_time:1m service:web-a status:500")
    assert failed["_msg"] == "GET /x 500 1.5"
    # Where a new agent goes on: at the newest line of each instance, to the nanosecond.
    assert Store("127.0.0.1", box.port(9428)).last()["web-a-1"] == newest
