"""The ALB loop judges by health checks alone, drains before it lets go, and never forgets."""

from __future__ import annotations

import dataclasses
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane import alb, alb_wire
from controlplane.alb import AlbLoop
from controlplane.alb_health import (
    DRAINING,
    HEALTHY,
    INITIAL,
    STATES,
    UNHEALTHY,
    Check,
    Rules,
    Target,
    fold,
)
from controlplane.alb_wire import Admin, Checker, Listed
from tenfold.engine import ONEOFF_LABEL, Container, NotFound

NOW = 1_800_000_000.0
RULES = Rules(interval=3, timeout=1, unhealthy=2, healthy=2)
AWS = Rules(interval=30, timeout=5, unhealthy=2, healthy=5)
PASS, FAIL = Check(True), Check(False, "Target.ResponseCodeMismatch: 503")


def new(state: str = INITIAL, **given: Any) -> Target:
    return Target("web-a-1", "10.30.128.1:8000", state, since=NOW, **given)


def after(target: Target, *checks: Check, rules: Rules = RULES, every: float = 3) -> Target:
    now = target.since
    for check in checks:
        now += every
        target = fold(target, check, rules, now)
    return target


# -- the fold ------------------------------------------------------------------------------


def test_a_new_target_needs_one_pass() -> None:
    assert after(new(), PASS, rules=AWS).state == HEALTHY


def test_two_failures_in_a_row_take_a_target_out_and_one_does_not() -> None:
    assert after(new(HEALTHY), FAIL).state == HEALTHY
    out = after(new(HEALTHY), FAIL, FAIL)
    assert (out.state, out.reason) == (UNHEALTHY, FAIL.reason)
    assert after(new(HEALTHY), FAIL, PASS, FAIL, PASS, FAIL).state == HEALTHY


def test_passes_in_a_row_bring_it_back() -> None:
    assert after(new(UNHEALTHY), *[PASS] * 4, rules=AWS).state == UNHEALTHY
    back = after(new(UNHEALTHY), *[PASS] * 5, rules=AWS)
    assert (back.state, back.reason) == (HEALTHY, "")
    assert after(new(UNHEALTHY), PASS, FAIL, PASS).state == UNHEALTHY


def test_a_new_target_that_is_looked_at_often_has_its_full_time_to_answer() -> None:
    often = RULES.every(INITIAL)
    assert often == 0.5
    assert after(new(), *[FAIL] * 11, every=often).state == INITIAL
    assert after(new(), *[FAIL] * 12, every=often).state == UNHEALTHY
    assert after(new(), *[FAIL] * 11, PASS, every=often).state == HEALTHY


def test_a_draining_target_stays_so() -> None:
    assert after(new(DRAINING), PASS, FAIL, FAIL, FAIL) == new(DRAINING)


checks = st.lists(st.booleans(), max_size=40)


@given(
    state=st.sampled_from(STATES),
    outcomes=checks,
    rules=st.builds(
        Rules, st.floats(0.1, 60), st.just(1.0), st.integers(1, 10), st.integers(1, 10)
    ),
)
def test_thresholds_hold_for_every_history(state: str, outcomes: list[bool], rules: Rules) -> None:
    target, now, run = new(state), NOW, 0
    last: bool | None = None
    for ok in outcomes:
        run = run + 1 if ok is last else 1
        last = ok
        now += rules.every(target.state)
        before, target = target, fold(target, PASS if ok else FAIL, rules, now)
        if before.state == target.state:
            continue
        run_then, run = run, 0
        last = None  # counting starts anew in another state
        match before.state, target.state:
            case (("healthy" | "initial"), "unhealthy"):
                assert not ok and run_then >= rules.unhealthy
            case "unhealthy", "healthy":
                assert ok and run_then == rules.healthy
            case "initial", "healthy":
                assert ok
            case change:
                raise AssertionError(f"{change} is no change a check can make")


@given(st.sampled_from(STATES), st.floats(1e9, 3e9), st.integers(0, 999), st.text(max_size=20))
def test_a_target_is_the_same_after_its_time_in_the_alb(
    state: str, since: float, weight: int, reason: str
) -> None:
    target = Target("web-a-1", "10.30.128.1:8000", state, since, weight, reason=reason)
    assert Target.from_wire(target.wire()).wire() == target.wire()


# -- the loop, with an engine, an ALB and targets in memory ---------------------------------


