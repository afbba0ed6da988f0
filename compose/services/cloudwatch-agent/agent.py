#!/usr/bin/python3
"""CloudWatch's agent: what the kernel counts for this machine, at :9100 in Prometheus' format.

The machine is a container: CPU and memory are its control group's (version 1 or 2), with its
limits. AGENT_DISK is the folder of its disk; with AGENT_DISK_MIB that much was ordered, since the
engine's own disk underneath is far larger. AGENT_MORE names files of figures that others write.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PORT = 9100
DISK_SECONDS = 5.0
"""a walk through a disk's files is not done more often"""
MIB = 1024 * 1024
UNLIMITED = 1 << 60
Figures = dict[str, float]

ABOUT = {
    "tenfold_host_cpu_seconds_total": ("counter", "CPU time used"),
    "tenfold_host_cpu_limit": ("gauge", "CPUs that may be used"),
    "tenfold_host_memory_bytes": ("gauge", "memory in use, without the cache that can be dropped"),
    "tenfold_host_memory_limit_bytes": ("gauge", "memory that may be used"),
    "tenfold_host_oom_kills_total": ("counter", "processes killed for want of memory"),
    "tenfold_host_disk_bytes": ("gauge", "disk in use"),
    "tenfold_host_disk_limit_bytes": ("gauge", "disk there is"),
}


def group(root: Path) -> Figures:
    """CPU and memory of the control group at `root`; what cannot be read is left out."""
    found = _version2(root) if (root / "cgroup.controllers").exists() else _version1(root)
    return {name: value for name, value in found.items() if value is not None}


def _version1(root: Path) -> dict[str, float | None]:
    usage = _number(root / "cpuacct/cpuacct.usage")
    quota, period = _number(root / "cpu/cpu.cfs_quota_us"), _number(root / "cpu/cpu.cfs_period_us")
    used = _number(root / "memory/memory.usage_in_bytes")
    cache = _table(root / "memory/memory.stat").get("total_inactive_file", 0)
    limit = _number(root / "memory/memory.limit_in_bytes")
    return {
        "tenfold_host_cpu_seconds_total": None if usage is None else usage / 1e9,
        "tenfold_host_cpu_limit": _cpus(quota, period),
        "tenfold_host_memory_bytes": None if used is None else max(0.0, used - cache),
        "tenfold_host_memory_limit_bytes": _memory(limit),
        "tenfold_host_oom_kills_total": _table(root / "memory/memory.oom_control").get("oom_kill"),
    }


def _version2(root: Path) -> dict[str, float | None]:
    usage = _table(root / "cpu.stat").get("usage_usec")
    quota, _, period = _text(root / "cpu.max").partition(" ")
    used = _number(root / "memory.current")
    cache = _table(root / "memory.stat").get("inactive_file", 0)
    return {
        "tenfold_host_cpu_seconds_total": None if usage is None else usage / 1e6,
        "tenfold_host_cpu_limit": _cpus(_float(quota), _float(period)),
        "tenfold_host_memory_bytes": None if used is None else max(0.0, used - cache),
        "tenfold_host_memory_limit_bytes": _memory(_number(root / "memory.max")),
        "tenfold_host_oom_kills_total": _table(root / "memory.events").get("oom_kill"),
    }


def disk(folder: Path, ordered: int) -> Figures:
    """Bytes in use and bytes there are; `ordered` bytes, or what the file system has if less."""
    try:
        told = os.statvfs(folder)
    except OSError:
        return {}
    size = told.f_blocks * told.f_frsize
    if ordered and ordered < size:
        used, size = _files(folder), ordered
    else:
        used = size - told.f_bavail * told.f_frsize
    return {"tenfold_host_disk_bytes": used, "tenfold_host_disk_limit_bytes": size}


def _files(folder: Path) -> int:
    """Bytes on the disk of all files; what goes away meanwhile is left out."""
    total, todo = 0, [str(folder)]
    while todo:
        with contextlib.suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


@lru_cache(maxsize=1)
def _disk_lately(folder: Path, ordered: int, _turn: int) -> Figures:
    return disk(folder, ordered)


def page(environ: Mapping[str, str], root: Path = Path("/sys/fs/cgroup")) -> str:
    """All figures of this moment."""
    found = group(root)
    if folder := environ.get("AGENT_DISK"):
        ordered = int(environ.get("AGENT_DISK_MIB") or 0) * MIB
        found |= _disk_lately(Path(folder), ordered, int(time.monotonic() / DISK_SECONDS))
    lines = []
    for name, value in found.items():
        kind, about = ABOUT[name]
        lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}", f"{name} {value:.10g}"]
    more = (_text(Path(name)) for name in environ.get("AGENT_MORE", "").split())
    return "\n".join([*lines, *(text for text in more if text), ""])


class Handler(BaseHTTPRequestHandler):
    """GET /metrics."""

    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        """The page."""
        there = self.path.partition("?")[0] == "/metrics"
        body = page(os.environ).encode() if there else b"there is /metrics\n"
        self.send_response(200 if there else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        # One at a time is served: nobody keeps the only place.
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """It is asked all the time: no line."""


def _cpus(quota: float | None, period: float | None) -> float:
    """A quota's CPUs; all there are where there is none."""
    return quota / period if quota and period and quota > 0 else float(os.cpu_count() or 1)


def _memory(limit: float | None) -> float | None:
    """A limit in bytes; the machine's memory where there is none."""
    if limit is not None and limit < UNLIMITED:
        return limit
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _table(path: Path) -> dict[str, float]:
    """`name value` lines."""
    pairs = (line.split() for line in _text(path).splitlines())
    return {p[0]: float(p[1]) for p in pairs if len(p) == 2 and p[1].isdigit()}


def _number(path: Path) -> float | None:
    return _float(_text(path))


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


if __name__ == "__main__":
    HTTPServer(("", PORT), Handler).serve_forever()
