"""RDS's monitoring: confirms that a database node is dead, moves leadership, replaces the node.

RDS Multi-AZ fails over in 60 to 120 s, a Multi-AZ cluster in under 35 s. Left alone, Patroni waits
for the dead leader's lease (20 s). This loop asks the engine whether the leader's container has
ended, which a lease cannot tell from silence, and then gives the lease back in the dead node's
name, so that the synchronous standby takes over at once. A frozen or unreachable node may still
write: it is left to the lease. Nothing is remembered that cannot be read again from the engine (who
is dead, since when) and from etcd (who leads, who stood by), so the loop may be killed at any time.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tenfold.engine import Container, Engine, EngineError, NotFound

CLUSTER = "/service/tenfold/"
STORE_AWAY = (NotFound, OSError, ValueError, http.client.HTTPException)
DEAD = ("exited", "dead")
# A commit that waits for the synchronous standby as every other, and leaves no row behind.
PROVE_WRITABLE = ("timeout", "2", "psql", "-qAt", "-c")
PROVE_WRITABLE_SQL = "SELECT pg_logical_emit_message(true, 'tenfold', 'writable')"


class Settings(Protocol):
    """What this loop needs of the control plane's settings."""

    rds_detect_seconds: float
    """how long a node must have been dead before its death is believed"""
    rds_replace_seconds: float
    """how long until RDS has another host for a dead node"""

    def is_off(self, switch: str) -> bool:
        """Whether a design switch is off: `failover` (moving leadership), `replace`."""
        ...


class Events(Protocol):
    """Where the loop says what it did."""

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        """One event, stamped now."""
        ...


@dataclass(frozen=True)
class Node:
    """A database node as the engine sees it."""

    name: str
    role: str
    """rds (one of the Multi-AZ pair) or rds-replica"""
    state: str
    died_at: float | None
    """unix time of its end; None while the container exists in another state than ended"""

    def dead_for(self, now: float) -> float:
        """Seconds since its end; -1 when it is not dead."""
        return -1.0 if self.died_at is None else max(0.0, now - self.died_at)


@dataclass(frozen=True)
class Lease:
    """Who leads, as the coordination store says."""

    leader: str = ""
    """holder of the leader key, empty when nobody holds it"""
    revision: int = 0
    """create revision of the leader key: another one is another term of office"""
    last_leader: str = ""
    """who led when the standby was chosen; stays when the leader key goes"""
    standby: str = ""
    """the synchronous standby, empty when there is none"""


@dataclass(frozen=True)
class Believe:
    """The death of a node is certain."""

    node: Node


@dataclass(frozen=True)
class Release:
    """Give the dead leader's lease back: the standby has every acknowledged write."""

    lease: Lease


@dataclass(frozen=True)
class Replace:
    """Start a dead node again."""

    node: Node


Action = Believe | Release | Replace


def decide(
    nodes: Iterable[Node], lease: Lease, now: float, detect: float, replace: float
) -> list[Action]:
    """What is to be done about what is seen. Pure; times in seconds, `now` in unix time.

    Leadership is taken only from a leader that is known to be dead, and only for a synchronous
    standby that runs: no other node has every acknowledged write.
    """
    by_name = {node.name: node for node in nodes}
    dead = [node for node in by_name.values() if node.died_at is not None]
    believed = [node for node in dead if node.dead_for(now) >= detect]
    actions: list[Action] = [Believe(node) for node in believed]
    standby = by_name.get(lease.standby)
    if (
        any(node.name == lease.leader for node in believed)
        and lease.last_leader == lease.leader
        and standby is not None
        and standby.role == "rds"
        and standby.state == "running"
    ):
        actions.append(Release(lease))
    actions += [Replace(node) for node in dead if node.dead_for(now) >= replace]
    return actions


class Store:
    """The cluster's keys in etcd, through its v3 HTTP gateway."""

    def __init__(self, address: str) -> None:
        """`address` is host:port."""
        self.base = f"http://{address}/v3/kv/txn"

    def read(self) -> Lease:
        """Leader and standby of one moment; raises one of STORE_AWAY."""
        keys = ("leader", "sync")
        answer = self._txn([], [{"request_range": {"key": _key(key)}} for key in keys])
        found = [r.get("response_range", {}).get("kvs") for r in answer.get("responses", [])]
        leader, sync = (kvs[0] if kvs else {} for kvs in found)
        chosen = json.loads(_text(sync)) if _text(sync) else {}
        return Lease(
            leader=_text(leader),
            revision=int(leader.get("create_revision", 0)),
            last_leader=chosen.get("leader") or "",
            standby=chosen.get("sync_standby") or "",
        )

    def release(self, lease: Lease) -> bool:
        """Delete the leader key if it is still this leader's, of this term; whether it was."""
        key = _key("leader")
        same = [
            {"key": key, "target": "VALUE", "value": _encode(lease.leader)},
            {"key": key, "target": "CREATE", "create_revision": str(lease.revision)},
        ]
        answer = self._txn(same, [{"request_delete_range": {"key": key}}])
        return bool(answer.get("succeeded", False))

    def _txn(self, compare: Sequence[Any], success: Sequence[Any]) -> dict[str, Any]:
        body = json.dumps({"compare": compare, "success": success}).encode()
        request = urllib.request.Request(self.base, data=body)
        with urllib.request.urlopen(request, timeout=2) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


