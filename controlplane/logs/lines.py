"""From a container's output to records of the log store. Pure."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

HEADER = struct.Struct(">BxxxL")
"""of a frame: which output, how many bytes follow"""
LONGEST = 64 * 1024
"""bytes of one line; what is beyond is cut off"""
Record = dict[str, str]
TITLES = (
    ("method", "path", "status", "ms"),
    ("method", "uri", "elb_status_code", "target"),
    ("method", "uri", "status"),
    ("loop", "event", "resource"),
    ("loop", "error"),
    ("event",),
)
"""what makes a structured line readable, the first set that is there"""


@dataclass
class Frames:
    """The engine's frames, and the lines in them; each output is put together by itself."""

    rest: bytes = b""
    parts: dict[int, bytes] = field(default_factory=dict)

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are complete now."""
        self.rest += data
        while len(self.rest) >= HEADER.size:
            output, size = HEADER.unpack_from(self.rest)
            if len(self.rest) < HEADER.size + size:
                return
            text = self.rest[HEADER.size : HEADER.size + size]
            self.rest = self.rest[HEADER.size + size :]
            *whole, part = (self.parts.get(output, b"") + text).split(b"\n")
            self.parts[output] = part[:LONGEST]
            for line in whole:
                if line:
                    yield line[:LONGEST].decode(errors="replace")


def record(line: str, whose: Mapping[str, str]) -> Record | None:
    """A line `TIME TEXT` as the engine gives it; None for an empty one.

    A line of JSON becomes fields, and `_msg` a short text of them; any other line is `_msg`.
    """
    when, _, text = line.partition(" ")
    text = text.strip()
    if not text:
        return None
    found: Record = {}
    if text.startswith("{"):
        found = _fields(text)
    found |= whose
    found["_time"] = when
    found["_msg"] = found.pop("message", "") or _title(found) or text
    if "trace_id" in found:
        # One name for it everywhere: the app's lines of a request and the load balancer's.
        found["request_id"] = found.pop("trace_id").removeprefix("Root=")
    return found


def _fields(text: str) -> Record:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    # `service` and `instance` are the agent's to say; a line's own time is the engine's.
    left_out = ("service", "instance", "role", "az", "ts", "time")
    return {k: _word(v) for k, v in told.items() if k not in left_out and v not in (None, "")}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _title(found: Record) -> str:
    for names in TITLES:
        if all(name in found for name in names):
            return " ".join(found[name] for name in names)
    return ""
