"""The one module that talks to the Docker engine, for the tool and for the control plane.

Containers are found by their labels (`tenfold.role`, `tenfold.az`, `tenfold.region`) and Compose's
own, never by name. Depends on the standard library and the Docker SDK only.
"""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors
import docker.types

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
NUMBER_LABEL = "com.docker.compose.container-number"
ONEOFF_LABEL = "com.docker.compose.oneoff"
PROJECT = "tenfold"
NETWORK = "vpc"
RUN_LABEL = "tenfold.run"
TOOLS_IMAGE = "tenfold/loadtests:dev"
"""what helper containers run: Locust, the probe, special traffic, the settler"""


class EngineError(Exception):
    """The engine refused or could not be reached; the text says what to do."""


class NotFound(EngineError):
    """No container of that role or service exists in the project."""


@dataclass(frozen=True)
class Container:
    """One container as the engine describes it at one moment."""

    id: str
    name: str
    service: str
    number: int
    role: str
    az: str
    region: str
    state: str
    """created, running, paused, restarting, exited or dead"""
    health: str
    """starting, healthy, unhealthy, or empty without a health check"""
    ip: str
    """address on the region's network, empty while it has none"""
    image: str
    exit_code: int
    oom_killed: bool
    started_at: str
    labels: Mapping[str, str]
    finished_at: str = ""
    """when it last ended, RFC 3339; meaningless while it runs"""

    @property
    def running(self) -> bool:
        """Whether its processes run now (a paused container's do not)."""
        return self.state == "running"

    @property
    def ready(self) -> bool:
        """Whether it runs, and its health check, if it has one, says that it is well."""
        return self.running and self.health in ("healthy", "")

    @property
    def short(self) -> str:
        """The name without the project, as Compose shows it: `web-a-1`."""
        return self.name.removeprefix(f"{self.labels.get(PROJECT_LABEL, PROJECT)}-")


@dataclass(frozen=True)
class ExecResult:
    """What a command run inside a container answered."""

    code: int
    output: str


@dataclass(frozen=True)
class Link:
    """A network attachment that was cut, with all that is needed to make it again."""

    container_id: str
    network: str
    ipv4: str | None
    aliases: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For the record of a fault in progress."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Link:
        """From the record of a fault in progress."""
        return cls(
            str(data["container_id"]),
            str(data["network"]),
            data["ipv4"],
            tuple(data["aliases"]),
        )


