"""The database on a small disk with a real end: it can be filled, and this machine's is not.

The engine's volumes have no size. Here the primary's is copied onto a tmpfs of SIZE, whose end is
the kernel's; the database runs on that for a drill, and goes back with all that came since. A
tmpfs is gone when nobody has it mounted: a helper holds it while the database changes place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import docker.errors

from tenfold import patroni
from tenfold.engine import PROJECT_LABEL, Container, Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.switches.base import State
from tenfold.wait import wait_until

MIB = 1024 * 1024
SIZE = 1024
"""MiB"""
MORE_MEMORY = 768 * MIB
"""a tmpfs' pages count against the container that wrote them"""
BOUND = 90.0


@dataclass(frozen=True)
class SmallDisk:
    """The node that leads has a disk of SIZE MiB."""

    says: str = f"the primary is on a disk of {SIZE} MiB (a tmpfs)"

    def plan(self, engine: Engine) -> State:
        """Whose disk: of a cluster the standby's, which then leads."""
        node = (patroni.standby if patroni.clustered(engine) else patroni.primary)(engine)
        volumes = list(engine.description(node)["volumes"])
        return {
            "service": node.service,
            "disk": volumes[0],
            "small": f"{engine.project}_small-disk",
        }

    def off(self, engine: Engine, state: State) -> None:
        """Copy, start on the copy, and let it lead."""
        node = engine.one(service=state["service"])
        engine.client.api.create_volume(
            state["small"],
            driver="local",
            driver_opts={"type": "tmpfs", "device": "tmpfs", "o": f"size={SIZE}m,mode=755"},
            labels={PROJECT_LABEL: engine.project},
        )
        engine.stop(node, 40)
        with _holder(engine, node, state) as holder:
            _copy(engine, holder, "/disk", "/small")
            self._move(engine, node, {state["disk"]: state["small"]}, MORE_MEMORY)
        if patroni.clustered(engine):
            _lead(engine, state["service"])

    def on(self, engine: Engine, state: State) -> None:
        """Back onto the disk it had; a cluster's other node leads, and it catches up with that."""
        node = engine.one(service=state["service"])
        if state["small"] in engine.description(node)["volumes"]:
            back = {state["small"]: state["disk"]}
            if patroni.clustered(engine):
                _lead(engine, patroni.standby(engine).service)
                self._move(engine, node, back, -MORE_MEMORY)
            else:
                with _holder(engine, node, state) as holder:
                    engine.stop(node, 40)
                    _copy(engine, holder, "/small", "/disk")
                    self._move(engine, node, back, -MORE_MEMORY)
        elif not node.running:
            engine.start(node)
        with suppress(docker.errors.NotFound):
            engine.client.api.remove_volume(state["small"])
        if patroni.clustered(engine):
            _whole(engine)

    def _move(self, engine: Engine, node: Container, disks: dict[str, str], memory: int) -> None:
        fresh = engine.recreate(node, grace=40, volumes=disks, memory=memory)
        wait_until(
            f"{fresh.short} to be healthy",
            lambda: engine.inspect(fresh.id).health == "healthy",
            BOUND,
        )


@contextmanager
def _holder(engine: Engine, node: Container, state: State) -> Iterator[Container]:
    """A helper that has both disks mounted."""
    mounts = {state["disk"]: "/disk", state["small"]: "/small"}
    holder = engine.run(
        node.image,
        ["sleep", "infinity"],
        role="small-disk",
        run="small-disk",
        mounts=mounts,
        network=False,
        memory=f"{SIZE + 256}m",
    )
    try:
        yield holder
    finally:
        engine.remove(holder)


def _copy(engine: Engine, holder: Container, old: str, new: str) -> None:
    """Everything, with owners and times; what was there before goes."""
    script = f"find {new} -mindepth 1 -delete && cp -a {old}/. {new}/"
    done = engine.exec(holder, ["sh", "-c", script])
    if done.code:
        raise TenfoldError(
            f"the disk could not be copied: {done.output.strip()[-300:]}", "`make heal` tries again"
        )


def _lead(engine: Engine, service: str) -> None:
    """Let a node lead, once it stands by; a planned switchover, which loses nothing."""
    _whole(engine)
    leader = patroni.primary(engine)
    if leader.service == service:
        return
    body = f'{{"leader": "{leader.service}", "candidate": "{service}"}}'
    argv = ["curl", "-sS", "-m", "15", "-X", "POST", "-d", body, "http://127.0.0.1:8008/switchover"]
    engine.exec(leader, argv)
    wait_until(
        f"{service} to lead",
        lambda: patroni.primary(engine).service == service,
        BOUND,
        every=0.5,
        tolerate=(EngineError, TenfoldError),
    )
    _whole(engine)


def _whole(engine: Engine) -> None:
    wait_until(
        "a whole cluster",
        lambda: not patroni.problems(engine),
        BOUND,
        every=1,
        tolerate=(EngineError, TenfoldError),
    )
