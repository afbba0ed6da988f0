"""What is scraped follows the containers there are, with the labels they carry."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from controlplane.discovery import METRICS, Discovery, agents, groups
from tenfold.engine import ONEOFF_LABEL, PROJECT_LABEL, Container

WEB = Container(
    id="1",
    name="tenfold-web-a-2",
    service="web-a",
    number=2,
    role="web",
    az="a",
    region="us",
    state="running",
    health="healthy",
    ip="10.30.128.4",
    image="tenfold/app:dev",
    exit_code=0,
    oom_killed=False,
    started_at="",
    labels={PROJECT_LABEL: "tenfold"},
)


def test_an_instance_is_scraped_at_its_address_under_its_name() -> None:
    assert groups([WEB]) == [
        {
            "targets": ["10.30.128.4:8000"],
            "labels": {
                "__metrics_path__": "/metrics",
                "service": "web-a",
                "instance": "web-a-2",
                "role": "web",
                "az": "a",
                "region": "us",
            },
        }
    ]


@pytest.mark.parametrize(("role", "port"), METRICS.items())
def test_each_role_has_its_port(role: str, port: int) -> None:
    found = groups([dataclasses.replace(WEB, role=role, az="")])
    assert found[0]["targets"] == [f"10.30.128.4:{port}"]
    assert "az" not in found[0]["labels"]


@pytest.mark.parametrize(
    "changed",
    [
        {"role": "inbox"},
        {"state": "exited"},
        {"state": "paused"},
        {"ip": ""},
        {"labels": {ONEOFF_LABEL: "True"}},
    ],
)
def test_what_cannot_be_scraped_is_left_out(changed: dict[str, Any]) -> None:
    assert groups([dataclasses.replace(WEB, **changed)]) == []


def test_the_engine_is_asked_at_most_each_two_seconds() -> None:
    class Counting:
        asked = 0

        def containers(self) -> list[Container]:
            self.asked += 1
            return [WEB]

    engine, now = Counting(), [100.0]
    discovery = Discovery(engine, clock=lambda: now[0])  # type: ignore[arg-type]
    for now[0] in (100.0, 101.0, 101.9):
        assert len(discovery.targets()) == 1
    assert engine.asked == 1
    now[0] = 102.0
    discovery.targets()
    assert engine.asked == 2


def test_only_the_databases_machines_have_an_agent() -> None:
    node = dataclasses.replace(WEB, role="rds", service="rds-a", name="tenfold-rds-a-1")
    (found,) = agents([WEB, node])
    assert found["targets"] == ["10.30.128.4:9100"]
    assert found["labels"]["instance"] == "rds-a-1"