class Engine:
    """The containers of one Compose project."""

    def __init__(self, project: str = PROJECT, timeout: float = 20) -> None:
        """Connect to the engine the environment names; raises EngineError when none answers."""
        self.project = project
        try:
            # Docker Desktop and contexts: DOCKER_HOST wins, else the default socket.
            self.client = docker.from_env(timeout=int(timeout))
            self.client.ping()
        except docker.errors.DockerException as error:
            raise EngineError(
                f"no Docker engine answers ({error}); run `make setup`, or start Docker"
            ) from error

    # -- looking ---------------------------------------------------------------------------

    def containers(
        self,
        role: str | None = None,
        *,
        service: str | None = None,
        az: str | None = None,
        running: bool = False,
    ) -> list[Container]:
        """The project's containers, stopped ones too unless `running`; ordered by name."""
        # With a number: Compose writes the project into the images it builds as well, so that
        # any container of such an image carries its label.
        wanted = [f"{PROJECT_LABEL}={self.project}", NUMBER_LABEL]
        if role:
            wanted.append(f"tenfold.role={role}")
        if service:
            wanted.append(f"{SERVICE_LABEL}={service}")
        if az:
            wanted.append(f"tenfold.az={az}")
        found = []
        for summary in self.client.api.containers(all=True, filters={"label": wanted}):
            try:
                one = self.inspect(summary["Id"])
            except NotFound:
                continue  # removed between the listing and the look
            if not running or one.running:
                found.append(one)
        return sorted(found, key=lambda c: c.name)

    def one(self, role: str | None = None, *, service: str | None = None) -> Container:
        """The first container of a role or service; raises NotFound."""
        found = self.containers(role, service=service)
        if not found:
            raise NotFound(f"no container of {service or role} in project {self.project}")
        return found[0]

    def inspect(self, container_id: str) -> Container:
        """One container by its id; raises NotFound."""
        return _describe(self._raw(container_id))

    def _raw(self, container_id: str) -> dict[str, Any]:
        """As the engine has it; raises NotFound."""
        try:
            found: dict[str, Any] = self.client.api.inspect_container(container_id)
        except docker.errors.NotFound as error:
            raise NotFound(f"container {container_id[:12]} is gone") from error
        return found

    def cpu_usage(self, containers: Iterable[Container]) -> dict[str, tuple[float, float]]:
        """CPU seconds used so far and the time of reading, by id: two sweeps give a rate.

        Uses the one-shot statistics: 3 ms a container, against 1 to 2 s without.
        """
        usage = {}
        for c in containers:
            try:
                raw = self.client.api._get(  # type: ignore[attr-defined]  # the SDK has no one-shot without a wait
                    self.client.api._url("/containers/{0}/stats", c.id),  # type: ignore[attr-defined]
                    params={"stream": "0", "one-shot": "1"},
                )
                stats = raw.json()
                usage[c.id] = (stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, time.time())
            except (docker.errors.APIError, KeyError, ValueError):
                continue  # died meanwhile: missing data, which scales nothing
        return usage

    def memory_usage(self, c: Container) -> int:
        """Bytes in use without the page cache that can be dropped, as `docker stats` counts."""
        stats = self.client.api.stats(c.id, stream=False, one_shot=True)
        memory = stats.get("memory_stats", {})
        detail = memory.get("stats", {})
        inactive = detail.get("total_inactive_file", detail.get("inactive_file", 0))
        return max(0, int(memory.get("usage", 0)) - int(inactive))

    def usage(self, c: Container) -> tuple[float, float, float, float] | None:
        """CPU seconds used, CPUs it may use, bytes in use, bytes it may use; None: it has ended."""
        try:
            stats = self.client.api.stats(c.id, stream=False, one_shot=True)
            cpu, memory = stats["cpu_stats"], stats["memory_stats"]
            detail = memory.get("stats", {})
            inactive = detail.get("total_inactive_file", detail.get("inactive_file", 0))
            limit = self.cpu_limit(c) or float(cpu.get("online_cpus") or 1)
            return (
                cpu["cpu_usage"]["total_usage"] / 1e9,
                limit,
                float(max(0, memory["usage"] - inactive)),
                float(memory["limit"]),
            )
        except (docker.errors.APIError, KeyError, TypeError):
            return None

    def out_of_memory(self, since: int, until: int) -> list[str]:
        """Ids of containers in which the kernel killed for want of memory, once a kill.

        Unix seconds, `until` no later than now: the engine then answers what it remembers at once.
        """
        told = self.client.api.events(
            since=since,
            until=until,
            filters={"event": "oom", "label": f"{PROJECT_LABEL}={self.project}"},
            decode=True,
        )
        return [str(one["Actor"]["ID"]) for one in told]

    def cpu_limit(self, c: Container) -> float:
        """CPUs the container may use; 0 when unlimited."""
        host = self._raw(c.id)["HostConfig"]
        if host.get("NanoCpus"):
            return float(host["NanoCpus"]) / 1e9
        if host.get("CpuQuota", 0) > 0:
            return float(host["CpuQuota"]) / float(host.get("CpuPeriod") or 100_000)
        return 0.0

    def environment(self, c: Container) -> dict[str, str]:
        """The container's environment as it was created."""
        raw = self._raw(c.id)["Config"].get("Env") or []
        return dict(line.split("=", 1) for line in raw if "=" in line)

    def logs(self, c: Container, tail: int = 100) -> str:
        """The last lines of a container's output."""
        try:
            return self.client.api.logs(c.id, tail=tail).decode(errors="replace")
        except docker.errors.NotFound as error:
            raise NotFound(f"{c.short} is gone") from error

    # -- acting ----------------------------------------------------------------------------

    def kill(self, c: Container, signal: str = "KILL") -> None:
        """Kill the container's processes at once."""
        self._act(c, "kill", signal=signal)

    def stop(self, c: Container, grace: int = 10) -> None:
        """Ask it to end (SIGTERM), kill it after `grace` seconds."""
        self._act(c, "stop", timeout=grace)

    def start(self, c: Container) -> None:
        """Start it again; a running one is left alone."""
        self._act(c, "start")

    def restart(self, c: Container, grace: int = 2) -> None:
        """Stop and start it."""
        self._act(c, "restart", timeout=grace)

    def pause(self, c: Container) -> None:
        """Freeze its processes; its connections stay open and answer nothing."""
        if self.inspect(c.id).state != "paused":
            self._act(c, "pause")

    def unpause(self, c: Container) -> None:
        """Let it go on; one that is not paused is left alone."""
        if self.inspect(c.id).state == "paused":
            self._act(c, "unpause")

    def set_cpu_limit(self, c: Container, cpus: float) -> None:
        """Let the running container use so many CPUs from now on; its own setting, not the host's.

        The SDK's update knows quotas only, which the engine refuses where Compose set `cpus`.
        """
        api = self.client.api
        url = api._url("/containers/{0}/update", c.id)  # type: ignore[attr-defined]
        try:
            answer = api._post_json(url, data={"NanoCpus": round(cpus * 1e9)})  # type: ignore[attr-defined]
            api._raise_for_status(answer)  # type: ignore[attr-defined]
        except docker.errors.NotFound as error:
            raise NotFound(f"{c.short} is gone") from error
        except docker.errors.APIError as error:
            raise EngineError(f"{c.short} keeps its CPU: {error.explanation}") from error

    def remove(self, c: Container) -> None:
        """Remove it, running or not; one that is gone already is fine."""
        try:
            self.client.api.remove_container(c.id, force=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if error.status_code != 409:  # a removal is under way already
                raise EngineError(f"{c.short} cannot be removed: {error.explanation}") from error

    def exec(
        self,
        c: Container,
        argv: Sequence[str],
        user: str = "",
        env: Mapping[str, str] | None = None,
    ) -> ExecResult:
        """Run a command inside a running container and wait for its end."""
        try:
            handle = self.client.api.exec_create(
                c.id, list(argv), user=user, environment=dict(env or {})
            )
            output = self.client.api.exec_start(handle["Id"])
            code = self.client.api.exec_inspect(handle["Id"])["ExitCode"]
        except docker.errors.APIError as error:
            raise EngineError(
                f"`{shlex.join(argv)}` cannot run in {c.short}: {error.explanation}"
            ) from error
        return ExecResult(int(code if code is not None else -1), output.decode(errors="replace"))

    # -- instances -------------------------------------------------------------------------

    def clone(
        self,
        source: Container,
        *,
        service: str | None = None,
        env: Mapping[str, str] | None = None,
        image: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Container:
        """Start another container like `source` that Compose still owns, with the next number.

        Takes the inspected configuration, limits, mounts and networks with their aliases; not the
        address. `env` and `labels` are laid over the source's. Source may be stopped.
        """
        raw = self._raw(source.id)
        service = service or source.service
        taken = {c.number for c in self.containers(service=service)}
        number = next(n for n in range(1, 1000) if n not in taken)
        return self._create_like(raw, service, number, env, image, labels, keep_address=False)

    def recreate(
        self,
        c: Container,
        *,
        env: Mapping[str, str] | None = None,
        image: str | None = None,
        labels: Mapping[str, str] | None = None,
        grace: int = 10,
        volumes: Mapping[str, str] | None = None,
        memory: int = 0,
    ) -> Container:
        """End a container and start it anew under the same name, address and number.

        `env` is laid over the old environment; a value of "" takes the variable away. Compose
        will see it as its own (the config hash label stays), so `up` leaves it running. With an
        `image`, what the old image gave (variables, command) is the new one's matter. `volumes`
        takes a named volume for another; `memory` is so many bytes more than before.
        """
        raw = self._raw(c.id)
        if image:
            raw = {**raw, "Config": self._own_config(raw)}
        _other_volumes(raw["HostConfig"], volumes or {})
        for limit in ("Memory", "MemorySwap"):
            if raw["HostConfig"].get(limit, 0) > 0:
                raw["HostConfig"][limit] += memory
        if c.state == "paused":
            self.unpause(c)
        self.stop(c, grace)
        self.remove(c)
        return self._create_like(raw, c.service, c.number, env, image, labels, keep_address=True)

    def image_id(self, name: str) -> str:
        """The id of an image by its name; raises NotFound."""
        try:
            return str(self.client.api.inspect_image(name)["Id"])
        except docker.errors.ImageNotFound as error:
            raise NotFound(f"image {name} is not built; run `make images`") from error

    def image_of(self, c: Container) -> str:
        """The id of the image that a container was made from."""
        return str(self._raw(c.id)["Image"])

    def _own_config(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """A container's configuration without what its image gave it."""
        try:
            given = self.client.api.inspect_image(raw["Image"]).get("Config") or {}
        except docker.errors.ImageNotFound:
            return dict(raw["Config"])
        config = {k: v for k, v in raw["Config"].items() if k == "Env" or v != given.get(k)}
        config["Env"] = [e for e in config.get("Env") or [] if e not in (given.get("Env") or [])]
        return config

    def description(self, c: Container) -> dict[str, Any]:
        """All that `make` needs to bring a container and its named volumes back, as plain data."""
        raw = self._raw(c.id)
        names = [m["Name"] for m in raw.get("Mounts") or [] if m.get("Type") == "volume"]
        kept = ("Id", "Config", "HostConfig", "NetworkSettings")
        return {
            "container": {name: raw[name] for name in kept},
            "volumes": {n: self.client.api.inspect_volume(n).get("Labels") or {} for n in names},
            "service": c.service,
            "number": c.number,
        }

    def make(self, told: Mapping[str, Any]) -> Container:
        """Start a container as one was that is gone, from its image; lost volumes are empty."""
        for name, labels in told["volumes"].items():
            # Named by the labels that Compose gave it: else nobody would know whose it is.
            self.client.api.create_volume(name, labels=dict(labels))
        return self._create_like(
            told["container"], told["service"], told["number"], None, None, None, keep_address=True
        )

    def _create_like(
        self,
        raw: Mapping[str, Any],
        service: str,
        number: int,
        env: Mapping[str, str] | None,
        image: str | None,
        labels: Mapping[str, str] | None,
        *,
        keep_address: bool,
    ) -> Container:
        config = dict(raw["Config"])
        config["Labels"] = {
            **(config.get("Labels") or {}),
            SERVICE_LABEL: service,
            NUMBER_LABEL: str(number),
            **(labels or {}),
        }
        # Docker sets the hostname to the container's id; the copy must get its own.
        if config.get("Hostname") == raw["Id"][:12]:
            config.pop("Hostname")
        if image:
            config["Image"] = image
        variables = dict(line.split("=", 1) for line in config.get("Env") or [] if "=" in line)
        variables.update(env or {})
        config["Env"] = [
            f"{k}={v}" for k, v in variables.items() if v != "" or k not in (env or {})
        ]
        config["HostConfig"] = raw["HostConfig"]
        if not keep_address:
            config.pop("MacAddress", None)
        old = raw["Config"]["Labels"].get(SERVICE_LABEL, "")
        endpoints = {}
        # One that was cut off its network is copied as if it were not.
        networks = raw["NetworkSettings"]["Networks"] or {self.network_name(): {"Aliases": [old]}}
        for network, attached in networks.items():
            # The old container's own name is among them; the service's name changes with it.
            aliases = [
                service if alias == old else alias
                for alias in _aliases(attached, raw["Id"])
                if not alias.startswith(f"{self.project}-{old}-")
            ]
            endpoint: dict[str, Any] = {"Aliases": aliases}
            address = (attached.get("IPAMConfig") or {}).get("IPv4Address")
            if keep_address and address:
                endpoint["IPAMConfig"] = {"IPv4Address": address}
            endpoints[network] = endpoint
        config["NetworkingConfig"] = {"EndpointsConfig": endpoints}
        name = f"{self.project}-{service}-{number}"
        try:
            created = self.client.api.create_container_from_config(config, name)
            self.client.api.start(created["Id"])
        except docker.errors.APIError as error:
            raise EngineError(f"{name} cannot be started: {error.explanation}") from error
        return self.inspect(created["Id"])

    # -- the network -----------------------------------------------------------------------

    def cut(self, c: Container) -> Link:
        """Take a container off the region's network; `mend` with the answer undoes it."""
        link = self.link(c)
        try:
            self.client.api.disconnect_container_from_network(c.id, link.network, force=True)
        except docker.errors.APIError as error:
            raise EngineError(f"{c.short} cannot be cut off: {error.explanation}") from error
        return link

    def link(self, c: Container) -> Link:
        """How a container is attached to the network now; raises NotFound when it is not."""
        raw = self._raw(c.id)
        for network, attached in raw["NetworkSettings"]["Networks"].items():
            fixed = (attached.get("IPAMConfig") or {}).get("IPv4Address")
            return Link(
                c.id,
                network,
                fixed or attached.get("IPAddress") or None,
                tuple(_aliases(attached, raw["Id"])),
            )
        raise NotFound(f"{c.short} is on no network")

    def mend(self, link: Link) -> bool:
        """Reconnect what `cut` took off, with its address and aliases; whether it had to be."""
        raw = self._raw(link.container_id)
        if link.network in raw["NetworkSettings"]["Networks"]:
            return False
        # An address that the engine had chosen may be another container's by now.
        for address in (link.ipv4, None):
            try:
                self.client.api.connect_container_to_network(
                    link.container_id, link.network, ipv4_address=address, aliases=[*link.aliases]
                )
                return True
            except docker.errors.APIError as error:
                if address is None or "in use" not in str(error.explanation):
                    name = raw["Name"].lstrip("/")
                    raise EngineError(f"{name} cannot be mended: {error.explanation}") from error
        return True

    def network_name(self) -> str:
        """The region's network as the engine calls it."""
        return f"{self.project}_{NETWORK}"

    # -- tools on the network --------------------------------------------------------------

    def run(
        self,
        image: str,
        argv: Sequence[str],
        *,
        role: str,
        run: str,
        env: Mapping[str, str] | None = None,
        mounts: Mapping[str, str] | None = None,
        user: str = "",
        ports: Mapping[int, int] | None = None,
        network: bool = True,
        memory: str = "512m",
    ) -> Container:
        """Start a helper container (load, probe, settle) on the region's network.

        `mounts` maps host folders to container folders; `ports` container to host ports on
        127.0.0.1. It belongs to no Compose service; `tools` finds it by its role and run.
        """
        binds = [f"{host}:{inside}" for host, inside in (mounts or {}).items()]
        published = {f"{inside}/tcp": ("127.0.0.1", host) for inside, host in (ports or {}).items()}
        try:
            made = self.client.containers.run(
                image,
                list(argv),
                detach=True,
                init=True,
                environment=dict(env or {}),
                volumes=binds,
                user=user or None,
                ports=published,
                network=self.network_name() if network else None,
                mem_limit=memory,
                labels={"tenfold.role": role, RUN_LABEL: run, "tenfold.project": self.project},
            )
        except docker.errors.ImageNotFound as error:
            raise EngineError(f"image {image} is not built; run `make setup`") from error
        except docker.errors.APIError as error:
            raise EngineError(f"{role} cannot be started: {error.explanation}") from error
        return self.inspect(str(made.id))

    def tools(self, run: str | None = None, role: str | None = None) -> list[Container]:
        """Helper containers started by `run`, of one run or of all."""
        wanted = [f"tenfold.project={self.project}", f"{RUN_LABEL}={run}" if run else RUN_LABEL]
        if role:
            wanted.append(f"tenfold.role={role}")
        found = []
        for summary in self.client.api.containers(all=True, filters={"label": wanted}):
            try:
                found.append(self.inspect(summary["Id"]))
            except NotFound:
                continue
        return found

    def wait(self, c: Container, bound: float) -> int:
        """Wait for a container's end and return its exit code; raises EngineError at the bound."""
        try:
            return int(self.client.api.wait(c.id, timeout=int(bound))["StatusCode"])
        except (docker.errors.APIError, OSError) as error:
            raise EngineError(f"{c.name} did not end within {bound:g} s") from error

    def _act(self, c: Container, verb: str, **options: Any) -> None:
        try:
            getattr(self.client.api, verb)(c.id, **options)
        except docker.errors.NotFound as error:
            raise NotFound(f"{c.short} is gone") from error
        except docker.errors.APIError as error:
            raise EngineError(f"{c.short} cannot {verb}: {error.explanation}") from error


def _other_volumes(host: dict[str, Any], volumes: Mapping[str, str]) -> None:
    """Named volumes of a container's configuration, taken for others."""
    for old, new in volumes.items():
        host["Binds"] = [
            new + bind.removeprefix(old) if bind.startswith(f"{old}:") else bind
            for bind in host.get("Binds") or []
        ]
        for mount in host.get("Mounts") or []:
            if mount.get("Source") == old:
                mount["Source"] = new


def _aliases(attached: Mapping[str, Any], container_id: str) -> list[str]:
    return [a for a in attached.get("Aliases") or [] if a != container_id[:12]]


def _describe(raw: Mapping[str, Any]) -> Container:
    labels = raw["Config"].get("Labels") or {}
    state = raw["State"]
    networks = raw["NetworkSettings"]["Networks"]
    ip = next((n.get("IPAddress", "") for n in networks.values()), "") or ""
    return Container(
        id=raw["Id"],
        name=raw["Name"].lstrip("/"),
        service=labels.get(SERVICE_LABEL, ""),
        number=int(labels.get(NUMBER_LABEL, "0") or 0),
        role=labels.get("tenfold.role", ""),
        az=labels.get("tenfold.az", ""),
        region=labels.get("tenfold.region", ""),
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        ip=ip,
        image=raw["Config"]["Image"],
        exit_code=int(state.get("ExitCode", 0)),
        oom_killed=bool(state.get("OOMKilled")),
        started_at=state.get("StartedAt", ""),
        labels=labels,
        finished_at=state.get("FinishedAt", ""),
    )
