"""Stand-ins under contract test: containers of the built images on a network of the test's own.

Nothing here touches a running stage: other network, other names, ports chosen by the engine. What a
stand made is removed by its id when the stand closes.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import os
import secrets as random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import docker
import docker.errors
import docker.types

from tenfold.engine import NUMBER_LABEL, PROJECT_LABEL, SERVICE_LABEL, Engine
from tenfold.secrets import CONTAINER_UID, KINDS
from tenfold.wait import wait_until

SUBNETS = [f"10.77.{n}.0/24" for n in range(16)]
NOT_YET = (OSError, http.client.HTTPException)


class NotBuilt(Exception):
    """An image is missing; the text says what to do."""


@dataclass(frozen=True)
class Answer:
    """What an HTTP server said."""

    status: int
    headers: dict[str, str]
    """names in lower case"""
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


@dataclass
class Box:
    """One container of a stand."""

    engine: Engine
    id: str
    ip: str

    def port(self, inside: int) -> int:
        """The port on 127.0.0.1 that leads to `inside`; another one after each start."""

        def published() -> int | None:
            raw = self.engine.client.api.inspect_container(self.id)
            bound = (raw["NetworkSettings"]["Ports"] or {}).get(f"{inside}/tcp")
            return int(bound[0]["HostPort"]) if bound else None

        return int(wait_until(f"port {inside} to be published", published, bound=5) or 0)

    def kill(self) -> None:
        """Kill its processes; returns when the engine knows."""
        self.engine.kill(self.engine.inspect(self.id))
        self.engine.wait(self.engine.inspect(self.id), 10)

    def start(self) -> None:
        """Start it again."""
        self.engine.start(self.engine.inspect(self.id))

    def pause(self) -> None:
        """Freeze it."""
        self.engine.pause(self.engine.inspect(self.id))

    def unpause(self) -> None:
        """Let it go on."""
        self.engine.unpause(self.engine.inspect(self.id))

    def logs(self) -> str:
        """The last of its output."""
        return self.engine.logs(self.engine.inspect(self.id))

    def call(
        self,
        inside: int,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10,
    ) -> Answer:
        """One request on a connection of its own; every status is an answer."""
        link = http.client.HTTPConnection("127.0.0.1", self.port(inside), timeout=timeout)
        with contextlib.closing(link):
            return ask(link, method, path, body, headers)


def ask(
    link: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request on a given connection, which may be used again for the next."""
    began = time.monotonic()
    link.request(method, path, body=body, headers=dict(headers or {}))
    got = link.getresponse()
    data = got.read()
    told = {name.lower(): value for name, value in got.getheaders()}
    return Answer(got.status, told, data, time.monotonic() - began)


@dataclass
class Stand:
    """A network and the containers on it, as one Compose project would have them."""

    name: str
    """short, names the network and the containers"""
    engine: Engine = field(init=False)
    network: Any = field(init=False)
    subnet: ipaddress.IPv4Network = field(init=False)
    made: list[str] = field(default_factory=list)

    def __enter__(self) -> Stand:
        """Make the network; another subnet where one is taken."""
        self.name = f"contract-{self.name}-{random.token_hex(3)}"
        self.engine = Engine(self.name)
        for subnet in SUBNETS:
            pool = docker.types.IPAMPool(subnet=subnet)
            try:
                self.network = self.engine.client.networks.create(
                    self.name,
                    driver="bridge",
                    ipam=docker.types.IPAMConfig(pool_configs=[pool]),
                    labels={PROJECT_LABEL: self.name},
                )
            except docker.errors.APIError as error:
                if "overlap" not in str(error.explanation):
                    raise
                continue
            self.subnet = ipaddress.IPv4Network(subnet)
            return self
        raise RuntimeError(f"every subnet of {SUBNETS[0]} to {SUBNETS[-1]} is taken")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was made, volumes without a name too."""
        for one in reversed(self.made):
            with contextlib.suppress(docker.errors.NotFound):
                self.engine.client.api.remove_container(one, force=True, v=True)
        self.network.remove()

    def address(self, host: int) -> str:
        """The address with this number on the stand's network."""
        return str(self.subnet[host])

    def run(
        self,
        image: str,
        argv: Sequence[str] = (),
        *,
        service: str,
        host: int,
        env: Mapping[str, str] | None = None,
        files: Mapping[Path, str] | None = None,
        ports: Sequence[int] = (),
        user: str = "",
        memory: str = "384m",
        role: str = "",
        shm: str = "64m",
    ) -> Box:
        """Start `image` at address number `host`, called `service`; `files` are read-only."""
        api = self.engine.client.api
        try:
            api.inspect_image(image)
        except docker.errors.ImageNotFound as error:
            raise NotBuilt(f"image {image} is not built; run `make setup`") from error
        endpoint = api.create_endpoint_config(ipv4_address=self.address(host), aliases=[service])
        created = api.create_container(
            image,
            list(argv) or None,
            name=f"{self.name}-{service}-1",
            environment=dict(env or {}),
            user=user or None,
            ports=list(ports),
            labels={
                PROJECT_LABEL: self.name,
                SERVICE_LABEL: service,
                NUMBER_LABEL: "1",
                "tenfold.role": role or service,
            },
            host_config=api.create_host_config(
                init=True,
                mem_limit=memory,
                shm_size=shm,
                binds=[f"{source}:{target}:ro" for source, target in (files or {}).items()],
                port_bindings=dict.fromkeys(ports, ("127.0.0.1", None)),
            ),
            networking_config=api.create_networking_config(
                {self.name: endpoint}  # type: ignore[arg-type]  # the stubs know no names
            ),
        )
        self.made.append(created["Id"])
        api.start(created["Id"])
        return Box(self.engine, created["Id"], self.address(host))


def secret(folder: Path, name: str) -> tuple[dict[Path, str], dict[str, str]]:
    """Make a secret as the tool does: the mount for `Stand.run`, and what is in it."""
    values = KINDS[name]()
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(json.dumps(values), encoding="utf-8")
    if os.getuid() == 0:
        os.chown(path, CONTAINER_UID, CONTAINER_UID)
    return {path: f"/run/secrets/{name}"}, values


def serves(box: Box, inside: int, path: str, bound: float = 30) -> None:
    """Wait until a server answers 200."""
    try:
        wait_until(
            f"{path} on port {inside}",
            lambda: box.call(inside, "GET", path, timeout=2).status == 200,
            bound,
            tolerate=NOT_YET,
        )
    except Exception as error:
        error.add_note(box.logs())
        raise
