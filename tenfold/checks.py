"""What must be so before a stage is started: pure functions from observations to problems.

Nothing here looks at the machine (`observe.py` does) or changes anything.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tenfold import settings
from tenfold.errors import TenfoldError

ENGINE_FLOOR = (25, 0)
"""health checks' start_interval"""
COMPOSE_FLOOR = (2, 24)
DISK_RUN_MIB = 1024
DISK_BUILD_MIB = 8192
"""the images of stage 3 and their build caches took 6 GiB"""
DISK_DO = (
    "make room: `docker system df` shows what Docker holds, `docker builder prune` frees caches"
)


@dataclass(frozen=True)
class Observed:
    """What was seen of the machine; None: could not be found out, which is no problem."""

    stage: int
    engine_version: str = ""
    compose_version: str = ""
    memory_needed_mib: int = 0
    memory_free_mib: int | None = None
    """what may be used more than now, plus what this project uses already"""
    disk_free_mib: int | None = None
    images_missing: tuple[str, ...] = ()
    ports_wanted: Mapping[int, str] = field(default_factory=dict)
    """port: service"""
    ports_taken: frozenset[int] = frozenset()
    """by others than this project"""
    port_variables: Mapping[int, str] = field(default_factory=dict)
    """port: the variable that moves it"""
    subnets_wanted: tuple[str, ...] = ()
    subnets_taken: Mapping[str, str] = field(default_factory=dict)
    """subnet: the network of another project that has it"""
    routes: Mapping[str, str] = field(default_factory=dict)
    """subnet: the interface by which this machine reaches it"""
    secrets_missing: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    """this project's, from an earlier start"""


def problems(seen: Observed) -> list[TenfoldError]:
    """All that stands in the way, the most basic first."""
    return [
        *engine(seen.engine_version),
        *compose(seen.compose_version),
        *memory(seen.stage, seen.memory_needed_mib, seen.memory_free_mib),
        *disk(seen.disk_free_mib, len(seen.images_missing)),
        *ports(seen),
        *subnets(seen.subnets_wanted, seen.subnets_taken),
        *routes(seen.subnets_wanted, seen.routes),
        *secrets(seen.secrets_missing, seen.volumes),
    ]


def version(text: str) -> tuple[int, int] | None:
    """Major and minor of `26.1.5+dfsg1` or `v2.26.1-4`."""
    found = re.match(r"v?(\d+)\.(\d+)", text.strip())
    return (int(found[1]), int(found[2])) if found else None


def engine(text: str) -> list[TenfoldError]:
    """New enough an engine."""
    return _floor("the Docker engine", text, ENGINE_FLOOR)


def compose(text: str) -> list[TenfoldError]:
    """New enough a Compose, and there at all."""
    if not text:
        return [TenfoldError("`docker compose` is not installed", "run `make setup`")]
    return _floor("Docker Compose", text, COMPOSE_FLOOR)


def _floor(what: str, text: str, floor: tuple[int, int]) -> list[TenfoldError]:
    found = version(text)
    if found is None or found >= floor:
        return []
    need = f"{floor[0]}.{floor[1]}"
    return [TenfoldError(f"{what} is {text}, at least {need} is needed", "run `make setup`")]


def memory(stage: int, needed: int, free: int | None) -> list[TenfoldError]:
    """Enough of it for the stage, in MiB."""
    if free is None or free >= needed:
        return []
    return [
        TenfoldError(
            f"stage {stage} needs {needed} MiB of memory, {free} MiB are free",
            "end other programs, or give Docker Desktop more (Settings, Resources)",
        )
    ]


def disk(free: int | None, images_missing: int) -> list[TenfoldError]:
    """Room for the data, and for the images that are to be built, in MiB."""
    needed = DISK_BUILD_MIB if images_missing else DISK_RUN_MIB
    if free is None or free >= needed:
        return []
    return [TenfoldError(f"{needed} MiB of disk are needed, {free} MiB are free", DISK_DO)]


def ports(seen: Observed) -> list[TenfoldError]:
    """Each published port is free."""
    found = []
    for port, service in sorted(seen.ports_wanted.items()):
        if port in seen.ports_taken:
            variable = settings.spoken(seen.port_variables.get(port, "PORT"))
            found.append(
                TenfoldError(
                    f"port {port} ({service}) is taken by another program",
                    f"choose another one: `make stage-{seen.stage} up {variable}={port + 1000}`",
                )
            )
    return found


def subnets(wanted: Iterable[str], taken: Mapping[str, str]) -> list[TenfoldError]:
    """No other network has our addresses."""
    found = []
    for ours in map(ipaddress.ip_network, wanted):
        for text, name in taken.items():
            theirs = ipaddress.ip_network(text, strict=False)
            if theirs.version == ours.version and ours.overlaps(theirs):
                found.append(
                    TenfoldError(
                        f"the Docker network {name} has {theirs}, which the stage's {ours} needs",
                        f"remove it if nothing uses it: `docker network rm {name}`",
                    )
                )
    return found


def routes(wanted: Iterable[str], known: Mapping[str, str]) -> list[TenfoldError]:
    """The machine does not reach another network (a VPN's) by our addresses."""
    found = []
    for ours in map(ipaddress.ip_network, wanted):
        for text, interface in known.items():
            theirs = ipaddress.ip_network(text, strict=False)
            if theirs.version == ours.version and ours.overlaps(theirs):
                found.append(
                    TenfoldError(
                        f"this machine reaches {theirs} by {interface}; the stage needs {ours}",
                        "end that connection (a VPN?) while the stage runs",
                    )
                )
    return found


def secrets(missing: Iterable[str], volumes: Iterable[str]) -> list[TenfoldError]:
    """Data that is kept can still be opened."""
    lost, kept = sorted(missing), sorted(volumes)
    if not lost or not kept:
        return []
    return [
        TenfoldError(
            f"the data of an earlier start is kept, but its secrets are gone: {', '.join(lost)}",
            "put .tenfold/secrets back, or forget the data with `make down VOLUMES=1`",
        )
    ]