class FakeAlb(Admin):
    """An nginx that keeps a list until it is restarted."""

    def __init__(self) -> None:
        super().__init__("10.30.0.11")
        self.generation = 1
        self.list: tuple[Target, ...] = ()
        self.flying: dict[str, int] = {}
        self.away = False
        self.puts: list[dict[str, str]] = []

    def read(self) -> Listed:
        if self.away:
            raise ConnectionRefusedError("nobody there")
        return Listed(str(self.generation), self.list)

    def put(self, targets: Any) -> Listed:
        self.read()
        self.puts.append({t.id: t.state for t in targets})
        self.list = tuple(Target.from_wire(t.wire()) for t in targets)
        return self.read()

    def inflight(self) -> dict[str, int]:
        self.read()
        return dict(self.flying)

    def restart(self) -> None:
        self.generation += 1
        self.list = ()


class FakeChecker(Checker):
    """Checks that end by the next tick, with what the test says of the address."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.asked: list[tuple[float, str]] = []

    def start(self, name: str, address: str, timeout: float) -> None:
        self.made += 1
        self.asked.append((self.world.now, name))
        self._running[name] = address  # type: ignore[assignment]

    def results(self) -> list[tuple[str, str, Check]]:
        ended = [(n, str(a), self.world.answer(str(a))) for n, a in self._running.items()]
        self._running.clear()
        return ended


class World:
    """Instances, their ALB, the clock, and what the loop said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        self.nginx = FakeAlb()
        monkeypatch.setattr(alb, "Admin", lambda ip: self.nginx)
        self.box: dict[str, Container] = {"alb-1": _container("alb-1", "alb", "10.30.0.11")}
        self.failing: set[str] = set()
        self.said: list[tuple[str, str]] = []
        self.off: set[str] = set()
        self.alb_health_interval = 3.0
        self.alb_health_timeout = 1.0
        self.alb_unhealthy_threshold = 2
        self.alb_healthy_threshold = 2
        self.alb_drain_seconds = 10.0
        self.add("web-a-1", 1)
        self.add("web-b-1", 2)
        self.fresh_loop()

    def fresh_loop(self) -> None:
        self.checker = FakeChecker(self)
        self.loop = AlbLoop(self, self, self, lambda: self.now, self.checker)  # type: ignore[arg-type]

    def is_off(self, switch: str) -> bool:
        return switch in self.off

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        assert loop == "alb"
        self.said.append((event, resource))

    def containers(self, role: str) -> list[Container]:
        return [c for c in self.box.values() if c.role == role]

    def one(self, role: str) -> Container:
        for c in self.containers(role):
            return c
        raise NotFound(role)

    def answer(self, address: str) -> Check:
        return FAIL if address.partition(":")[0] in self.failing else PASS

    # what happens to them
    def add(self, name: str, number: int, **given: Any) -> None:
        self.box[name] = _container(name, "web", f"10.30.128.{number}", **given)

    def kill(self, name: str) -> None:
        self.failing.add(self.box[name].ip)
        self.box[name] = dataclasses.replace(self.box[name], state="exited", ip="")

    def set(self, name: str, **given: Any) -> None:
        self.box[name] = dataclasses.replace(self.box[name], **given)

    def pass_time(self, seconds: float) -> list[tuple[str, str]]:
        """Ticks each half second; answers what was said meanwhile."""
        before = len(self.said)
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            self.loop.tick()
        return self.said[before:]

    def states(self) -> dict[str, str]:
        """As the ALB has them."""
        return {t.id: t.state for t in self.nginx.list}


def _container(name: str, role: str, ip: str, **given: Any) -> Container:
    made = Container(
        id=f"id-{name}",
        name=f"tenfold-{name}",
        service=name.rpartition("-")[0],
        number=1,
        role=role,
        az=name[4:5],
        region="us",
        state="running",
        health="healthy",
        ip=ip,
        image="tenfold/app:dev",
        exit_code=0,
        oom_killed=False,
        started_at="",
        labels={},
    )
    return dataclasses.replace(made, **given)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


BOTH = {"web-a-1": HEALTHY, "web-b-1": HEALTHY}


def test_instances_are_registered_and_healthy_after_one_pass(world: World) -> None:
    assert world.pass_time(0.5) == [("registered", "web-a-1"), ("registered", "web-b-1")]
    assert world.states() == {"web-a-1": INITIAL, "web-b-1": INITIAL}
    assert world.pass_time(0.5) == [("target_healthy", "web-a-1"), ("target_healthy", "web-b-1")]
    assert world.states() == BOTH
    assert world.loop.state()["targets"]["web-b-1"]["az"] == "b"


def test_nothing_is_put_while_nothing_changes(world: World) -> None:
    world.pass_time(2)
    puts = len(world.nginx.puts)
    assert world.pass_time(60) == []
    assert len(world.nginx.puts) == puts


