"""The RDS loop takes leadership only from a dead leader, once, for a node that has every write."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane import rds
from controlplane.rds import Believe, Lease, Node, RdsLoop, Release, Replace, Store, decide
from tenfold.engine import Container, EngineError, ExecResult, NotFound

NOW = 1_800_000_000.0
LEASE = Lease(leader="rds-a", revision=7, last_leader="rds-a", standby="rds-b")
PAIR = (Node("rds-a", "rds", "running", None), Node("rds-b", "rds", "running", None))
REPLICA = Node("rds-replica", "rds-replica", "running", None)


def dead(name: str, seconds: float, role: str = "rds") -> Node:
    return Node(name, role, "exited", NOW - seconds)


def kinds(nodes: Sequence[Node], lease: Lease = LEASE) -> list[str]:
    return [type(a).__name__ for a in decide(nodes, lease, NOW, detect=2, replace=30)]


# -- the decision --------------------------------------------------------------------------


def test_nothing_is_done_while_all_live() -> None:
    assert kinds((*PAIR, REPLICA)) == []


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(1.9, []), (2, ["Believe", "Release"]), (30, ["Believe", "Release", "Replace"])],
)
def test_a_dead_leader_is_believed_dead_after_the_detection_time(
    seconds: float, expected: list[str]
) -> None:
    assert kinds((dead("rds-a", seconds), PAIR[1], REPLICA)) == expected


@pytest.mark.parametrize("state", ["paused", "running", "restarting", "created", "removing"])
def test_a_leader_that_may_still_write_is_left_to_its_lease(state: str) -> None:
    assert kinds((Node("rds-a", "rds", state, None), PAIR[1])) == []


def test_a_leader_unknown_to_the_engine_is_left_to_its_lease() -> None:
    assert kinds((PAIR[1], REPLICA)) == []


@pytest.mark.parametrize(
    "lease",
    [
        dataclasses.replace(LEASE, standby=""),
        dataclasses.replace(LEASE, standby="rds-replica"),
        dataclasses.replace(LEASE, standby="rds-z"),
        dataclasses.replace(LEASE, last_leader="rds-b"),
        dataclasses.replace(LEASE, leader=""),
    ],
    ids=["no standby", "the replica", "unknown", "chosen by another leader", "no lease"],
)
def test_leadership_is_not_moved_without_a_synchronous_standby(lease: Lease) -> None:
    assert kinds((dead("rds-a", 5), PAIR[1], REPLICA), lease) == ["Believe"]


@pytest.mark.parametrize("state", ["paused", "exited"])
def test_leadership_is_not_moved_to_a_standby_that_does_not_run(state: str) -> None:
    standby = Node("rds-b", "rds", state, NOW - 1 if state == "exited" else None)
    assert kinds((dead("rds-a", 5), standby)) == ["Believe"]


def test_a_dead_standby_or_replica_is_replaced_and_nothing_else() -> None:
    assert kinds((PAIR[0], dead("rds-b", 31))) == ["Believe", "Replace"]
    assert kinds((*PAIR, dead("rds-replica", 31, "rds-replica"))) == ["Believe", "Replace"]


def test_an_engine_clock_that_is_ahead_counts_as_just_now() -> None:
    assert dead("rds-a", -5).dead_for(NOW) == 0


names = st.sampled_from(["", "rds-a", "rds-b", "rds-replica"])
states = st.sampled_from(["running", "paused", "exited", "dead", "created"])


@given(
    found=st.lists(st.tuples(names, states, st.floats(-10, 100)), max_size=3),
    lease=st.builds(Lease, names, st.integers(0, 9), names, names),
)
def test_release_only_from_the_dead_to_the_living(
    found: list[tuple[str, str, float]], lease: Lease
) -> None:
    nodes = {
        name: Node(
            name,
            "rds-replica" if name == "rds-replica" else "rds",
            state,
            NOW - ago if state in rds.DEAD else None,
        )
        for name, state, ago in found
    }
    actions = decide(nodes.values(), lease, NOW, detect=2, replace=30)
    assert [type(a) for a in actions].count(Release) <= 1
    for action in actions:
        match action:
            case Release(held):
                assert nodes[held.leader].dead_for(NOW) >= 2
                assert nodes[held.standby].state == "running"
                assert nodes[held.standby].role == "rds"
            case Believe(node):
                assert node.dead_for(NOW) >= 2
            case Replace(node):
                assert node.dead_for(NOW) >= 30


# -- the loop, against an engine and an etcd in memory -----------------------------------------


class FakeEtcd(Store):
    """Keys with create revisions, and transactions as etcd's gateway answers them."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, int]] = {}
        self.deleted = 0
        self.away = False

    def put(self, name: str, value: str, revision: int = 1) -> None:
        self.keys[rds.CLUSTER + name] = (value, revision)

    def lead(self, leader: str, standby: str, revision: int) -> None:
        self.put("leader", leader, revision)
        self.put("sync", f'{{"leader": "{leader}", "sync_standby": "{standby}"}}')

    def drop_leader(self) -> None:
        self.keys.pop(rds.CLUSTER + "leader", None)

    def _txn(self, compare: Sequence[Any], success: Sequence[Any]) -> dict[str, Any]:
        if self.away:
            raise ConnectionRefusedError("etcd is away")
        if not all(self._same(c) for c in compare):
            return {"header": {}}
        return {"succeeded": True, "responses": [self._do(one) for one in success]}

    def _same(self, c: dict[str, Any]) -> bool:
        value, revision = self.keys.get(_plain(c["key"]), ("", 0))
        if c["target"] == "VALUE":
            return value == _plain(c["value"])
        assert c["target"] == "CREATE"
        return revision == int(c["create_revision"])

    def _do(self, one: dict[str, Any]) -> dict[str, Any]:
        if "request_delete_range" in one:
            self.deleted += 1
            del self.keys[_plain(one["request_delete_range"]["key"])]
            return {"response_delete_range": {"deleted": "1"}}
        kv = self.keys.get(_plain(one["request_range"]["key"]))
        if kv is None:
            return {"response_range": {"header": {}}}
        value = base64.b64encode(kv[0].encode()).decode()
        found = {"value": value, "create_revision": str(kv[1])}
        return {"response_range": {"kvs": [found], "count": "1"}}


