"""Follows the output of every container of the project over the engine's socket."""

from __future__ import annotations

import http.client
import json
import selectors
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from controlplane.logs.lines import Frames, Record, record

SOCKET = "/var/run/docker.sock"
PROJECT, NUMBER = "com.docker.compose.project", "com.docker.compose.container-number"
ONEOFF, SERVICE = "com.docker.compose.oneoff", "com.docker.compose.service"
OWN = frozenset({"logs", "log-agent"})
"""roles whose lines would make more lines"""
READ = 256 * 1024


class Engine(http.client.HTTPConnection):
    """A connection to the engine's socket."""

    def __init__(self, path: str = SOCKET, timeout: float = 5) -> None:
        """Nothing is sent yet."""
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Over the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass
class Stream:
    """The output of one container, from a moment on."""

    line: socket.socket
    whose: Mapping[str, str]
    frames: Frames = field(default_factory=Frames)
    head: bytes | None = b""
    """of the answer, until all of it is there; then None"""

    def read(self) -> list[Record] | None:
        """What has come; None: the container has ended."""
        try:
            data = self.line.recv(READ)
        except OSError:
            data = b""
        if not data:
            return None
        if self.head is not None:
            head, found, data = (self.head + data).partition(b"\r\n\r\n")
            if not found:
                self.head = head
                return []
            if b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
                return None  # it went before we asked
            self.head = None
        made = (record(line, self.whose) for line in self.frames.feed(data))
        return [one for one in made if one is not None]


class Follower:
    """All streams there are."""

    def __init__(self, project: str, known: Mapping[str, str], path: str = SOCKET) -> None:
        """`known`: the time of the last line that the store has, by instance."""
        self._project, self._path = project, path
        self._last = dict(known)
        self._streams: dict[str, Stream] = {}
        self._ready = selectors.DefaultSelector()

    def refresh(self) -> None:
        """Begin to follow what is new; raises OSError while the engine is away."""
        for told in self._listed():
            if told["Id"] not in self._streams:
                self._begin(told["Id"], whose(told["Labels"], told["Names"][0]))

    def lines(self, seconds: float) -> Iterator[Record]:
        """What comes within so many seconds."""
        for key, _ in self._ready.select(seconds):
            one: str = key.data
            stream = self._streams[one]
            got = stream.read()
            if got is None:
                self._end(one)
                continue
            for found in got:
                self._last[found["instance"]] = found["_time"]
                yield found

    def __len__(self) -> int:
        """How many are followed."""
        return len(self._streams)

    def _listed(self) -> list[dict[str, Any]]:
        wanted = json.dumps({"label": [f"{PROJECT}={self._project}", NUMBER]})
        engine = Engine(self._path)
        try:
            engine.request("GET", f"/containers/json?filters={quote(wanted)}")
            answer = engine.getresponse()
            found = json.loads(answer.read())
        finally:
            engine.close()
        if answer.status != http.client.OK:
            raise OSError(f"the engine answers {answer.status}")
        return [
            c
            for c in found
            if c["Labels"].get("tenfold.role") not in OWN and c["Labels"].get(ONEOFF) != "True"
        ]

    def _begin(self, one: str, labels: Mapping[str, str]) -> None:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(5)
        line.connect(self._path)
        query = "follow=1&stdout=1&stderr=1&timestamps=1"
        if since := self._last.get(labels["instance"]):
            query += f"&since={quote(after(since))}"
        # HTTP/1.0: the answer is the bare stream, not cut into chunks.
        line.sendall(
            f"GET /containers/{one}/logs?{query} HTTP/1.0\r\nHost: engine\r\n\r\n".encode()
        )
        self._streams[one] = Stream(line, labels)
        self._ready.register(line, selectors.EVENT_READ, one)

    def _end(self, one: str) -> None:
        stream = self._streams.pop(one)
        self._ready.unregister(stream.line)
        stream.line.close()


def whose(labels: Mapping[str, str], name: str) -> dict[str, str]:
    """What tells a container's lines from others'."""
    instance = name.removeprefix("/").removeprefix(f"{labels.get(PROJECT, '')}-")
    found = {"service": labels.get(SERVICE, ""), "instance": instance}
    for short in ("role", "az", "region"):
        if value := labels.get(f"tenfold.{short}"):
            found[short] = value
    return found


def after(when: str) -> str:
    """The nanosecond after an RFC 3339 time in UTC, as the engine's `since` wants it."""
    import calendar
    import time

    whole, _, rest = when.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    nanos = int(rest.ljust(9, "0")[:9]) + 1
    return f"{seconds + nanos // 10**9}.{nanos % 10**9:09d}"
