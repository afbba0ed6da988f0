"""What the probe looks at besides: the machine, the control plane's events, primaries, alarm mails.

Observers never count as requests, and what they cannot reach they leave out.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TextIO

import aiohttp

from tenfold import history
from tenfold.history import Machine, Mark, Primaries

STAT = Path("/proc/stat")
OPERATOR = "operator@tenfold.example"
"""who gets the alarms' mails (compose/services/alarms/sns.yaml)"""


def cpu_times(stat: str) -> tuple[float, float]:
    """Busy and all jiffies of all cores, from /proc/stat (the machine's, in a container too)."""
    fields = [float(part) for part in stat.splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, sum(fields)


async def observe(
    out: TextIO, stopping: asyncio.Event, events: str, nodes: dict[str, str], inbox: str = ""
) -> None:
    """Write Machine, Mark and Primaries lines until stopped."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1.0)) as http,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(_machine(out, stopping))
        if events:
            group.create_task(_events(out, stopping, http, events))
        if nodes:
            group.create_task(_primaries(out, stopping, http, nodes))
        if inbox:
            group.create_task(_mails(out, stopping, http, inbox))


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Wait for the next look, or for the end."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return


async def _machine(out: TextIO, stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    busy, every = cpu_times(STAT.read_text())
    while not stopping.is_set():
        before = loop.time()
        await pause(stopping, 1)
        lag = max(0.0, loop.time() - before - 1) * 1000
        busy2, every2 = cpu_times(STAT.read_text())
        share = 100 * (busy2 - busy) / max(1.0, every2 - every)
        busy, every = busy2, every2
        out.write(history.to_line(Machine(time.time(), round(share, 1), round(lag, 1))) + "\n")


async def _events(
    out: TextIO, stopping: asyncio.Event, http: aiohttp.ClientSession, base: str
) -> None:
    since = time.time()
    seen: set[tuple[object, ...]] = set()
    while not stopping.is_set():
        try:
            async with http.get(f"{base}/events", params={"since": f"{since:.3f}"}) as got:
                found = (await got.json(content_type=None))["events"]
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
            found = []  # the control plane is away: its events come when it is back
        for one in found:
            identity = (one["ts"], one["loop"], one["event"], one.get("resource"))
            if identity in seen:
                continue
            seen.add(identity)
            mark = Mark(one["ts"], one["event"], str(one.get("resource", "")), one["loop"])
            out.write(history.to_line(mark) + "\n")
            # A little overlap: events are stamped when they happen and shown a moment later.
            since = max(since, one["ts"] - 10)
        await pause(stopping, 1)


async def _primaries(
    out: TextIO, stopping: asyncio.Event, http: aiohttp.ClientSession, nodes: dict[str, str]
) -> None:
    async def is_primary(address: str) -> bool:
        try:
            async with http.get(f"http://{address}:8008/primary") as got:
                return got.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    while not stopping.is_set():
        at = time.time()
        answers = await asyncio.gather(*(is_primary(address) for address in nodes.values()))
        who = tuple(name for name, yes in zip(nodes, answers, strict=True) if yes)
        out.write(history.to_line(Primaries(at, who)) + "\n")
        await pause(stopping, 0.5)


async def _mails(
    out: TextIO, stopping: asyncio.Event, http: aiohttp.ClientSession, base: str
) -> None:
    """A mark for each alarm mail, when the operator could read it; those from before are known."""
    asked = {"to.address": OPERATOR, "sort": "desc", "limit": "50"}
    known: set[str] | None = None
    while not stopping.is_set():
        try:
            async with http.get(f"{base}/api/email", params=asked) as got:
                mails = await got.json(content_type=None)
            found = {str(mail["id"]): str(mail["subject"]) for mail in mails}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
            await pause(stopping, 0.5)
            continue  # the inbox is away: its mails come when it is back
        at = time.time()
        for one in reversed([] if known is None else [i for i in found if i not in known]):
            if mark := history.alarm_mark(found[one], at):
                out.write(history.to_line(mark) + "\n")
        known = (known or set()) | set(found)
        await pause(stopping, 0.5)
