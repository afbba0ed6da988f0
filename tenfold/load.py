"""`make load`: Locust on the stage's network, with live figures here or on its own web page."""

from __future__ import annotations

import csv
import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.live import Live as Moving
from rich.table import Table
from rich.text import Text

from tenfold import inputs, observe, record
from tenfold.drill import healing
from tenfold.drill.live import Live
from tenfold.drill.show import Screen
from tenfold.drill.tools import Tools, connect, new_folder, require_stage
from tenfold.engine import Container
from tenfold.errors import TenfoldError
from tenfold.history import Second, read_facts
from tenfold.interrupt import interruptible
from tenfold.lock import lock
from tenfold.verdict import LOCUST_CPU
from tenfold.wait import WaitTimeout, wait_until

SHAPES = {
    "steady": "all users at once, flat",
    "ramp": "from a tenth up to all",
    "spike": "a tenth, then ten times that for a third of the time, then a tenth",
}
PAGE_PORT = 8089
BARS = "▁▂▃▄▅▆▇█"


def run(
    scenario: str, users: int, seconds: float, ui: bool, stage: int, as_json: bool = False
) -> int:
    """Run a load test; 0 when it ran, 4 when Locust itself was the bottleneck, 130 for Ctrl-C.

    `seconds` 0 goes on until Ctrl-C (or the page's stop button). Raises TenfoldError.
    """
    if scenario not in SHAPES:
        raise TenfoldError(
            f"no scenario is called {scenario}", do=f"there are {', '.join(SHAPES)}", exit_code=2
        )
    engine = connect()
    require_stage(engine, stage)
    screen = Screen(as_json)
    port = _page_port() if ui else 0
    if not engine.containers("web", running=True):
        raise TenfoldError("no web instance runs", do="bring them back with `make heal`")
    code = 0
    with lock("load"), interruptible():
        healing.leftovers(engine, screen.say)
        if port and observe.port_taken(port):
            raise TenfoldError(
                f"port {port} (Locust's page) is taken by another program",
                do=f"choose another one: `make load UI=1 TENFOLD_PORT_LOCUST={port + 1}`",
                exit_code=3,
            )
        folder = new_folder(f"load-{scenario}", stage)
        tools = Tools(engine, folder.name, folder)
        try:
            tool = tools.load(
                users=users, shape=scenario, seconds=seconds or 86_400, pace=1.0, ui_port=port
            )
            if ui:
                screen.say(f"Locust's page: http://127.0.0.1:{port}/ (Ctrl-C ends it)")
            _follow(tools, tool, folder, users, seconds, screen)
        except KeyboardInterrupt:
            screen.say("ended by Ctrl-C: its report is written", style="yellow")
            code = 130 if seconds else 0
        finally:
            for tool in tools.engine.tools(folder.name):
                tools.end(tool)
            tools.remove()
    return _summary(folder, screen) or code


def _page_port() -> int:
    """Where Locust's page is published; raises TenfoldError for what is no port."""
    asked = os.environ.get("TENFOLD_PORT_LOCUST", "")
    return inputs.integer("TENFOLD_PORT_LOCUST", asked, PAGE_PORT, 1, 65535)


def _follow(
    tools: Tools, tool: Container, folder: Path, users: int, seconds: float, screen: Screen
) -> None:
    """Show figures until Locust ends."""
    live, past = Live(folder), list[Second]()
    begun = time.monotonic()
    bound = (seconds or 86_400) + 60

    def look() -> bool:
        before = live.second
        live.look()
        if live.second is not None and live.second is not before:
            past.append(live.second)
            moving.update(_figures(past, time.monotonic() - begun, seconds, users))
        return not tools.engine.inspect(tool.id).running

    with Moving(Text("Locust starts"), console=screen.console, refresh_per_second=4) as moving:
        try:
            wait_until("the end of the load test", look, bound, every=0.5)
        except WaitTimeout as error:
            raise TenfoldError(str(error), do="look at `docker ps`", exit_code=4) from error
    code = tools.engine.inspect(tool.id).exit_code
    # Locust ends with 1 when any request failed, which is a result and not an error.
    if code not in (0, 1) or not past:
        raise TenfoldError(
            f"Locust ended with {code}: {tools.last_words(tool)}", do="`make status`", exit_code=4
        )


def _figures(past: list[Second], at: float, seconds: float, users: int) -> Group:
    now = past[-1]
    table = Table(box=None, padding=(0, 3), show_edge=False)
    for name in ("time", "users", "requests/s", "failed/s", "p50", "p95", "p99", "Locust CPU"):
        table.add_column(name, justify="right", style="bold", header_style="dim")
    table.add_row(
        f"{at:.0f} of {seconds:.0f} s" if seconds else f"{at:.0f} s",
        f"{now.users} of {users}",
        str(now.requests),
        Text(str(now.failures), style="bold red" if now.failures else "bold green"),
        *(f"{ms:.0f} ms" for ms in (now.p50, now.p95, now.p99)),
        Text(f"{now.cpu:.0f} %", style="bold red" if now.cpu > LOCUST_CPU else "dim"),
    )
    recent = past[-60:]
    return Group(
        table,
        Text(f"requests/s  {_bars([s.requests for s in recent])}", style="cyan"),
        Text(f"p95         {_bars([s.p95 for s in recent])}", style="magenta"),
    )


def _bars(values: list[float] | list[int]) -> str:
    """A drawn line of figures, the last minute."""
    most = max(max(values), 1)
    return "".join(BARS[min(len(BARS) - 1, int(v / most * len(BARS)))] for v in values)


def _summary(folder: Path, screen: Screen) -> int:
    """The table at the end, from Locust's own CSV; 4 where Locust was the bottleneck."""
    path = folder / "load_stats.csv"
    if not path.exists():
        return 0
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = Table(box=None, padding=(0, 2))
    table.add_column("")
    for name in ("requests", "failed", "a second", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(name, justify="right")
    total: dict[str, Any] = {}
    for row in rows:
        last = row["Name"] == "Aggregated"
        failed = int(row["Failure Count"])
        cells = [row["Request Count"], str(failed), f"{float(row['Requests/s']):.1f}"]
        cells += [row[p] for p in ("50%", "95%", "99%")]
        table.add_row(row["Name"], *cells, style="bold" if last else "red" if failed else "")
        if last:
            names = ("requests", "failed", "rate", "p50_ms", "p95_ms", "p99_ms")
            total = dict(zip(names, (_figure(c) for c in cells), strict=True))
    cpu = [s.cpu for s in _seconds(folder)]
    busy = sum(c > LOCUST_CPU for c in cpu) >= 2
    told = os.path.relpath(folder, record.ROOT)
    if not screen.as_json:
        screen.console.print(table)
        screen.console.print(f"report: {told}/load.html", style="dim")
    if busy:
        text = f"void: Locust used {max(cpu):.0f} % of its core; the figures are its own limits"
        print(text, file=sys.stderr)
    screen.json({**total, "folder": told, "void": busy})
    return 4 if busy else 0


def _seconds(folder: Path) -> list[Second]:
    return [fact for fact in read_facts([folder / "load.jsonl"]) if isinstance(fact, Second)]


def _figure(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
