"""CloudWatch as a person meets it: its page, alarms and who is at them, a request's log lines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import STAGE, Client, make

from tenfold.wait import wait_until

FROM_STAGE_1 = pytest.mark.skipif(STAGE < 1, reason="there is no CloudWatch yet")
FROM_STAGE_2 = pytest.mark.skipif(STAGE < 2, reason="there is one instance of everything")
FROM_STAGE_3 = pytest.mark.skipif(STAGE < 3, reason="there are no central logs yet")


def tool(*words: str, code: int = 0, **given: str) -> Any:
    """The tool's answer as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "tenfold", *words],
        env={**os.environ, "JSON": "1", **given},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as got:
        body: bytes = got.read()
        return body


@pytest.fixture
def page(urls: dict[str, str]) -> str:
    """Where the page is."""
    return urls["CloudWatch (dashboards and alarms)"].rstrip("/")


@FROM_STAGE_1
def test_the_page_has_all_it_needs(page: str) -> None:
    """Every script and style that it names is there; nothing comes from elsewhere."""
    text = get(f"{page}/").decode()
    named = re.findall(r'(?:src|href)="([^"#][^"]*)"', text)
    assert any(name.endswith(".js") for name in named)
    for name in named:
        if not name.startswith("data:") and "/select/" not in name:
            assert get(urllib.parse.urljoin(f"{page}/", name)), name
    assert b"MIT" in get(f"{page}/uplot/LICENSE")


@FROM_STAGE_1
def test_every_alarm_has_figures_and_a_runbook(page: str) -> None:
    """Each rule is evaluated without an error, and its runbook is a page."""
    groups = json.loads(get(f"{page}/api/v1/rules"))["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {"SiteDown", "DiskFull"} <= {rule["name"] for rule in rules}
    assert ("SlowQuery" in {rule["name"] for rule in rules}) is (STAGE >= 3)
    for rule in rules:
        assert rule["health"] == "ok", f"{rule['name']}: {rule.get('lastError')}"
        name = rule["annotations"]["runbook"].rpartition("/")[2].removesuffix(".md")
        assert rule["name"].encode() in get(f"{page}/runbooks/{name}.html")


@FROM_STAGE_1
def test_everything_that_is_scraped_answers(page: str) -> None:
    def silent() -> list[dict[str, str]]:
        told = json.loads(get(f"{page}/api/v1/query?query=up==0"))
        return [one["metric"] for one in told["data"]["result"]]

    wait_until("every target to answer", lambda: not silent(), bound=40, every=1)


@FROM_STAGE_1
@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/sns/silences", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/sns/silences", {"Host": "rebound.example"}, 421),
        ("/api/v1/admin/tsdb/delete_series", {}, 404),
        ("/api/v1/import", {}, 404),
    ],
)
def test_a_foreign_site_changes_nothing(
    page: str, path: str, headers: dict[str, str], code: int
) -> None:
    ask = urllib.request.Request(f"{page}{path}", b"{}", headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(ask, timeout=10)
    assert caught.value.code == code


@pytest.fixture
def lost_node() -> Iterator[None]:
    """The read replica is killed by hand; healed afterwards."""
    found = tool("status")["containers"]
    (node,) = [c for c in found if c["service"] == "rds-replica"]
    subprocess.run(["docker", "kill", node["id"]], check=True, capture_output=True, timeout=30)
    yield
    assert make("heal").returncode == 0


@FROM_STAGE_2
@pytest.mark.usefixtures("lost_node")
def test_an_alarm_is_acknowledged(page: str) -> None:
    """It goes off, somebody says who is at it, page and list say so; a second time is refused."""

    def state() -> str:
        return next(a["state"] for a in tool("alarms")["alarms"] if a["name"] == "NodeDown")

    wait_until("NodeDown to go off", lambda: state() == "alarm", bound=30, every=0.5)
    tool("ack", ALERT="nodedown", BY="ana", NOTE="starting it", FOR="1m")
    told = [a for a in tool("alarms")["alarms"] if a["name"] == "NodeDown"]
    assert [a["state"] for a in told] == ["acknowledged"]
    assert told[0]["by"] == "ana: starting it"
    silences = json.loads(get(f"{page}/sns/silences"))
    assert any(s["createdBy"] == "ana" and s["status"]["state"] == "active" for s in silences)
    tool("ack", ALERT="NodeDown", code=3)


@FROM_STAGE_1
def test_a_quiet_alarm_is_not_acknowledged() -> None:
    tool("ack", ALERT="BackupsLate", code=3)
    tool("ack", ALERT="NoSuchAlarm", code=2)


@FROM_STAGE_3
def test_one_request_is_followed_through_the_logs(page: str, account: Client) -> None:
    """Load balancer and instance have written its id, and the search finds both lines."""
    asked = account.get("/api/v1/timeline")
    query = urllib.parse.urlencode({"query": f'request_id:="{asked.headers["x-request-id"]}"'})

    def roles() -> set[str]:
        lines = get(f"{page}/select/logsql/query?{query}").decode().splitlines()
        return {json.loads(line)["role"] for line in lines}

    wait_until("both lines", lambda: {"alb", "web"} <= roles(), bound=15, every=0.5)
