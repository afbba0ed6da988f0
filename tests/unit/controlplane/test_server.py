"""The HTTP interface: what it answers, and that a hung loop is seen."""

from __future__ import annotations

import http.client
import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controlplane.discovery import Discovery
from controlplane.events import Events
from controlplane.runner import Runner
from controlplane.server import BODY_LIMIT, Api, Server
from controlplane.settings import Switches
from tenfold.wait import wait_until


class FakeLoop:
    """A loop whose ticks can be made to fail or to hang."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.told = state
        self.error: Exception | None = None
        self.go_on = threading.Event()
        self.go_on.set()

    def tick(self) -> None:
        self.go_on.wait(20)
        if self.error:
            raise self.error

    def state(self) -> dict[str, Any]:
        return self.told


class FakeGroup:
    """A target group of one instance."""

    def __init__(self) -> None:
        self.draining: list[str] = []

    def deregister(self, name: str) -> bool:
        self.draining.append(name)
        return name == "web-a-1"

    def register(self, name: str) -> bool:
        self.draining.remove(name)
        return True


class FakeScaling:
    """An auto-scaling group."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def launch_template(self, version: int, env: Any, hashes: Any) -> None:
        self.told.append((version, env, hashes))


class NoContainers:
    def containers(self) -> list[Any]:
        raise OSError("the socket is away")


TARGETS = {"web-a-1": {"state": "healthy"}, "web-b-1": {"state": "unhealthy"}}