def test_checks_keep_their_interval(world: World) -> None:
    world.pass_time(1)
    world.checker.asked.clear()
    world.pass_time(30)
    assert [name for _, name in world.checker.asked].count("web-a-1") == 10


def test_one_off_runs_of_the_image_are_no_targets(world: World) -> None:
    world.add("web-a-run-1", 9, labels={ONEOFF_LABEL: "True"})
    world.pass_time(1)
    assert world.states() == BOTH


def test_an_instance_without_an_address_is_not_registered_yet(world: World) -> None:
    world.add("web-a-2", 3)
    world.set("web-a-2", state="created", ip="")
    world.pass_time(1)
    assert world.states() == BOTH
    world.set("web-a-2", state="running", ip="10.30.128.3")
    assert world.pass_time(1) == [("registered", "web-a-2"), ("target_healthy", "web-a-2")]


def test_a_dead_instance_keeps_its_address_and_is_found_by_its_checks(world: World) -> None:
    world.pass_time(2)
    world.kill("web-a-1")
    assert world.pass_time(2) == []
    assert world.states() == BOTH
    assert world.pass_time(5) == [("target_unhealthy", "web-a-1")]
    told = world.loop.state()["targets"]["web-a-1"]
    assert (told["address"], told["reason"]) == ("10.30.128.1:8000", FAIL.reason)
    del world.box["web-a-1"]
    assert world.pass_time(1) == [("deregistered", "web-a-1")]
    assert world.states() == {"web-b-1": HEALTHY}


def test_an_instance_that_runs_and_fails_is_taken_out_and_comes_back(world: World) -> None:
    world.pass_time(2)
    world.failing.add("10.30.128.2")
    assert world.pass_time(7) == [("target_unhealthy", "web-b-1")]
    world.failing.clear()
    assert world.pass_time(3) == []
    assert world.pass_time(4) == [("target_healthy", "web-b-1")]


def test_an_instance_restarted_elsewhere_is_new(world: World) -> None:
    world.pass_time(2)
    world.kill("web-a-1")
    world.set("web-a-1", state="running", ip="10.30.128.7")
    assert world.pass_time(1) == [("registered", "web-a-1"), ("target_healthy", "web-a-1")]
    assert {t.address for t in world.nginx.list} == {"10.30.128.7:8000", "10.30.128.2:8000"}


def test_another_container_under_the_name_is_another_instance(world: World) -> None:
    world.pass_time(2)
    world.set("web-a-1", id="id-other")
    assert world.pass_time(0.5) == [("registered", "web-a-1")]
    assert world.states()["web-a-1"] == INITIAL


def test_a_restart_in_place_and_a_cut_network_change_nothing_of_the_registration(
    world: World,
) -> None:
    world.pass_time(2)
    world.set("web-a-1", state="paused")
    world.set("web-b-1", ip="")
    assert world.pass_time(1) == []
    world.set("web-a-1", state="running")
    world.set("web-b-1", ip="10.30.128.2")
    assert world.pass_time(1) == []
    assert world.states() == BOTH


def test_the_answers_of_an_addresss_next_owner_are_not_the_dead_ones(world: World) -> None:
    world.pass_time(2)
    world.kill("web-a-1")
    world.failing.clear()
    world.add("web-b-2", 1)
    world.pass_time(7)
    assert world.states() == {"web-a-1": UNHEALTHY, "web-b-1": HEALTHY, "web-b-2": HEALTHY}


def test_late_answers_of_an_earlier_address_do_not_count(world: World) -> None:
    world.pass_time(0.5)
    world.set("web-a-1", ip="10.30.128.7")
    world.failing.add("10.30.128.7")
    world.pass_time(1)
    assert world.states() == {"web-a-1": INITIAL, "web-b-1": HEALTHY}


# -- draining ------------------------------------------------------------------------------


def test_draining_lasts_as_long_as_requests_are_in_flight(world: World) -> None:
    world.pass_time(2)
    world.nginx.flying = {"web-a-1": 2}
    assert world.loop.deregister("web-a-1") is True
    assert world.states()["web-a-1"] == DRAINING, "the ALB is told at once"
    assert world.loop.deregister("web-a-1") is True
    assert world.pass_time(3) == []
    assert world.loop.drained("web-a-1") is False
    world.nginx.flying = {"web-a-1": 0}
    world.pass_time(0.5)
    assert world.loop.drained("web-a-1") is True
    assert world.loop.drained("web-b-1") is False
    assert world.said.count(("draining", "web-a-1")) == 1


