"""The ALB does what AWS's does: its nginx alone, and with its control loop."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from standin import NOT_YET, Answer, Box, Stand, ask, serves

from controlplane.alb import AlbLoop
from tenfold.engine import Engine
from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

IMAGE = "tenfold/alb:dev"
BACKEND = Path(__file__).parent / "alb_backend.conf"
NUMBERS = itertools.count(11)
TRAFFIC, ADMIN = 80, 9001


class Server:
    """A container of the test, asked through its published ports."""

    def __init__(self, box: Box) -> None:
        self.box, self.ip = box, box.ip
        self._ports: dict[int, int] = {}

    def ask(
        self,
        inside: int,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own."""
        if inside not in self._ports:
            self._ports[inside] = self.box.port(inside)
        link = http.client.HTTPConnection("127.0.0.1", self._ports[inside], timeout=10)
        with contextlib.closing(link):
            return ask(link, method, path, body, headers)

    def forget_ports(self) -> None:
        """They are others after a start."""
        self._ports.clear()


class Alb(Server):
    """One ALB's nginx, asked through its two doors."""

    def get(self, path: str = "/", **options: Any) -> Answer:
        """A client's request."""
        return self.ask(TRAFFIC, path, **options)

    def put(self, *targets: dict[str, Any]) -> None:
        """Set the target list."""
        got = self.put_text(json.dumps({"targets": targets}))
        assert got.status == 200, got.body

    def put_text(self, text: str) -> Answer:
        """Give it something for a list."""
        return self.ask(ADMIN, "/targets", "PUT", text.encode())

    def listed(self) -> dict[str, dict[str, Any]]:
        """The targets by id."""
        return {t["id"]: t for t in self.ask(ADMIN, "/targets").json["targets"]}

    def metric(self, name: str) -> float:
        """A sample, with its labels as they are written; 0 when it is not there."""
        text = self.ask(ADMIN, "/metrics").text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def inflight(self, name: str) -> int:
        """Requests in flight to a target."""
        return int(self.ask(ADMIN, "/inflight").json.get(name, 0))

    def served_by(self, count: int, path: str = "/") -> Counter[str]:
        """Who answered so many requests."""
        return Counter(self.get(path).headers["x-served-by"] for _ in range(count))


class Backend(Server):
    """An instance whose health and manners the test decides."""

    def __init__(self, box: Box, name: str) -> None:
        super().__init__(box)
        self.name = name

    def target(self, state: str = "healthy", weight: int = 1) -> dict[str, Any]:
        """As the ALB lists it."""
        return _target(self.name, f"{self.ip}:8000", state, weight)

    @property
    def seen(self) -> dict[str, Any]:
        """Requests and checks counted, and the last check's headers."""
        found: dict[str, Any] = self.ask(8001, "/seen").json
        return found

    def health(self, status: int) -> None:
        """What it answers to health checks from now on; 0 never answers."""
        self.ask(8001, f"/healthz?is={status}")


def _target(name: str, address: str, state: str = "healthy", weight: int = 1) -> dict[str, Any]:
    return {"id": name, "address": address, "state": state, "weight": weight, "group": "web"}


def start_alb(lab: Stand, role: str, **env: str) -> Alb:
    number = next(NUMBERS)
    env = {"ALB_CONNECT_TIMEOUT": "1", "ALB_IDLE_TIMEOUT": "60", **env}
    ports = [TRAFFIC, ADMIN]
    box = lab.run(IMAGE, service=f"alb{number}", host=number, env=env, ports=ports, role=role)
    serves(box, ADMIN, "/healthz")
    return Alb(box)


def start_backend(lab: Stand, role: str) -> Backend:
    number = next(NUMBERS)
    conf = "/etc/backend.conf"
    box = lab.run(
        IMAGE,
        ["nginx", "-c", conf],
        service=f"web{number}",
        host=number,
        env={"NAME": f"web{number}-1"},
        files={BACKEND: conf},
        ports=[8001],
        memory="64m",
        role=role,
    )
    serves(box, 8001, "/seen")
    return Backend(box, f"web{number}-1")


