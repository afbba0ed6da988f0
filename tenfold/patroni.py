"""Who leads the database, as Patroni's REST interface says, asked from inside a node.

Before there is a cluster (stages 0 and 1) the one database there is leads.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from tenfold.engine import Container, Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.wait import wait_until


@dataclass(frozen=True)
class Member:
    """One node as the cluster sees it."""

    name: str
    role: str
    """leader, sync_standby or replica"""
    state: str
    """running, streaming, starting, …"""
    lag: int
    """bytes behind the leader; -1 unknown"""


def clustered(engine: Engine) -> bool:
    """Whether there is a cluster: the store in which its nodes agree."""
    return bool(engine.containers("rds-dcs"))


def members(engine: Engine) -> list[Member]:
    """The cluster's nodes; empty when no node answers, or when there is no cluster."""
    if not clustered(engine):
        return []
    for node in nodes(engine):
        if not node.running:
            continue
        try:
            got = engine.exec(node, ["curl", "-fsS", "-m", "2", "http://127.0.0.1:8008/cluster"])
        except EngineError:
            continue
        if got.code == 0:
            found = json.loads(got.output)["members"]
            return [Member(m["name"], m["role"], m["state"], _lag(m.get("lag", 0))) for m in found]
    return []


def nodes(engine: Engine) -> list[Container]:
    """Containers of all nodes, the read replica last."""
    return [*engine.containers("rds"), *engine.containers("rds-replica")]


def primary(engine: Engine) -> Container:
    """The node that leads, the only one, or the box with the database; raises TenfoldError."""
    if not clustered(engine):
        return _alone(engine)
    return _node(engine, "leader", "primary")


def standby(engine: Engine) -> Container:
    """The synchronous standby; raises TenfoldError when there is none."""
    return _node(engine, "sync_standby", "synchronous standby")


def lead_in(engine: Engine, az: str) -> list[str]:
    """Have the primary in this AZ, by a planned switchover; answers what was done.

    As RDS's "reboot with failover": the standby there takes over when it has everything.
    """
    if not clustered(engine):
        return []
    now = primary(engine)
    if now.az == az:
        return []
    heir = standby(engine)
    if heir.az != az:
        raise TenfoldError(
            f"no database node in AZ {az} could lead: the standby is {heir.short}",
            do="`make heal`, then try again",
            exit_code=3,
        )
    asked = json.dumps({"leader": now.service, "candidate": heir.service})
    door = ["-X", "POST", "-d", asked, "http://127.0.0.1:8008/switchover"]
    got = engine.exec(now, ["curl", "-sS", "-m", "30", *door])
    if "uccessfully" not in got.output:
        raise TenfoldError(
            f"the primary cannot be moved to AZ {az}: {got.output.strip()[:200]}",
            do="`make status`; `make heal` brings back what is broken",
            exit_code=3,
        )
    wait_until(
        f"{heir.short} to lead, and a standby to follow it",
        lambda: not problems(engine) and primary(engine).id == heir.id,
        bound=60,
        every=0.5,
        tolerate=(EngineError, TenfoldError),
    )
    return [f"the primary was moved from {now.short} to {heir.short} (AZ {az})"]


def _alone(engine: Engine) -> Container:
    """RDS's one instance (stage 1), or the one box that has the database too (stage 0)."""
    for c in engine.containers("rds", running=True):
        return c
    alone = not engine.containers("rds")
    for c in engine.containers("web", running=True):
        if alone or "postgres" in engine.environment(c).get("BOX_SERVICES", "").split():
            return c
    raise TenfoldError(
        "the database does not run now", do="start it with `make heal`; `make status` shows it"
    )


def _node(engine: Engine, role: str, what: str) -> Container:
    names = {m.name for m in members(engine) if m.role == role}
    for node in nodes(engine):
        if node.service in names:
            return node
    raise TenfoldError(
        f"the database cluster has no {what} now",
        do="wait for it (`make status`), or mend it with `make heal`",
        exit_code=3,
    )


def problems(engine: Engine) -> list[str]:
    """What is not as Multi-AZ wants it: one leader, a synchronous standby, all others streaming."""
    if not clustered(engine):
        return []  # its container's health says all there is to say
    seen = members(engine)
    if not seen:
        return ["no database node answers"]
    found = []
    roles = [m.role for m in seen]
    if roles.count("leader") != 1:
        found.append("the database has no leader")
    if "sync_standby" not in roles:
        found.append("the database has no synchronous standby")
    if len(seen) < len(nodes(engine)):
        found.append(f"{len(nodes(engine)) - len(seen)} database node(s) have not joined")
    found += [
        f"{m.name} is {m.state}"
        for m in seen
        if m.state not in ("running", "streaming")
        or (m.role != "leader" and m.state != "streaming")
    ]
    return found


def _lag(value: object) -> int:
    return value if isinstance(value, int) else -1