def _plain(text: str) -> str:
    return base64.b64decode(text).decode()


class World:
    """A cluster of three, its engine, its etcd, its clock, and what the loop said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        self.etcd = FakeEtcd()
        self.etcd.lead("rds-a", "rds-b", revision=7)
        monkeypatch.setattr(rds, "Store", lambda address: self.etcd)
        self.box = {
            name: _container(name, role)
            for name, role in (
                ("rds-a", "rds"),
                ("rds-b", "rds"),
                ("rds-replica", "rds-replica"),
                ("rds-dcs", "rds-dcs"),
            )
        }
        self.writable = True
        self.started: list[str] = []
        self.said: list[tuple[str, str]] = []
        self.off: set[str] = set()
        self.rds_detect_seconds = 2.0
        self.rds_replace_seconds = 30.0
        self.loop = self.fresh_loop()

    def fresh_loop(self) -> RdsLoop:
        return RdsLoop(self, self, self, clock=lambda: self.now)  # type: ignore[arg-type]

    # the settings and the events
    def is_off(self, switch: str) -> bool:
        return switch in self.off

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        assert loop == "rds"
        self.said.append((event, resource))

    # the engine
    def containers(self, role: str) -> list[Container]:
        return [c for c in self.box.values() if c.role == role]

    def one(self, role: str) -> Container:
        return self.containers(role)[0]

    def inspect(self, container_id: str) -> Container:
        for c in self.box.values():
            if c.id == container_id:
                return c
        raise NotFound(container_id)

    def start(self, c: Container) -> None:
        self.started.append(c.service)
        self.box[c.service] = dataclasses.replace(c, state="running")

    def exec(self, c: Container, argv: Sequence[str], user: str) -> ExecResult:
        assert user == "postgres" and "psql" in argv
        if not self.box[c.service].running:
            raise EngineError("not running")
        return ExecResult(0 if self.writable else 1, "")

    # what happens to them
    def set(self, name: str, state: str) -> None:
        at = datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%S.123456789Z")
        self.box[name] = dataclasses.replace(self.box[name], state=state, finished_at=at)

    def pass_time(self, seconds: float) -> list[tuple[str, str]]:
        """Ticks each half second; answers what was said meanwhile."""
        before = len(self.said)
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            self.loop.tick()
        return self.said[before:]


def _container(name: str, role: str) -> Container:
    return Container(
        id=f"id-{name}",
        name=f"tenfold-{name}-1",
        service=name,
        number=1,
        role=role,
        az="a",
        region="us",
        state="running",
        health="healthy",
        ip="10.30.1.11",
        image="tenfold/rds:dev",
        exit_code=0,
        oom_killed=False,
        started_at="",
        labels={},
        finished_at="0001-01-01T00:00:00Z",
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_killed_leader_is_followed_by_its_standby(world: World) -> None:
    world.pass_time(1)
    world.set("rds-a", "exited")
    assert world.pass_time(1.5) == []
    assert world.pass_time(1) == [("node_down", "rds-a"), ("failover_started", "rds-a")]
    assert world.etcd.deleted == 1
    world.etcd.lead("rds-b", "", revision=9)
    world.writable = False
    assert world.pass_time(2) == []
    assert world.loop.state()["failing_over"] is True
    world.writable = True
    assert world.pass_time(2) == [("failover_completed", "rds-b")]
    assert world.loop.state()["failing_over"] is False
    assert world.pass_time(30) == [("node_restarted", "rds-a")]
    assert (world.started, world.etcd.deleted) == (["rds-a"], 1)


def test_each_term_of_office_is_ended_once(world: World) -> None:
    world.set("rds-a", "exited")
    world.pass_time(20)
    assert world.etcd.deleted == 1
    world.etcd.lead("rds-b", "", revision=9)
    world.pass_time(20)
    world.etcd.lead("rds-a", "rds-b", revision=11)
    world.pass_time(2)
    world.set("rds-a", "exited")
    world.pass_time(5)
    assert world.etcd.deleted == 2


def test_the_key_of_another_term_is_not_deleted(world: World) -> None:
    seen = world.etcd.read()
    world.etcd.lead("rds-a", "rds-b", revision=8)
    assert world.etcd.release(seen) is False
    world.etcd.lead("rds-b", "rds-a", revision=7)
    assert world.etcd.release(seen) is False
    assert world.etcd.deleted == 0


def test_a_leader_started_again_in_the_last_moment_keeps_its_lease(world: World) -> None:
    world.pass_time(1)
    world.set("rds-a", "exited")
    stale = world.containers("rds")
    world.now += 3
    world.box["rds-a"] = dataclasses.replace(world.box["rds-a"], state="running")
    world.containers = lambda role: stale if role == "rds" else []  # type: ignore[method-assign]
    world.loop._store = world.etcd
    world.loop.tick()
    assert world.etcd.deleted == 0


def test_a_frozen_leader_is_left_to_its_lease(world: World) -> None:
    world.pass_time(1)
    world.set("rds-a", "paused")
    assert world.pass_time(20) == []
    world.etcd.drop_leader()
    assert world.pass_time(1) == [("failover_started", "rds-a")]
    world.etcd.lead("rds-b", "", revision=9)
    assert world.pass_time(1) == [("failover_completed", "rds-b")]
    assert (world.started, world.etcd.deleted) == ([], 0)


def test_a_leader_that_comes_back_has_not_failed_over(world: World) -> None:
    world.pass_time(1)
    world.etcd.drop_leader()
    world.pass_time(1)
    world.etcd.lead("rds-a", "rds-b", revision=9)
    assert world.pass_time(1) == [("leader_returned", "rds-a")]


def test_a_new_cluster_is_not_a_failover(world: World) -> None:
    world.etcd.keys.clear()
    assert world.pass_time(2) == []
    world.etcd.lead("rds-b", "", revision=2)
    assert world.pass_time(2) == []


@pytest.mark.parametrize("killed_after", [0.5, 2.5, 3.5])
def test_a_loop_killed_in_mid_failover_is_finished_by_the_next(
    world: World, killed_after: float
) -> None:
    world.set("rds-a", "exited")
    world.pass_time(killed_after)
    world.loop = world.fresh_loop()
    world.pass_time(3)
    assert world.etcd.deleted == 1
    world.loop = world.fresh_loop()
    world.etcd.put("leader", "rds-b", revision=9)
    assert ("failover_completed", "rds-b") in world.pass_time(1)
    world.loop = world.fresh_loop()
    world.pass_time(30)
    assert (world.started, world.etcd.deleted) == (["rds-a"], 1)


def test_failover_off_leaves_everything_to_the_lease(world: World) -> None:
    world.off = {"failover"}
    world.set("rds-a", "exited")
    assert world.pass_time(20) == []
    assert world.etcd.deleted == 0


def test_replace_off_leaves_the_dead_alone(world: World) -> None:
    world.off = {"replace"}
    world.set("rds-b", "exited")
    assert world.pass_time(60) == [("node_down", "rds-b")]
    assert world.started == []


def test_without_the_store_nothing_moves_but_hosts_are_replaced(world: World) -> None:
    world.pass_time(1)
    world.etcd.away = True
    world.set("rds-a", "exited")
    assert world.pass_time(29) == [("node_down", "rds-a")]
    assert "does not answer" in world.loop.state()["trouble"]
    assert world.pass_time(2) == [("node_restarted", "rds-a")]
    world.etcd.away = False
    world.pass_time(1)
    assert world.loop.state()["trouble"] == ""
    assert world.etcd.deleted == 0


def test_a_store_that_is_down_is_looked_up_again(world: World) -> None:
    world.set("rds-dcs", "exited")
    world.pass_time(1)
    assert "exited" in world.loop.state()["trouble"]
    world.set("rds-dcs", "running")
    world.pass_time(1)
    assert world.loop.state()["leader"] == "rds-a"


def test_the_engines_time_is_read_to_the_fraction() -> None:
    assert rds._unix("2026-11-24T16:00:00.250000001Z") == pytest.approx(1795536000.25)
    assert rds._unix("2026-11-24T16:00:00Z") == 1795536000