def test_draining_takes_half_a_second_at_least_and_ten_at_most(world: World) -> None:
    world.pass_time(2)
    world.loop.deregister("web-a-1")
    world.loop.tick()
    assert world.loop.drained("web-a-1") is False
    world.pass_time(0.5)
    assert world.loop.drained("web-a-1") is True
    world.nginx.flying = {"web-b-1": 1}
    world.loop.deregister("web-b-1")
    world.pass_time(9.5)
    assert world.loop.drained("web-b-1") is False
    world.pass_time(0.5)
    assert world.loop.drained("web-b-1") is True


def test_a_draining_target_is_not_drained_before_the_alb_knows(world: World) -> None:
    world.pass_time(2)
    world.nginx.away = True
    world.loop.deregister("web-a-1")
    world.pass_time(3)
    assert world.loop.drained("web-a-1") is False
    world.nginx.away = False
    world.pass_time(0.5)
    assert world.states()["web-a-1"] == DRAINING
    assert world.loop.drained("web-a-1") is False
    world.pass_time(0.5)
    assert world.loop.drained("web-a-1") is True


def test_who_is_not_registered_is_drained_but_not_before_the_list_is_known(world: World) -> None:
    assert world.loop.drained("web-a-9") is False
    assert world.loop.deregister("web-a-1") is False
    world.pass_time(1)
    assert world.loop.drained("web-a-9") is True
    assert world.loop.deregister("web-a-9") is False


def test_draining_can_be_taken_back(world: World) -> None:
    world.pass_time(2)
    world.loop.deregister("web-a-1")
    world.pass_time(2)
    assert world.loop.register("web-a-1") is True
    assert world.pass_time(1) == [("target_healthy", "web-a-1")]
    assert world.loop.register("web-a-9") is False
    assert world.loop.register("web-b-1") is True
    assert world.states() == BOTH


def test_a_draining_instance_that_ends_is_deregistered_when_it_is_removed(world: World) -> None:
    world.pass_time(2)
    world.loop.deregister("web-a-1")
    world.kill("web-a-1")
    assert world.pass_time(9) == []
    del world.box["web-a-1"]
    assert world.pass_time(1) == [("deregistered", "web-a-1")]


# -- restarts ------------------------------------------------------------------------------


def test_an_alb_that_was_restarted_has_its_list_back_within_a_tick(world: World) -> None:
    world.pass_time(2)
    world.loop.deregister("web-b-1")
    world.nginx.restart()
    assert world.pass_time(0.5) == [("restarted", "alb")]
    assert world.states() == {"web-a-1": HEALTHY, "web-b-1": DRAINING}


def test_a_loop_that_was_restarted_goes_on_with_the_list_it_finds(world: World) -> None:
    world.pass_time(2)
    world.failing.add("10.30.128.1")
    world.pass_time(7)
    world.add("web-a-2", 3)
    world.pass_time(1)
    world.loop.deregister("web-b-1")
    before, puts = world.nginx.list, len(world.nginx.puts)
    world.fresh_loop()
    assert world.pass_time(2) == []
    assert world.nginx.list == before
    assert len(world.nginx.puts) == puts, "nothing was put that could be a blip"
    assert world.loop.drained("web-b-1") is True


def test_a_restarted_loop_does_not_end_a_drain_early(world: World) -> None:
    world.pass_time(2)
    world.nginx.flying = {"web-a-1": 1}
    world.loop.deregister("web-a-1")
    world.fresh_loop()
    assert world.loop.drained("web-a-1") is False
    world.pass_time(5)
    assert world.loop.drained("web-a-1") is False
    world.pass_time(6)
    assert world.loop.drained("web-a-1") is True


def test_a_loop_that_starts_while_the_alb_is_away_decides_nothing(world: World) -> None:
    world.pass_time(2)
    world.nginx.away = True
    world.fresh_loop()
    assert world.pass_time(3) == []
    assert "does not answer" in world.loop.state()["trouble"]
    world.nginx.away = False
    assert world.pass_time(1) == []
    assert world.states() == BOTH
    assert world.loop.state()["trouble"] == ""


def test_a_restarted_loop_still_finds_who_died_meanwhile(world: World) -> None:
    world.pass_time(2)
    world.kill("web-a-1")
    world.fresh_loop()
    assert world.pass_time(7) == [("target_unhealthy", "web-a-1")]


