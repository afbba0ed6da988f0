"""An engine without Docker: containers are records, faults move them between states."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tenfold.engine import Container, ExecResult, Link, NotFound


def container(service: str, role: str, az: str = "a", state: str = "running") -> Container:
    """A container of the project."""
    return Container(
        id=f"id-{service}",
        name=f"tenfold-{service}-1",
        service=service,
        number=1,
        role=role,
        az=az,
        region="us",
        state=state,
        health="healthy",
        ip="10.30.128.2",
        image="tenfold/app:dev",
        exit_code=0,
        oom_killed=False,
        started_at="",
        labels={},
    )


class FakeEngine:
    """What the drills use of tenfold.engine.Engine."""

    project = "tenfold"

    def __init__(self, *containers: Container) -> None:
        self.box = {c.id: c for c in containers}
        self.env: dict[str, dict[str, str]] = {c.id: {} for c in containers}
        self.log: dict[str, str] = {}
        self.answers: list[tuple[str, str]] = []
        """(part of the command, output), the first that fits"""
        self.cpus: dict[str, float] = {}
        self.throttled = 0
        """times that a starved container was held back; one more at each look"""
        self.calls: list[tuple[str, str]] = []
        self.deaf = False
        """acts do nothing: a fault that silently did not happen"""

    def containers(
        self,
        role: str | None = None,
        *,
        service: str | None = None,
        az: str | None = None,
        running: bool = False,
    ) -> list[Container]:
        return [
            c
            for c in self.box.values()
            if (not role or c.role == role)
            and (not service or c.service == service)
            and (not az or c.az == az)
            and (not running or c.running)
        ]

    def one(self, role: str | None = None, *, service: str | None = None) -> Container:
        found = self.containers(role, service=service)
        if not found:
            raise NotFound(str(role))
        return found[0]

    def tools(self, run: str | None = None, role: str | None = None) -> list[Container]:
        return []

    def inspect(self, container_id: str) -> Container:
        if container_id not in self.box:
            raise NotFound(container_id)
        return self.box[container_id]

    def _to(self, c: Container, state: str, verb: str, code: int = 0) -> None:
        self.calls.append((verb, c.service))
        if not self.deaf:
            self.box[c.id] = dataclasses.replace(self.inspect(c.id), state=state, exit_code=code)

    def kill(self, c: Container, signal: str = "KILL") -> None:
        self._to(c, "exited", "kill", 137)

    def stop(self, c: Container, grace: int = 10) -> None:
        self._to(c, "exited", "stop")

    def start(self, c: Container) -> None:
        self._to(c, "running", "start")

    def pause(self, c: Container) -> None:
        self._to(c, "paused", "pause")

    def unpause(self, c: Container) -> None:
        if self.inspect(c.id).state == "paused":
            self._to(c, "running", "unpause")

    def remove(self, c: Container) -> None:
        self.box.pop(c.id, None)

    def link(self, c: Container) -> Link:
        if not self.inspect(c.id).ip:
            raise NotFound(c.id)
        return Link(c.id, "tenfold_vpc", c.ip, (c.service,))

    def cut(self, c: Container) -> Link:
        link = self.link(c)
        if not self.deaf:
            self.box[c.id] = dataclasses.replace(c, ip="")
        return link

    def mend(self, link: Link) -> bool:
        c = self.inspect(link.container_id)
        self.box[c.id] = dataclasses.replace(c, ip=link.ipv4 or "")
        return not c.ip

    def cpu_limit(self, c: Container) -> float:
        return self.cpus.get(self.inspect(c.id).id, 0.25)

    def set_cpu_limit(self, c: Container, cpus: float) -> None:
        if not self.deaf:
            self.cpus[c.id] = cpus

    def environment(self, c: Container) -> dict[str, str]:
        return self.env[c.id]

    def recreate(
        self, c: Container, *, env: Mapping[str, str] | None = None, grace: int = 10
    ) -> Container:
        self._to(c, "running", "recreate")
        if not self.deaf:
            self.env[c.id] = {k: v for k, v in {**self.env[c.id], **(env or {})}.items() if v != ""}
        return self.box[c.id]

    def logs(self, c: Container, tail: int = 100) -> str:
        return self.log.get(c.id, "")

    def exec(self, c: Container, argv: Sequence[str]) -> ExecResult:
        command = " ".join(argv)
        if "cpu.stat" in command:
            self.throttled += self.cpu_limit(c) < 0.25
            return ExecResult(0, f"nr_periods 900\nnr_throttled {self.throttled}\n")
        if "cpu.max" in command:
            return ExecResult(0, f"{round(self.cpu_limit(c) * 1e5)}\n100000\n")
        if argv[0] == "ls":
            return ExecResult(0, "eth0\nlo\n" if self.inspect(c.id).ip else "lo\n")
        if "/dev/tcp" in command:
            there = {one.ip for one in self.box.values() if one.ip and one.running}
            return ExecResult(0, "\n".join(there & set(argv)))
        for part, output in self.answers:
            if part in command:
                return ExecResult(0, output)
        return ExecResult(1, "")