class RdsLoop:
    """Watches the nodes of one cluster; `tick` is called about each 0.5 s."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        events: Events,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is read before the first tick. `clock` answers unix time."""
        self.clock = clock
        self.engine = engine
        self.settings = settings
        self.events = events
        self._store: Store | None = None
        self._believed: set[tuple[str, float | None]] = set()
        self._leader = ""
        self._since: float | None = None
        """when leadership was seen to go; None while somebody leads"""
        self._state: dict[str, Any] = {}

    def tick(self) -> None:
        """Look once and act; raises EngineError when the engine does not answer."""
        now = self.clock()
        boxes = {
            c.service: c for role in ("rds", "rds-replica") for c in self.engine.containers(role)
        }
        nodes = [_node(c) for c in boxes.values()]
        lease, trouble = Lease(), ""
        try:
            lease = self._dcs().read()
            self._follow(lease, boxes, now)
        except STORE_AWAY as error:
            # Without the store nobody knows who leads; failsafe mode keeps the leader writing.
            self._store = None
            trouble = f"the coordination store does not answer: {error}"
        actions = decide(
            nodes, lease, now, self.settings.rds_detect_seconds, self.settings.rds_replace_seconds
        )
        for action in actions:
            if isinstance(action, Replace):
                self._replace(boxes[action.node.name], action.node.dead_for(now))
            elif self.settings.is_off("failover"):
                continue
            elif isinstance(action, Release):
                self._release(action.lease, boxes[action.lease.leader])
            else:
                self._believe(action.node, now)
        self._state = {
            "leader": lease.leader,
            "standby": lease.standby,
            "failing_over": self._since is not None,
            "trouble": trouble,
            "nodes": {
                n.name: {"role": n.role, "state": n.state, "dead_for": round(n.dead_for(now), 1)}
                for n in nodes
            },
        }

    def state(self) -> dict[str, Any]:
        """What the last tick saw."""
        return self._state

    def _dcs(self) -> Store:
        # Looked up again only after a failure: a look at the engine costs more than one at etcd.
        if self._store is None:
            dcs = self.engine.one("rds-dcs")
            if not dcs.running:
                raise NotFound(f"{dcs.short} is {dcs.state}")
            self._store = Store(f"{dcs.ip}:2379")
        return self._store

    def _follow(self, lease: Lease, boxes: dict[str, Container], now: float) -> None:
        """Tell that leadership went, and that another node took it and accepts writes."""
        # A loop that was restarted in mid-failover learns from the store who led before.
        self._leader = self._leader or lease.last_leader or lease.leader
        if lease.leader == self._leader:
            if self._since is not None:
                self.events.emit("rds", "leader_returned", lease.leader)
            self._since = None
            return
        if self._since is None:
            # Not by this loop: the lease ran out, or somebody asked Patroni for a switchover.
            self._begin(self._leader, now, cause="lease")
        if lease.leader in boxes and self._writable(boxes[lease.leader]):
            took = round(self.clock() - (self._since or now), 2)
            self.events.emit(
                "rds", "failover_completed", lease.leader, old=self._leader, seconds=took
            )
            self._leader, self._since = lease.leader, None

    def _begin(self, leader: str, now: float, cause: str) -> None:
        self._since = now
        self.events.emit("rds", "failover_started", leader, cause=cause)

    def _believe(self, node: Node, now: float) -> None:
        death = (node.name, node.died_at)
        if death not in self._believed:
            self._believed = {d for d in self._believed if d[0] != node.name} | {death}
            self.events.emit("rds", "node_down", node.name, dead_for=round(node.dead_for(now), 2))

    def _release(self, lease: Lease, box: Container) -> None:
        # Looked at once more: somebody may have started it since.
        if self.engine.inspect(box.id).state not in DEAD:
            return
        try:
            moved = self._dcs().release(lease)
        except STORE_AWAY:
            return  # the store went away meanwhile: the next tick sees what became of the key
        if moved:
            self._begin(lease.leader, self.clock(), cause="dead")

    def _replace(self, box: Container, dead_for: float) -> None:
        if self.settings.is_off("replace"):
            return
        self.engine.start(box)
        self.events.emit("rds", "node_restarted", box.service, dead_for=round(dead_for, 2))

    def _writable(self, box: Container) -> bool:
        try:
            argv = [*PROVE_WRITABLE, PROVE_WRITABLE_SQL]
            return self.engine.exec(box, argv, user="postgres").code == 0
        except EngineError:
            return False


def _node(c: Container) -> Node:
    died_at = _unix(c.finished_at) if c.state in DEAD and c.finished_at else None
    return Node(c.service, c.role, c.state, died_at)


def _unix(text: str) -> float:
    """The engine's RFC 3339 with nanoseconds as unix time."""
    whole, _, rest = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{rest or 0}")


def _key(name: str) -> str:
    return _encode(CLUSTER + name)


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(kv: dict[str, Any]) -> str:
    return base64.b64decode(kv.get("value", "")).decode()