@pytest.fixture(scope="module")
def alb(lab: Stand) -> Alb:
    return start_alb(lab, "bare-alb")


@pytest.fixture(scope="module")
def pair(lab: Stand) -> tuple[Backend, Backend]:
    return start_backend(lab, "bare"), start_backend(lab, "bare")


# -- which target --------------------------------------------------------------------------


def test_503_only_without_a_registered_target(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    alb.put()
    before = alb.metric('alb_elb_responses_total{code="503"}')
    got = alb.get()
    assert got.status == 503
    assert got.headers["server"] == "awselb/2.0"
    assert b"503 Service Temporarily Unavailable" in got.body
    assert alb.metric('alb_elb_responses_total{code="503"}') == before + 1
    alb.put(pair[0].target())
    assert alb.get().status == 200


def test_stickiness_is_off_unless_it_is_asked_for(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    one, two = pair
    alb.put(one.target(), two.target())
    got = alb.get(headers={"Cookie": f"AWSALB={one.name}"})
    assert "set-cookie" not in got.headers
    asked = [alb.get(headers={"Cookie": f"AWSALB={one.name}"}) for _ in range(4)]
    assert {a.headers["x-served-by"] for a in asked} == {one.name, two.name}


def test_a_sticky_client_stays_until_its_target_goes(
    lab: Stand, pair: tuple[Backend, Backend]
) -> None:
    """By the cookie it is given; a target that is gone, out, or was never there is no target."""
    one, two = pair
    sticky = start_alb(lab, "sticky-alb", ALB_STICKINESS="on")
    sticky.put(one.target(), two.target())
    first = sticky.get()
    name = first.headers["x-served-by"]
    assert f"AWSALB={name}" in first.headers["set-cookie"]
    cookie = {"Cookie": f"theme=dark; AWSALB={name}"}
    for _ in range(6):
        assert sticky.get(headers=cookie).headers["x-served-by"] == name
    # Who has no cookie goes in turn.
    assert len(sticky.served_by(4)) == 2
    other = next(b for b in pair if b.name != name)
    its_own = next(b for b in pair if b.name == name)
    for state in ("unhealthy", "draining"):
        sticky.put(its_own.target(state), other.target())
        got = sticky.get(headers=cookie)
        assert got.headers["x-served-by"] == other.name
        assert f"AWSALB={other.name}" in got.headers["set-cookie"]
    for strange in ("nobody", "../..", "%00", "a" * 2000):
        assert sticky.get(headers={"Cookie": f"AWSALB={strange}"}).status == 200


def test_only_healthy_targets_are_sent_to(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    one, two = pair
    for state in ("initial", "unhealthy", "draining"):
        alb.put(one.target(), two.target(state))
        assert alb.served_by(10) == {one.name: 10}


def test_it_fails_open_when_no_target_is_healthy(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    one, two = pair
    alb.put(one.target("unhealthy"), two.target("initial"))
    assert alb.served_by(10) == {one.name: 5, two.name: 5}


def test_a_draining_target_is_never_sent_to(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    one, two = pair
    alb.put(one.target("draining"), two.target("unhealthy"))
    assert alb.served_by(10) == {two.name: 10}
    alb.put(one.target("draining"))
    assert alb.get().status == 503


@pytest.mark.parametrize("weights", [(9, 1), (90, 10), (1, 1), (0, 1), (3, 2)])
def test_weights_are_exact(
    alb: Alb, pair: tuple[Backend, Backend], weights: tuple[int, int]
) -> None:
    alb.put(*(b.target(weight=w) for b, w in zip(pair, weights, strict=True)))
    share = 100 // sum(weights) if sum(weights) < 100 else 1
    expected = {b.name: w * share for b, w in zip(pair, weights, strict=True) if w}
    assert alb.served_by(sum(expected.values())) == expected


def test_weights_are_spread_and_not_in_bursts(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    alb.put(pair[0].target(weight=2), pair[1].target(weight=1))
    order = [alb.get().headers["x-served-by"] for _ in range(9)]
    assert all(Counter(order[i : i + 3])[pair[1].name] == 1 for i in range(7))


@pytest.mark.parametrize(
    "wrong",
    [
        "[",
        "[]",
        '{"targets": 3}',
        '{"targets": {}}',
        '{"targets": {"id": "x"}}',
        '{"targets": [3]}',
        json.dumps({"targets": [_target("x", "not-an-address")]}),
        json.dumps({"targets": [_target("x", "10.0.0.1:99999")]}),
        json.dumps({"targets": [_target("x y", "10.0.0.1:8000")]}),
        json.dumps({"targets": [_target("x", "10.0.0.1:8000", "sick")]}),
        json.dumps({"targets": [_target("x", "10.0.0.1:8000", weight=1000)]}),
        json.dumps({"targets": [_target("x", "10.0.0.1:8000")] * 2}),
    ],
)
def test_a_wrong_list_is_refused_and_changes_nothing(
    alb: Alb, pair: tuple[Backend, Backend], wrong: str
) -> None:
    alb.put(pair[0].target())
    got = alb.put_text(wrong)
    assert got.status == 400
    assert got.json["error"]
    assert list(alb.listed()) == [pair[0].name]


# -- what reaches it -----------------------------------------------------------------------


def test_host_and_path_arrive_as_they_were_sent(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    alb.put(pair[0].target())
    path = "/a%2Fb//c/../d;e?x=1&y=%20"
    got = alb.get(path, headers={"Host": "tern.example:8080", "X_Odd": "kept"})
    assert got.json["uri"] == path
    assert got.json["headers"]["host"] == "tern.example:8080"
    assert got.json["headers"]["x_odd"] == "kept"
    assert got.json["protocol"] == "HTTP/1.1"
    assert got.headers["server"] == "backend"


def test_forwarding_headers_are_appended(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    alb.put(pair[0].target())
    headers = alb.get(headers={"X-Forwarded-For": "203.0.113.9"}).json["headers"]
    first, second = headers["x-forwarded-for"].split(", ")
    assert first == "203.0.113.9"
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", second)
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", "80")


def test_each_request_has_a_trace_id(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    alb.put(pair[0].target())
    found = [alb.get().json["headers"]["x-amzn-trace-id"] for _ in range(2)]
    assert found[0] != found[1]
    made = re.fullmatch(r"Root=1-([0-9a-f]{8})-[0-9a-f]{24}", found[0])
    assert made is not None
    assert abs(int(made[1], 16) - time.time()) < 60
    given = "Root=1-67891233-abcdef012345678912345678;Sampled=1"
    assert _traced(alb, given) == given
    assert re.fullmatch(r"Root=1-[0-9a-f-]{33};Parent=abc", _traced(alb, "Parent=abc"))


def _traced(alb: Alb, given: str) -> str:
    headers = alb.get(headers={"X-Amzn-Trace-Id": given}).json["headers"]
    return str(headers["x-amzn-trace-id"])


def test_connections_to_targets_are_kept(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    alb.put(pair[0].target())
    turns = [alb.get().json["turn"] for _ in range(3)]
    assert turns[2] == turns[0] + 2


@pytest.mark.parametrize("size", [0, 100_000, 5_000_000])
def test_bodies_arrive_whole(alb: Alb, pair: tuple[Backend, Backend], size: int) -> None:
    alb.put(pair[0].target())
    assert alb.get("/post", method="POST", body=b"x" * size).json["size"] == size


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "/metrics?x", "/x/../metrics", "/%6detrics"]
)
def test_an_instances_figures_are_not_for_the_world(
    alb: Alb, pair: tuple[Backend, Backend], path: str
) -> None:
    alb.put(pair[0].target())
    before = pair[0].seen["requests"]
    assert alb.get(path).status == 404
    assert pair[0].seen["requests"] == before


# -- errors --------------------------------------------------------------------------------


def test_a_request_that_met_a_dead_target_is_not_tried_again(
    alb: Alb, pair: tuple[Backend, Backend]
) -> None:
    one, _ = pair
    alb.put(one.target(), _target("dead", f"{one.ip}:1"))
    before = one.seen["requests"]
    errors = alb.metric('alb_target_connection_errors_total{target="dead"}')
    assert Counter(alb.get().status for _ in range(20)) == {200: 10, 502: 10}
    assert one.seen["requests"] == before + 10
    assert alb.metric('alb_target_connection_errors_total{target="dead"}') == errors + 10
    assert alb.inflight("dead") == 0


def test_an_address_where_nobody_is_is_a_504_after_the_connect_timeout(
    alb: Alb, pair: tuple[Backend, Backend], lab: Stand
) -> None:
    gone = start_backend(lab, "bare")
    gone.box.kill()
    alb.put(_target("gone", f"{gone.ip}:8000"))
    begun = time.monotonic()
    assert alb.get().status == 504
    assert 0.9 < time.monotonic() - begun < 3


def test_a_target_that_closes_without_an_answer_is_a_502(
    alb: Alb, pair: tuple[Backend, Backend]
) -> None:
    alb.put(pair[0].target())
    before = alb.metric('alb_elb_responses_total{code="502"}')
    assert alb.get("/reset").status == 502
    assert alb.metric('alb_elb_responses_total{code="502"}') == before + 1
    assert alb.inflight(pair[0].name) == 0


def test_a_target_that_is_silent_for_the_idle_timeout_is_a_504(
    lab: Stand, pair: tuple[Backend, Backend]
) -> None:
    brisk = start_alb(lab, "bare-alb", ALB_IDLE_TIMEOUT="1")
    brisk.put(pair[0].target())
    assert brisk.get("/?wait=3").status == 504
    assert brisk.inflight(pair[0].name) == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504, 404])
def test_a_targets_errors_pass_through_and_are_counted_apart(
    alb: Alb, pair: tuple[Backend, Backend], status: int
) -> None:
    one = pair[0]
    alb.put(one.target())
    theirs = f'alb_target_responses_total{{target="{one.name}",code="{status // 100}xx"}}'
    own = f'alb_elb_responses_total{{code="{status}"}}'
    before = alb.metric(theirs), alb.metric(own)
    got = alb.get(f"/status/{status}")
    assert (got.status, got.body) == (status, b"the target's own page\n")
    assert (alb.metric(theirs), alb.metric(own)) == (before[0] + 1, before[1])


def test_latency_is_counted(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    alb.put(pair[0].target())
    count, total = "alb_target_response_seconds_count", "alb_target_response_seconds_sum"
    before = alb.metric(count), alb.metric(total)
    alb.get("/?wait=0.2")
    assert alb.metric(count) == before[0] + 1
    assert 0.19 < alb.metric(total) - before[1] < 1


def test_each_request_is_one_line_of_the_log(alb: Alb, pair: tuple[Backend, Backend]) -> None:
    alb.put(pair[0].target())
    path = f"/logged-{time.monotonic_ns()}"
    alb.get(path, headers={"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678"})

    def line() -> dict[str, Any]:
        found = [json.loads(one) for one in alb.box.logs().splitlines() if path in one]
        return found[0] if found else {}

    told = wait_until("the log line", line, 5)
    assert told["trace_id"] == "Root=1-67891233-abcdef012345678912345678"
    assert (told["target"], told["elb_status_code"]) == (pair[0].name, 200)
    assert told["target_status_code"] == "200"
    assert told["target_time"] != ""


def test_wrong_settings_stop_the_start_with_one_line(lab: Stand) -> None:
    number = next(NUMBERS)
    wrong = {"ALB_CONNECT_TIMEOUT": "1;"}
    box = lab.run(IMAGE, service=f"alb{number}", host=number, env=wrong, role="bare-alb")
    assert lab.engine.wait(lab.engine.inspect(box.id), 10) == 2
    assert box.logs().startswith("ALB_CONNECT_TIMEOUT must be whole seconds")


# -- with the control loop -----------------------------------------------------------------


def remove(lab: Stand, backend: Backend) -> None:
    lab.engine.remove(lab.engine.inspect(backend.box.id))


class Settings:
    """Quick ones; the ratios are AWS's."""

    alb_health_interval = 0.6
    alb_health_timeout = 0.3
    alb_unhealthy_threshold = 2
    alb_healthy_threshold = 2
    alb_drain_seconds = 5.0
    off: tuple[str, ...] = ()

    def is_off(self, switch: str) -> bool:
        return switch in self.off


class Plane:
    """An ALB of its own with its loop, ticking in a thread as in the control plane."""

    def __init__(self, lab: Stand) -> None:
        self.lab, self.settings = lab, Settings()
        self.said: list[tuple[str, str, dict[str, Any]]] = []
        self.engine = Engine(lab.name)
        self.start()

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        self.said.append((event, resource, detail))

    def start(self) -> None:
        self.ending = threading.Event()
        self.loop = AlbLoop(self.engine, self.settings, self)
        self.errors: list[BaseException] = []
        self.thread = threading.Thread(target=self._run, args=(self.loop, self.ending))
        self.thread.start()

    def _run(self, loop: AlbLoop, ending: threading.Event) -> None:
        while not ending.wait(0.1):
            try:
                loop.tick()
            except Exception as error:  # noqa: BLE001 (the test asks for them at its end)
                self.errors.append(error)

    def stop(self) -> None:
        self.ending.set()
        self.thread.join()
        assert self.errors == []

    def when(self, what: str, check: Callable[[], Any], bound: float = 10) -> Any:
        return wait_until(what, check, bound, every=0.02)

    def state(self, backend: Backend) -> str:
        found = self.loop.target(backend.name)
        return found.state if found else ""

    def becomes(self, backend: Backend, state: str) -> None:
        self.when(f"{backend.name} {state or 'deregistered'}", lambda: self.state(backend) == state)

    def events(self, backend: Backend) -> list[str]:
        return [event for event, name, _ in self.said if name == backend.name]


@pytest.fixture(scope="module")
def front(lab: Stand) -> Alb:
    return start_alb(lab, "alb")


@pytest.fixture(scope="module")
def three(front: Alb, lab: Stand) -> tuple[Backend, Backend, Backend]:
    return start_backend(lab, "web"), start_backend(lab, "web"), start_backend(lab, "web")


@pytest.fixture
def plane(front: Alb, lab: Stand, three: tuple[Backend, ...]) -> Iterator[Plane]:
    if sys.platform != "linux":
        pytest.skip("the loop asks containers at their addresses, which only Linux offers here")
    for backend in three:
        backend.health(200)
    made = Plane(lab)
    try:
        for backend in three:
            made.becomes(backend, "healthy")
        made.said.clear()
        yield made
    finally:
        made.stop()


def test_instances_are_found_by_their_label_and_checked_as_by_an_alb(
    plane: Plane, front: Alb, three: tuple[Backend, ...]
) -> None:
    assert {n: t["state"] for n, t in front.listed().items()} == {b.name: "healthy" for b in three}
    assert front.served_by(9) == {b.name: 3 for b in three}
    headers = three[0].seen["check"]["headers"]
    assert headers["user-agent"] == "ELB-HealthChecker/2.0"
    assert headers["connection"] == "close"


def test_checks_come_at_their_interval(plane: Plane, three: tuple[Backend, ...]) -> None:
    one = three[0]
    before, begun = one.seen["checks"], time.monotonic()
    plane.when("five more checks", lambda: one.seen["checks"] >= before + 5)
    assert 2.2 < time.monotonic() - begun < 4.5


@pytest.mark.parametrize("answer", [503, 301, 0])
def test_two_failures_take_a_target_out_and_two_passes_bring_it_back(
    plane: Plane, front: Alb, three: tuple[Backend, ...], answer: int
) -> None:
    one, *others = three
    before = one.seen["checks"]
    one.health(answer)
    plane.becomes(one, "unhealthy")
    assert one.seen["checks"] - before >= 2
    assert front.served_by(10) == {b.name: 5 for b in others}
    event, _, detail = next(e for e in plane.said if e[1] == one.name)
    assert event == "target_unhealthy"
    assert ("Timeout" if answer == 0 else str(answer)) in detail["reason"]
    assert all(plane.state(b) == "healthy" for b in others), "one that hangs delays no other"
    one.health(200)
    before = one.seen["checks"]
    plane.becomes(one, "healthy")
    assert one.seen["checks"] - before >= 2
    assert plane.events(one) == ["target_unhealthy", "target_healthy"]


def test_a_killed_instance_stays_registered_until_it_is_removed(
    plane: Plane, front: Alb, lab: Stand
) -> None:
    extra = start_backend(lab, "web")
    plane.becomes(extra, "healthy")
    extra.box.kill()
    assert plane.state(extra) == "healthy", "an ALB does not see the engine"
    plane.becomes(extra, "unhealthy")
    assert front.listed()[extra.name]["address"] == f"{extra.ip}:8000"
    remove(lab, extra)
    plane.becomes(extra, "")
    plane.when("the ALB to know", lambda: extra.name not in front.listed())
    assert plane.events(extra) == [
        "registered",
        "target_healthy",
        "target_unhealthy",
        "deregistered",
    ]


def test_without_health_checks_a_dead_target_stays_in_service(
    plane: Plane, front: Alb, three: tuple[Backend, ...]
) -> None:
    one = three[0]
    plane.settings.off = ("health-check",)
    one.health(503)
    before = one.seen["checks"]
    plane.when("a while without checks", lambda: plane.loop.counts()["checks"], 1)
    deadline = time.monotonic() + 2
    wait_until("two seconds", lambda: time.monotonic() > deadline, 3)
    assert plane.state(one) == "healthy"
    assert one.seen["checks"] <= before + 1
    plane.settings.off = ()
    plane.becomes(one, "unhealthy")


def test_draining_under_load_loses_nothing(plane: Plane, front: Alb, lab: Stand) -> None:
    leaving = start_backend(lab, "web")
    plane.becomes(leaving, "healthy")
    ending, statuses = threading.Event(), Counter[str]()

    def client(path: str) -> None:
        while not ending.is_set():
            try:
                statuses[str(front.get(path).status)] += 1
            except NOT_YET as error:
                statuses[type(error).__name__] += 1

    with ThreadPoolExecutor(8) as pool:
        for i in range(8):
            pool.submit(client, "/?wait=0.8" if i < 4 else "/?wait=0.01")
        try:
            plane.when("slow requests in flight", lambda: front.inflight(leaving.name) > 1)
            assert plane.loop.deregister(leaving.name)
            assert not plane.loop.drained(leaving.name)
            plane.when("the drain", lambda: plane.loop.drained(leaving.name))
            assert front.inflight(leaving.name) == 0
            took = time.time() - plane.loop.target(leaving.name).since  # type: ignore[union-attr]
            remove(lab, leaving)
            plane.becomes(leaving, "")
            before = sum(statuses.values())
            plane.when("more answers", lambda: sum(statuses.values()) > before + 40)
        finally:
            ending.set()
    assert set(statuses) == {"200"}, statuses
    assert took < 3, "it waited for the requests, not for the whole time"
    assert plane.events(leaving) == ["registered", "target_healthy", "draining", "deregistered"]


def test_a_restarted_nginx_has_its_list_back(
    plane: Plane, front: Alb, lab: Stand, three: tuple[Backend, ...]
) -> None:
    before = front.listed()
    lab.engine.restart(lab.engine.inspect(front.box.id))
    front.forget_ports()
    plane.when("the list", lambda: _listed(front) == before, 5)
    assert [e for e, _, _ in plane.said] == ["restarted"]
    assert front.get().status == 200


def _listed(front: Alb) -> Any:
    try:
        return front.listed()
    except NOT_YET:
        front.forget_ports()
        return None


def test_a_restarted_loop_keeps_states_and_drains(
    plane: Plane, front: Alb, three: tuple[Backend, ...]
) -> None:
    one, two, _ = three
    one.health(503)
    plane.becomes(one, "unhealthy")
    plane.loop.deregister(two.name)
    before = front.listed()
    plane.stop()
    plane.said.clear()
    plane.start()
    plane.when("the first look", lambda: plane.state(one))
    checks = one.seen["checks"]
    plane.when("a round of checks", lambda: one.seen["checks"] >= checks + 2)
    assert front.listed() == before
    assert plane.said == []
    plane.when("the drain", lambda: plane.loop.drained(two.name))
    plane.loop.register(two.name)
    plane.becomes(two, "healthy")
