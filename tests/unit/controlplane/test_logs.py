"""The log agent: frames into lines, lines into records, nothing sent twice or lost on the way."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.logs.follow import Follower, after, whose
from controlplane.logs.lines import Frames, record
from controlplane.logs.store import Store
from tenfold.wait import wait_until

WHOSE = {"service": "web-a", "instance": "web-a-1", "role": "web", "az": "a"}
AT = "2026-11-25T07:00:00.000000001Z"


def frame(text: bytes, output: int = 1) -> bytes:
    return struct.pack(">BxxxL", output, len(text)) + text


@given(st.lists(st.integers(1, 30), max_size=30))
def test_lines_are_the_same_however_they_are_cut(cuts: list[int]) -> None:
    data = frame(b"one\ntw") + frame(b"aside\n", 2) + frame(b"o\nthree\n")
    frames, found = Frames(), []
    for cut in cuts:
        found += frames.feed(data[:cut])
        data = data[cut:]
    found += frames.feed(data)
    assert found == ["one", "aside", "two", "three"]


def test_a_line_of_json_becomes_fields_and_a_text() -> None:
    line = {
        "ts": "x",
        "level": "info",
        "event": "request",
        "method": "GET",
        "path": "/",
        "status": 200,
    }
    told = record(f"{AT} {json.dumps({**line, 'ms': 3.5, 'request_id': 'r-1'})}", WHOSE)
    assert told is not None
    assert told["_time"] == AT
    assert told["_msg"] == "GET / 200 3.5"
    assert (told["status"], told["request_id"], told["instance"]) == ("200", "r-1", "web-a-1")
    assert "ts" not in told


def test_the_load_balancers_line_has_the_same_id_as_the_apps() -> None:
    line = {"service": "elsewhere", "trace_id": "Root=1-abc", "method": "GET", "uri": "/"}
    told = record(f"{AT} {json.dumps({**line, 'status': 200})}", WHOSE)
    assert told is not None
    assert told["request_id"] == "1-abc"
    assert told["service"] == "web-a", "whose line it is, the agent says"


@pytest.mark.parametrize("text", ["plain words", '{"torn":', '["no", "object"]', "{}"])
def test_any_other_line_is_its_own_text(text: str) -> None:
    told = record(f"{AT} {text}", WHOSE)
    assert told is not None
    assert told["_msg"] == text


def test_an_empty_line_is_none() -> None:
    assert record(f"{AT} ", WHOSE) is None


@pytest.mark.parametrize(
    ("when", "next_one"),
    [
        ("1970-01-01T00:00:01Z", "1.000000001"),
        ("1970-01-01T00:00:01.5Z", "1.500000001"),
        ("1970-01-01T00:00:01.999999999Z", "2.000000000"),
    ],
)
def test_goes_on_a_nanosecond_later(when: str, next_one: str) -> None:
    assert after(when) == next_one


def test_a_container_is_named_as_people_know_it() -> None:
    labels = {
        "com.docker.compose.project": "tenfold",
        "com.docker.compose.service": "web-a",
        "tenfold.role": "web",
        "tenfold.az": "a",
    }
    assert whose(labels, "/tenfold-web-a-2") == {**WHOSE, "instance": "web-a-2"}


class Away(BaseHTTPRequestHandler):
    """A log store that can be away."""

    up: ClassVar[bool] = False
    got: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if Away.up:
            Away.got += [json.loads(line) for line in body.splitlines()]
        self.send_response(200 if Away.up else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store() -> Iterator[Store]:
    server = HTTPServer(("127.0.0.1", 0), Away)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    Away.up, Away.got = False, []
    yield Store("127.0.0.1", server.server_address[1], kept=3)
    server.shutdown()
    server.server_close()


def test_what_waits_is_sent_once_the_store_is_back_and_the_oldest_is_given_up(store: Store) -> None:
    store.add({"_msg": str(n)} for n in range(5))
    with pytest.raises(OSError, match="503"):
        store.send()
    assert (len(store.waiting), store.dropped) == (3, 2)
    Away.up = True
    store.send()
    store.send()
    assert [one["_msg"] for one in Away.got] == ["2", "3", "4"]


class FakeEngine:
    """The engine's socket: one container, its log from the asked moment on."""

    def __init__(self, path: Path) -> None:
        self.asked: list[str] = []
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.line.bind(str(path))
        self.line.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        names = {"com.docker.compose.project": "tenfold", "com.docker.compose.service": "web-a"}
        listed = json.dumps([{"Id": "c1", "Names": ["/tenfold-web-a-1"], "Labels": names}]).encode()
        while True:
            try:
                line, _ = self.line.accept()
            except OSError:
                return
            asked = line.recv(4096).decode().splitlines()[0]
            self.asked.append(asked)
            if "/logs?" in asked:
                line.sendall(b"HTTP/1.0 200 OK\r\nX: y\r\n\r\n" + frame(f"{AT} hello\n".encode()))
            else:
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(listed)}\r\n\r\n".encode()
                line.sendall(head + listed)
            line.close()


def asked_since(engine: FakeEngine, moment: str) -> None:
    """The newest question for a log is from this moment on."""
    wait_until(moment, lambda: f"since={moment}" in engine.asked[-1], bound=5, every=0.01)


def test_follows_from_the_last_line_that_the_store_has(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path / "socket")
    follower = Follower("tenfold", {"web-a-1": "1970-01-01T00:00:09Z"}, str(tmp_path / "socket"))
    follower.refresh()
    asked_since(engine, "9.000000001")
    found: list[dict[str, str]] = []
    for _ in range(20):
        found += follower.lines(0.1)
        if found and len(follower) == 0:
            break
    assert [one["_msg"] for one in found] == ["hello"]
    assert len(follower) == 0, "an ended container is followed no more"
    # Started again, it goes on after the line that was read.
    follower.refresh()
    asked_since(engine, after(AT))
    engine.line.close()
