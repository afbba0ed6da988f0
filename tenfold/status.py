"""What runs, where, how healthy, in how much memory; who leads; what is broken on purpose."""

from __future__ import annotations

import json
from typing import Any

import docker.errors
from rich.table import Table
from rich.text import Text

from tenfold import controlplane_client, patroni, record, release, stages
from tenfold.deploy import where
from tenfold.engine import Container, Engine, EngineError
from tenfold.journal import Journal
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.stages import Running
from tenfold.switches import is_off

MIB = 1024 * 1024
_COLOURS = {"healthy": "green", "runs": "green", "done": "dim", "starting": "yellow"}


def gather(paths: Paths, engine: Engine) -> dict[str, Any]:
    """Everything as plain data; `stage` is None when nothing runs."""
    now = stages.running(paths, engine)
    if now is None:
        return {"stage": None, "containers": [], "tools": _tools(engine)}
    told = controlplane_client.state(engine) if _up(now, "controlplane") else {}
    containers = [_container(engine, c) for c in now.containers]
    deployed = where(engine)
    for one in containers:
        one["release"] = str(deployed.get(one["name"], ""))
    stage = stages.read(paths, now.stage)
    return {
        "stage": now.stage,
        "title": stage.title,
        "complete": now.complete,
        "release": str(release.current(paths)),
        "deploying": release.unfinished(Journal(paths.journal, paths.project)),
        "pace": now.pace,
        "url": f"http://127.0.0.1:{now.port}/",
        "memory_mib": round(sum(c["memory_mib"] for c in containers), 1),
        "containers": containers,
        "rds": _members(engine) if _up(now, "rds") else [],
        "alb": {"targets": controlplane_client.targets(told)},
        "asg": told.get("asg") or {},
        "faults": [{k: e.get(k) for k in ("drill", "stage", "by", "at")} for e in record.faults()],
        "switches_off": switches_off(told),
        "tools": _tools(engine),
    }


def show(told: dict[str, Any], out: Output) -> None:
    """For a person, or as JSON."""
    out.answer(told)
    if told["stage"] is None:
        out.say("No stage runs. Start one with `make stage-3 up`.")
        _show_tools(told, out)
        return
    title = f"Stage {told['stage']}: {told['title']}"
    out.say(f"{title}, {told['pace']} pace, {told['url']}", style="bold")
    if not told["complete"]:
        out.say("Its `up` did not come to its end: `make up` goes on, `make down` stops it.", "red")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("container", "role", "AZ", "state", "memory", "release", ""):
        table.add_column(name, header_style="dim", justify="right" if name == "memory" else "left")
    for c in told["containers"]:
        word = c["health"] or c["state"]
        memory = f"{c['memory_mib']:.0f} MiB" if c["memory_mib"] else ""
        state = Text(word, style=_COLOURS.get(word, "bold red"))
        table.add_row(c["name"], c["role"], c["az"], state, memory, c["release"], notes(c, told))
    out.show(table)
    if told["deploying"]:
        out.say(
            f"The deploy of {told['deploying']} did not come to its end: "
            f"`make deploy RELEASE={told['deploying']}` goes on.",
            "red",
        )
    out.say(f"{len(told['containers'])} containers, {told['memory_mib']:.0f} MiB")
    if told["asg"]:
        out.say(f"Auto Scaling: {brief(told['asg'])}")
    for fault in told["faults"]:
        by = "a drill" if fault["by"] == "drill" else "hand"
        out.say(f"broken now by {by}: {fault['drill']} (`make heal` undoes it)", style="bold red")
    if told["switches_off"]:
        out.say(f"switched off: {', '.join(told['switches_off'])} (`make heal`)", style="bold red")
    _show_tools(told, out)


def notes(container: dict[str, Any], told: dict[str, Any]) -> str:
    """What the cluster and the load balancer say of one container."""
    found = []
    for member in told["rds"]:
        if member["name"] == container["service"]:
            word = {"leader": "primary", "sync_standby": "standby"}.get(member["role"], "replica")
            lag = f", {member['lag']} bytes behind" if member["lag"] > 0 else ""
            found.append(f"{word}, {member['state']}{lag}")
    for target in told["alb"]["targets"]:
        if target["name"] == container["name"]:
            found.append(f"target {target['state']}")
    if container["oom_killed"]:
        found.append("ran out of memory")
    elif container["exit_code"] and container["state"] == "exited":
        found.append(f"ended with {container['exit_code']}")
    return "; ".join(found)


def switches_off(told: dict[str, Any]) -> list[str]:
    """Design switches that are off, as recorded and as the loops say."""
    names = {str(e["name"]) for e in record.switches()}
    listed = told.get("switches", {})
    return sorted(names | {name for name in listed if is_off(listed, name)})


def brief(values: dict[str, Any]) -> str:
    """The plain values of a mapping on one line."""
    plain = {k: v for k, v in values.items() if isinstance(v, str | int | float)}
    return ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in plain.items()) or json.dumps(values)


def _up(now: Running, role: str) -> bool:
    return any(c.role == role and c.running for c in now.containers)


def _members(engine: Engine) -> list[dict[str, Any]]:
    try:
        return [
            {"name": m.name, "role": m.role, "state": m.state, "lag": m.lag}
            for m in patroni.members(engine)
        ]
    except (EngineError, ValueError, KeyError):
        return []


def _container(engine: Engine, c: Container) -> dict[str, Any]:
    return {
        "name": c.short,
        "service": c.service,
        "role": c.role,
        "az": c.az,
        "state": _state(c),
        "health": c.health if c.running else "",
        "ip": c.ip,
        "id": c.id,
        "exit_code": c.exit_code,
        "oom_killed": c.oom_killed,
        "memory_mib": _memory(engine, c),
    }


def _state(c: Container) -> str:
    if c.state == "exited" and c.role == "release" and c.exit_code == 0:
        return "done"
    return c.state


def _memory(engine: Engine, c: Container) -> float:
    if not c.running and c.state != "paused":
        return 0.0
    try:
        return round(engine.memory_usage(c) / MIB, 1)
    except (docker.errors.APIError, KeyError):
        return 0.0  # ended meanwhile


def _tools(engine: Engine) -> list[dict[str, Any]]:
    return [{"name": c.name, "role": c.role, "state": c.state} for c in engine.tools()]


def _show_tools(told: dict[str, Any], out: Output) -> None:
    for tool in told["tools"]:
        out.say(f"besides: {tool['role']} ({tool['name']}) is {tool['state']}", style="dim")
