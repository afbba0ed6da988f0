"""`make profile`: where the time of the most used requests goes, told by the app itself in one run.

Each instance's /metrics is read before and after a steady load; what is between is the run's own.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from rich.table import Table

from tenfold import record
from tenfold.drill import healing
from tenfold.drill.show import Screen
from tenfold.drill.tools import Tools, connect, new_folder, require_stage
from tenfold.engine import Engine
from tenfold.errors import TenfoldError
from tenfold.interrupt import interruptible
from tenfold.lock import lock

PARTS = ("app", "database", "connection", "cache")
MOST = 5
COUNT, QUERIES = "tenfold_requests_total", "tenfold_request_queries_total"
TOOK = "tenfold_request_part_seconds_total"
ADDRESS = "http://127.0.0.1:8000/metrics"
_LINE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Figures = dict[tuple[str, str, str, str], float]
"""by metric, method, route and part"""


@dataclass(frozen=True)
class Route:
    """One kind of request in the run."""

    request: str
    requests: int
    ms: float
    """mean time in the instance"""
    queries: float
    """mean number"""
    parts: Mapping[str, float] = field(default_factory=dict)
    """mean milliseconds by where they went"""


def read(text: str) -> Figures:
    """The figures of one exposition, over all statuses."""
    found: Figures = {}
    for name, labels, value in _LINE.findall(text):
        if name in (COUNT, QUERIES, TOOK):
            given = dict(_LABEL.findall(labels))
            key = (name, given["method"], given["route"], given.get("part", ""))
            found[key] = found.get(key, 0.0) + float(value)
    return found


def between(before: Mapping[str, Figures], after: Mapping[str, Figures]) -> Figures:
    """What came in between, over all instances; one that is new began at nothing."""
    total: Figures = {}
    for instance, figures in after.items():
        earlier = before.get(instance, {})
        for key, value in figures.items():
            # A smaller figure is a process that began again.
            since = value - earlier.get(key, 0.0)
            total[key] = total.get(key, 0.0) + (since if since >= 0 else value)
    return total


def routes(total: Figures, most: int = MOST) -> list[Route]:
    """The most used kinds of requests, the most used first."""
    asked = {(m, r): n for (name, m, r, _), n in total.items() if name == COUNT and n >= 1}
    ranked = sorted(asked.items(), key=lambda one: (-one[1], one[0]))[:most]
    return [_route(total, *kind, count) for kind, count in ranked]


def _route(total: Figures, method: str, route: str, count: float) -> Route:
    parts = {
        part: round(total.get((TOOK, method, route, part), 0.0) / count * 1000, 2) for part in PARTS
    }
    return Route(
        request=f"{method} /{route}",
        requests=round(count),
        ms=round(sum(parts.values()), 2),
        queries=round(total.get((QUERIES, method, route, ""), 0.0) / count, 2),
        parts=parts,
    )


def run(stage: int, users: int, seconds: float, as_json: bool = False) -> int:
    """A steady load, then the table; raises TenfoldError where nothing was asked."""
    engine, screen = connect(), Screen(as_json)
    require_stage(engine, stage)
    with lock("profile"), interruptible():
        healing.leftovers(engine, screen.say)
        folder = new_folder("profile", stage)
        tools = Tools(engine, folder.name, folder)
        try:
            with screen.live():
                screen.now(f"{users} users for {seconds:g} s")
                before = _look(engine)
                tool = tools.load(users=users, shape="steady", seconds=seconds)
                engine.wait(tool, seconds + 60)
                after = _look(engine)
        finally:
            tools.remove()
    found = routes(between(before, after))
    if not found:
        raise TenfoldError("no request reached an instance", do="`make status`", exit_code=4)
    if not any(one.ms for one in found):
        raise TenfoldError(
            "the instances' image tells nothing of where its time goes",
            do="`make images`, then start the stage again",
            exit_code=4,
        )
    told = {
        "stage": stage,
        "users": users,
        "seconds": seconds,
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores",
        "routes": [asdict(one) for one in found],
        "folder": os.path.relpath(folder, record.ROOT),
    }
    (folder / "profile.json").write_text(json.dumps(told, indent=2), encoding="utf-8")
    if not as_json:
        screen.console.print(table(found))
    screen.json(told)
    return 0


def table(found: Iterable[Route]) -> Table:
    """For a person: mean milliseconds a request."""
    shown = Table(box=None, padding=(0, 2))
    shown.add_column("request")
    for name in ("requests", "queries", "ms", *PARTS):
        shown.add_column(name, justify="right")
    for one in found:
        cells = [f"{one.parts[part]:.1f}" for part in PARTS]
        shown.add_row(one.request, str(one.requests), f"{one.queries:.1f}", f"{one.ms:.1f}", *cells)
    return shown


def _look(engine: Engine) -> dict[str, Figures]:
    """Each instance's figures by its id."""
    found: dict[str, Figures] = {}
    for instance in engine.containers("web", running=True):
        got = engine.exec(instance, ["curl", "-fsS", "-m", "5", ADDRESS])
        if got.code == 0:
            found[instance.id] = read(got.output)
    if not found:
        raise TenfoldError("no instance tells its metrics", do="`make status`", exit_code=4)
    return found