def test_checks_go_on_while_the_alb_is_away(world: World) -> None:
    world.pass_time(2)
    world.set("alb-1", state="exited", ip="")
    world.nginx.away = True
    world.kill("web-b-1")
    assert world.pass_time(7) == [("target_unhealthy", "web-b-1")]
    assert "exited" in world.loop.state()["trouble"]
    world.set("alb-1", state="running", ip="10.30.0.11")
    world.nginx.away = False
    world.nginx.restart()
    world.pass_time(1)
    assert world.states() == {"web-a-1": HEALTHY, "web-b-1": UNHEALTHY}


# -- the switch ----------------------------------------------------------------------------


def test_without_health_checks_nobody_is_ever_taken_out(world: World) -> None:
    world.pass_time(2)
    world.kill("web-a-1")
    world.pass_time(7)
    assert world.states()["web-a-1"] == UNHEALTHY
    world.off = {"health-check"}
    assert world.pass_time(1) == [("target_healthy", "web-a-1")]
    world.kill("web-b-1")
    world.checker.asked.clear()
    assert world.pass_time(60) == []
    assert world.states() == BOTH
    assert world.checker.asked == []
    world.off = set()
    assert sorted(world.pass_time(8)) == [
        ("target_unhealthy", "web-a-1"),
        ("target_unhealthy", "web-b-1"),
    ]


def test_without_health_checks_draining_still_drains(world: World) -> None:
    world.pass_time(2)
    world.off = {"health-check"}
    world.loop.deregister("web-a-1")
    world.pass_time(2)
    assert world.states()["web-a-1"] == DRAINING


def test_counts_are_by_state(world: World) -> None:
    world.pass_time(2)
    world.loop.deregister("web-a-1")
    counts = world.loop.counts()
    assert (counts[HEALTHY], counts[DRAINING], counts[UNHEALTHY]) == (1, 1, 0)
    assert counts["checks"] >= 2


# -- real checks ---------------------------------------------------------------------------


class Instance(http.server.BaseHTTPRequestHandler):
    """Answers health checks with the server's `status`, and notes how it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.send_response(server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def instance() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Instance)
    server.status, server.asked = 200, []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_health_check_looks_like_an_albs(instance: Any) -> None:
    address = f"127.0.0.1:{instance.server_port}"
    assert alb_wire.check(address, 1) == Check(True)
    ((path, headers),) = instance.asked
    assert path == "/healthz"
    assert headers["user-agent"] == "ELB-HealthChecker/2.0"
    assert headers["connection"] == "close"
    assert headers["host"] == address


@pytest.mark.parametrize("status", [201, 301, 404, 500, 503])
def test_only_200_passes(instance: Any, status: int) -> None:
    instance.status = status
    outcome = alb_wire.check(f"127.0.0.1:{instance.server_port}", 1)
    assert outcome == Check(False, f"Target.ResponseCodeMismatch: {status}")


def test_a_refused_connection_fails() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = alb_wire.check(f"127.0.0.1:{free.getsockname()[1]}", 1)
    assert not outcome.ok
    assert outcome.reason.startswith("Target.FailedHealthChecks: ")


def test_silence_is_a_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = alb_wire.check(f"127.0.0.1:{silent.getsockname()[1]}", 0.1)
    assert outcome.reason == "Target.Timeout: no answer within 0.1 s"


def test_a_target_that_hangs_delays_no_other_and_has_failed_by_its_time_out() -> None:
    hung, now = threading.Event(), [0.0]

    def probe(address: str, timeout: float) -> Check:
        if address == "hangs":
            hung.wait(10)
        return PASS

    checker = Checker(probe, lambda: now[0])
    checker.start("one", "hangs", 1)
    checker.start("two", "answers", 1)
    deadline = time.monotonic() + 5
    found: list[Any] = []
    while not found and time.monotonic() < deadline:
        found = checker.results()
    assert found == [("two", "answers", PASS)]
    assert checker.busy("one") and not checker.busy("two")
    now[0] = 1.2
    ((name, _, outcome),) = checker.results()
    assert (name, outcome.ok) == ("one", False)
    checker.start("one", "answers", 1)
    hung.set()
    found = []
    while not found and time.monotonic() < deadline:
        found = checker.results()
    assert found == [("one", "answers", PASS)], "the late answer of the first check is dropped"
    assert (checker.made, checker.failed) == (3, 1)


def test_a_check_that_breaks_has_failed() -> None:
    def probe(address: str, timeout: float) -> Check:
        raise RuntimeError("broken")

    checker = Checker(probe)
    checker.start("one", "x", 1)
    deadline = time.monotonic() + 5
    found: list[Any] = []
    while not found and time.monotonic() < deadline:
        found = checker.results()
    assert found[0][2].ok is False
