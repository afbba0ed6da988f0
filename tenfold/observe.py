"""Looks at the machine and the engine before a start; changes nothing. `checks.py` judges."""

from __future__ import annotations

import errno
import ipaddress
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import docker.errors

from tenfold import compose, secrets
from tenfold.checks import Observed
from tenfold.engine import PROJECT_LABEL, Engine, EngineError
from tenfold.paths import Paths
from tenfold.stages import Stage

MIB = 1024 * 1024


def look(
    paths: Paths,
    engine: Engine,
    stage: Stage,
    config: Mapping[str, Any],
    ports: Mapping[str, int],
    compose_version: str,
) -> Observed:
    """All that the checks want to know."""
    info = engine.client.info()
    mine = engine.containers(running=True)
    wanted = compose.published(config)
    free = sorted(set(wanted) - _published_by(engine))
    return Observed(
        stage=stage.number,
        engine_version=str(info.get("ServerVersion", "")),
        compose_version=compose_version,
        memory_needed_mib=stage.memory_mib,
        memory_free_mib=_memory(engine, info, mine),
        disk_free_mib=_disk(paths, info),
        images_missing=tuple(missing_images(engine, compose.images(config))),
        ports_wanted=wanted,
        ports_taken=frozenset(p for p in free if port_taken(p)),
        port_variables={port: name for name, port in ports.items()},
        subnets_wanted=tuple(compose.subnets(config)),
        subnets_taken=_subnets(engine),
        routes=_routes(info),
        secrets_missing=tuple(secrets.missing(paths)),
        volumes=tuple(volumes(engine)),
    )


def compose_version() -> str:
    """Compose's version; empty when it is not installed."""
    try:
        done = subprocess.run(
            ["docker", "compose", "version", "--short"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def port_taken(port: int) -> bool:
    """Whether somebody listens on it at 127.0.0.1 or everywhere."""
    with socket.socket() as probe:
        # Without it a connection that has just ended would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def missing_images(engine: Engine, names: Iterable[str]) -> list[str]:
    """Images that are not built."""
    found = []
    for name in names:
        try:
            engine.client.api.inspect_image(name)
        except docker.errors.ImageNotFound:
            found.append(name)
    return found


def volumes(engine: Engine) -> list[str]:
    """Names of this project's volumes."""
    listed = engine.client.api.volumes(filters={"label": f"{PROJECT_LABEL}={engine.project}"})
    return sorted(v["Name"] for v in listed.get("Volumes") or [])


def networks(engine: Engine) -> list[str]:
    """Names of this project's networks."""
    wanted = {"label": f"{PROJECT_LABEL}={engine.project}"}
    return sorted(n["Name"] for n in engine.client.api.networks(filters=wanted))


def _published_by(engine: Engine) -> set[int]:
    """Ports that this project's running containers publish now."""
    wanted = {"label": f"{PROJECT_LABEL}={engine.project}"}
    listed = engine.client.api.containers(filters=wanted)
    return {p["PublicPort"] for c in listed for p in c.get("Ports") or [] if p.get("PublicPort")}


def _subnets(engine: Engine) -> dict[str, str]:
    found = {}
    for network in engine.client.api.networks():
        if (network.get("Labels") or {}).get(PROJECT_LABEL) == engine.project:
            continue
        for one in (network.get("IPAM") or {}).get("Config") or []:
            if one.get("Subnet"):
                found[str(one["Subnet"])] = str(network["Name"])
    return found


def _routes(info: Mapping[str, Any]) -> dict[str, str]:
    """Networks that this machine reaches by an interface of its own (a VPN's, say)."""
    if info.get("KernelVersion") != _kernel():
        return {}  # the engine runs on another kernel, with routes of its own
    try:
        return routes(Path("/proc/net/route").read_text())
    except OSError:
        return {}


def routes(table: str) -> dict[str, str]:
    """Subnet: its interface, from /proc/net/route; without the default and the engine's bridges."""
    found = {}
    for line in table.splitlines()[1:]:
        name, destination, *_, mask = line.split()[:8]
        if mask == "00000000" or name.startswith(("br-", "docker")):
            continue
        address, bits = bytes.fromhex(destination)[::-1], int(mask, 16).bit_count()
        found[f"{ipaddress.IPv4Address(address)}/{bits}"] = name
    return found


def _memory(engine: Engine, info: Mapping[str, Any], mine: Iterable[Any]) -> int | None:
    """MiB that this project may have: what is free, and what it has already."""
    total = int(info.get("MemTotal") or 0) // MIB
    if not total:
        return None
    have = 0
    for c in mine:
        try:
            have += engine.memory_usage(c)
        except (EngineError, docker.errors.APIError, KeyError):
            continue  # ended meanwhile
    # The host's own figure counts only where the engine runs on this kernel.
    free = _available() if info.get("KernelVersion") == _kernel() else None
    return total if free is None else min(total, free + have // MIB)


def _available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines if ":" in line}
    return values["MemAvailable"] // 1024 if "MemAvailable" in values else None


def _kernel() -> str:
    try:
        return Path("/proc/sys/kernel/osrelease").read_text().strip()
    except OSError:
        return ""


def _disk(paths: Paths, info: Mapping[str, Any]) -> int | None:
    """Free MiB, the least of the checkout's disk and the engine's where it is local."""
    places = [paths.root]
    if (store := Path(str(info.get("DockerRootDir") or "/nonexistent"))).exists():
        places.append(store)
    found = []
    for place in places:
        try:
            found.append(shutil.disk_usage(place).free // MIB)
        except OSError:
            continue
    return min(found, default=None)