class Plane:
    """A control plane of two loops and its server."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.log = io.StringIO()
        self.events = Events(self.log)
        self.loops = {
            "alb": FakeLoop({"targets": TARGETS}),
            "asg": FakeLoop({"desired": 2, "in_service": 1, "cpu_percent": None}),
        }
        self.runners = {
            name: Runner(name, loop, self.events, self.stopping, every=0.01, late=0.3)
            for name, loop in self.loops.items()
        }
        discovery = Discovery(NoContainers())  # type: ignore[arg-type]
        self.group, self.scaling = FakeGroup(), FakeScaling()
        api = Api(self.runners, self.events, Switches(), discovery, self.group, self.scaling)
        self.server = Server(api, ("127.0.0.1", 0))
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        for runner in self.runners.values():
            runner.start()

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=5)
        try:
            line.request(method, path, body)
            answer = line.getresponse()
            data = answer.read().decode()
            as_json = answer.headers["Content-Type"] == "application/json"
            return answer.status, json.loads(data) if as_json else data
        finally:
            line.close()

    def close(self) -> None:
        self.stopping.set()
        for loop in self.loops.values():
            loop.go_on.set()
        assert all(runner.join(2) for runner in self.runners.values())
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def plane() -> Iterator[Plane]:
    made = Plane()
    yield made
    made.close()


def test_state_has_the_loops_and_the_switches(plane: Plane) -> None:
    status, told = plane.ask("GET", "/state")
    assert status == 200
    assert set(told) == {"alb", "asg", "switches"}
    assert told["alb"]["targets"] == TARGETS
    assert told["switches"]["health-check"] == {"off": False}


def test_a_loop_that_fails_goes_on(plane: Plane) -> None:
    plane.loops["asg"].error = RuntimeError("no")
    wait_until("failures", lambda: plane.runners["asg"].failures > 3, bound=5, every=0.01)
    assert plane.ask("GET", "/healthz")[0] == 200
    assert plane.log.getvalue().count("RuntimeError") == 1


def test_a_loop_that_hangs_is_seen(plane: Plane) -> None:
    assert plane.ask("GET", "/healthz")[0] == 200
    plane.loops["asg"].go_on.clear()
    wait_until("a 503", lambda: plane.ask("GET", "/healthz")[0] == 503, bound=5, every=0.02)
    told = plane.ask("GET", "/healthz")[1]
    assert told["ok"] is False
    assert (told["loops"]["alb"]["ok"], told["loops"]["asg"]["ok"]) == (True, False)
    plane.loops["asg"].go_on.set()
    wait_until("a 200", lambda: plane.ask("GET", "/healthz")[0] == 200, bound=5, every=0.02)


def test_events_since(plane: Plane) -> None:
    plane.events.emit("asg", "launching", "web-a-2")
    ts = plane.events.since()[0]["ts"]
    assert plane.ask("GET", f"/events?since={ts}")[1]["events"][0]["resource"] == "web-a-2"
    assert plane.ask("GET", f"/events?since={ts + 1}") == (200, {"events": []})
    assert len(plane.ask("GET", "/events")[1]["events"]) == 1
    for bad in ("soon", "nan"):
        assert plane.ask("GET", f"/events?since={bad}")[0] == 400


def test_a_switch_is_set_and_told_once(plane: Plane) -> None:
    for _ in range(2):
        assert plane.ask("PUT", "/switch/scale-out", '{"off": true}')[0] == 200
    assert plane.ask("GET", "/state")[1]["switches"]["scale-out"] == {"off": True}
    plane.ask("PUT", "/switch/scale-out", '{"off": false}')
    told = [(e["event"], e["resource"], e["off"]) for e in plane.events.since()]
    assert told == [("switched", "scale-out", True), ("switched", "scale-out", False)]


def test_an_unknown_switch_is_answered_with_those_there_are(plane: Plane) -> None:
    status, told = plane.ask("PUT", "/switch/gravity", '{"off": true}')
    assert status == 404
    assert "health-check" in told["switches"]


@pytest.mark.parametrize("body", ["", "off", "[]", "{}", '{"off": 1}', "x" * (BODY_LIMIT + 1)])
def test_a_body_that_says_nothing_is_refused(plane: Plane, body: str) -> None:
    assert plane.ask("PUT", "/switch/scale-out", body)[0] == 400
    assert plane.ask("GET", "/state")[1]["switches"]["scale-out"] == {"off": False}


def test_a_target_is_taken_out_and_put_back(plane: Plane) -> None:
    assert plane.ask("PUT", "/target/web-a-1", '{"draining": true}')[0] == 200
    assert plane.group.draining == ["web-a-1"]
    assert plane.ask("PUT", "/target/web-a-1", '{"draining": false}')[0] == 200
    assert plane.group.draining == []
    status, told = plane.ask("PUT", "/target/web-z-1", '{"draining": true}')
    assert (status, told) == (404, {"error": "web-z-1 is not registered"})
    assert plane.ask("PUT", "/target/web-a-1", '{"draining": 1}')[0] == 400


def test_a_launch_template_is_taken(plane: Plane) -> None:
    body = '{"version": 7, "env": {"RELEASE": "v2", "FAULT": ""}, "hashes": {"web-a": "h"}}'
    assert plane.ask("PUT", "/template", body) == (200, {"version": 7})
    assert plane.scaling.told == [(7, {"RELEASE": "v2", "FAULT": ""}, {"web-a": "h"})]
    for bad in ("", "{}", '{"version": 7, "env": {"A": 1}, "hashes": {}}', "[]"):
        assert plane.ask("PUT", "/template", bad)[0] == 400


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/switch/scale-out"), ("PUT", "/state")]
)
def test_other_paths_are_not_there(plane: Plane, method: str, path: str) -> None:
    assert plane.ask(method, path, "{}")[0] == 404


def test_an_engine_that_is_away_is_an_error_and_not_the_end(plane: Plane) -> None:
    status, told = plane.ask("GET", "/sd/all")
    assert (status, told) == (500, {"error": "OSError: the socket is away"})
    assert plane.ask("GET", "/state")[0] == 200


def test_metrics_are_prometheus_text(plane: Plane) -> None:
    plane.events.emit("asg", "launching", "web-a-2")
    plane.loops["rds"] = plane.loops["asg"]
    plane.runners["rds"] = Runner("rds", _rds(), plane.events, plane.stopping)
    status, text = plane.ask("GET", "/metrics")
    del plane.runners["rds"]
    assert status == 200
    found = {
        (s.name, *sorted(s.labels.values())): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }
    assert found["tenfold_alb_targets", "healthy"] == 1
    assert found["tenfold_alb_targets", "draining"] == 0
    assert found[("tenfold_asg_desired",)] == 2
    assert ("tenfold_asg_cpu_percent",) not in found
    assert found["tenfold_rds_leader", "rds", "rds-a"] == 1
    assert found["tenfold_rds_up", "rds", "rds-b"] == 0
    assert found["tenfold_events_total", "asg", "launching"] == 1
    assert found["tenfold_switch_off", "scale-out"] == 0
    assert found["tenfold_controlplane_ticks_total", "alb"] > 0
    assert found["tenfold_controlplane_tick_age_seconds", "asg"] < 5


def _rds() -> FakeLoop:
    nodes = {"rds-a": {"role": "rds", "state": "running"}, "rds-b": {"role": "rds", "state": "x"}}
    return FakeLoop({"leader": "rds-a", "standby": "", "failing_over": False, "nodes": nodes})


def test_ticks_keep_the_beat() -> None:
    stopping = threading.Event()
    runner = Runner("alb", FakeLoop({}), Events(io.StringIO()), stopping, every=0.05)
    runner.start()
    wait_until("ten ticks", lambda: runner.ticks >= 10, bound=5, every=0.005)
    assert runner.alive
    stopping.set()
    assert runner.join(2)
    assert not runner.alive
