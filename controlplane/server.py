"""The control plane's HTTP interface: health, state, events, switches, metrics, discovery.

Reads what the loops say of themselves; a switch changes something, and a deploy takes targets out
of the load balancer and gives Auto Scaling its template. Answers JSON (metrics: text) and is
reached on the region's network alone, since no port is published.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qs, urlsplit

from controlplane import metrics
from controlplane.discovery import Discovery
from controlplane.events import Events
from controlplane.runner import Runner
from controlplane.settings import Switches

PORT = 9900
BODY_LIMIT = 4096
Answer = tuple[int, Any]


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, reason: str, **detail: Any) -> None:
        """`detail` goes into the answer."""
        super().__init__(reason)
        self.status = status
        self.detail = detail


@runtime_checkable
class Targets(Protocol):
    """The load balancer's target group, as a deploy uses it."""

    def deregister(self, name: str) -> bool:
        """Begin draining; whether it is registered."""
        ...

    def register(self, name: str) -> bool:
        """End draining; whether it is registered."""
        ...


@runtime_checkable
class Scaling(Protocol):
    """The auto-scaling group, as a deploy uses it."""

    def launch_template(
        self, version: int, env: Mapping[str, str], hashes: Mapping[str, str]
    ) -> None:
        """A new version of what is launched."""
        ...


class Api:
    """The answers, without HTTP."""

    def __init__(
        self,
        runners: Mapping[str, Runner],
        events: Events,
        switches: Switches,
        discovery: Discovery,
        group: Targets | None = None,
        scaling: Scaling | None = None,
    ) -> None:
        """`runners` by the names of their loops; the last two where there are such."""
        self.runners = runners
        self.events = events
        self.switches = switches
        self.discovery = discovery
        self.group = group
        self.scaling = scaling

    def healthz(self) -> Answer:
        """503 when a loop hangs."""
        loops = {n: {"ok": r.alive, "age": round(r.age, 2)} for n, r in self.runners.items()}
        ok = all(r["ok"] for r in loops.values())
        return (200 if ok else 503), {"ok": ok, "loops": loops}

    def state(self) -> Answer:
        """What each loop knows, and the switches; the usage has a page of its own."""
        states = {name: told for name, told in self._states().items() if name != "cloudwatch"}
        return 200, {**states, "switches": self.switches.as_dict()}

    def told(self, since: str) -> Answer:
        """The events from a unix time on."""
        try:
            ts = float(since or 0)
        except ValueError:
            ts = math.nan
        if math.isnan(ts):
            raise Refused(400, f"since is {since!r}; it should be a unix time")
        return 200, {"events": self.events.since(ts)}

    def metrics(self) -> Answer:
        """Prometheus' text."""
        return 200, metrics.page(
            self._states(), self.runners.values(), self.events.counts(), self.switches.as_dict()
        )

    def usage(self) -> Answer:
        """The instances' and the queues' figures, each with the labels of what it is about."""
        return 200, metrics.usage(self._states().get("cloudwatch") or {})

    def targets(self) -> Answer:
        """What there is to scrape."""
        return 200, self.discovery.targets()

    def agents(self) -> Answer:
        """The agents there are to scrape."""
        return 200, self.discovery.agents()

    def switch(self, name: str, body: bytes) -> Answer:
        """Take a part of the design away, or put it back."""
        known = self.switches.as_dict()
        if name not in known:
            raise Refused(404, f"there is no switch {name}", switches=sorted(known))
        off = _flag(body, "off")
        if off is not known[name]["off"]:
            self.switches.set(name, off=off)
            self.events.emit("switches", "switched", name, off=off)
        return 200, {"switch": name, "off": off}

    def target(self, name: str, body: bytes) -> Answer:
        """Take an instance out of the load balancer, or put it back; repeats safely."""
        if self.group is None:
            raise Refused(404, "there is no load balancer here")
        draining = _flag(body, "draining")
        known = self.group.deregister(name) if draining else self.group.register(name)
        if not known:
            raise Refused(404, f"{name} is not registered")
        return 200, {"target": name, "draining": draining}

    def template(self, body: bytes) -> Answer:
        """A new version of the launch template."""
        if self.scaling is None:
            raise Refused(404, "there is no auto-scaling group here")
        try:
            told = json.loads(body)
            version, env, hashes = int(told["version"]), told["env"], told["hashes"]
            texts = [*env, *env.values(), *hashes, *hashes.values()]
        except (ValueError, TypeError, KeyError, AttributeError):
            texts = [None]
        if not all(isinstance(text, str) for text in texts):
            raise Refused(400, "the body should have a version, an env and hashes")
        self.scaling.launch_template(version, env, hashes)
        return 200, {"version": version}

    def _states(self) -> dict[str, Any]:
        return {name: runner.loop.state() for name, runner in self.runners.items()}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    timeout = 10
    api: Api

    def do_GET(self) -> None:
        """Everything that only looks."""
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        look: dict[str, Callable[[], Answer]] = {
            "/healthz": self.api.healthz,
            "/state": self.api.state,
            "/events": lambda: self.api.told(query.get("since", ["0"])[-1]),
            "/metrics": self.api.metrics,
            "/metrics/usage": self.api.usage,
            "/sd/all": self.api.targets,
            "/sd/hosts": self.api.agents,
        }
        self._answer(look.get(url.path) or (lambda: _unknown(url.path)))

    def do_PUT(self) -> None:
        """`/switch/NAME`, `/target/NAME` and `/template`."""
        body = self._body()
        path = urlsplit(self.path).path
        prefix, _, name = path.removeprefix("/").partition("/")
        if prefix == "switch":
            self._answer(lambda: self.api.switch(name, body))
        elif prefix == "target":
            self._answer(lambda: self.api.target(name, body))
        elif path == "/template":
            self._answer(lambda: self.api.template(body))
        else:
            self._answer(lambda: _unknown(path))

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > BODY_LIMIT:
            self.close_connection = True
            return b""
        return self.rfile.read(int(length))

    def _answer(self, make: Callable[[], Answer]) -> None:
        try:
            status, content = make()
        except Refused as refused:
            status, content = refused.status, {"error": str(refused), **refused.detail}
        except Exception as error:  # noqa: BLE001 (an answer says so; the server goes on)
            self.api.events.error("server", error)
            status, content = 500, {"error": f"{type(error).__name__}: {error}"}
        text = isinstance(content, str)
        data = content.encode() if text else json.dumps(content, default=str).encode()
        self.send_response(status, HTTPStatus(status).phrase)
        self.send_header("Content-Type", metrics.CONTENT_TYPE if text else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: the log is for what the loops do."""


class Server(ThreadingHTTPServer):
    """Serves an Api until it is shut down."""

    daemon_threads = True

    def __init__(self, api: Api, address: tuple[str, int] = ("0.0.0.0", PORT)) -> None:
        """Binds at once; raises OSError."""
        super().__init__(address, type("BoundHandler", (Handler,), {"api": api}))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away in mid-answer is no news."""


def _unknown(path: str) -> Answer:
    paths = [
        "/healthz",
        "/state",
        "/events",
        "/metrics",
        "/sd/all",
        "/switch/NAME",
        "/target/NAME",
        "/template",
    ]
    raise Refused(404, f"there is no {path}", paths=paths)


def _flag(body: bytes, name: str) -> bool:
    try:
        value = json.loads(body).get(name)
    except (ValueError, AttributeError):
        value = None
    if not isinstance(value, bool):
        raise Refused(400, f'the body should be {{"{name}": true}} or {{"{name}": false}}')
    return value
