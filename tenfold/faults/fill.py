"""The database's disk fills up."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import patroni
from tenfold.engine import Engine, EngineError
from tenfold.faults.base import NoEffect, State, named, start_again
from tenfold.wait import wait_until

SCRIPT = """
[ "$(stat -f -c %T /disk)" = tmpfs ] || { echo "this is no disk with an end of its own"; exit 3; }
size=$(df -B1 --output=size /disk | tail -1) used=$(df -B1 --output=used /disk | tail -1)
head -c $((size / 100 * START - used)) /dev/zero > /disk/spill
while :; do
  head -c $((RATE * 1048576 / 2)) /dev/zero >> /disk/spill 2> /dev/null
  sleep 0.5
done
"""


@dataclass(frozen=True)
class FillDisk:
    """Files pile up on the primary's disk, which must be one with an end (switch `small-disk`)."""

    start: int = 65
    """per cent of the disk that are in use at once"""
    rate: int = 8
    """MiB a second from there on, until there is no room"""
    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Whose disk."""
        node = patroni.primary(engine)
        return {
            "folder": str(context["folder"]),
            "victim": named(node),
            "disk": next(iter(engine.description(node)["volumes"])),
            "image": node.image,
        }

    def inject(self, engine: Engine, state: State) -> None:
        """Start to fill it."""
        script = SCRIPT.replace("START", str(self.start)).replace("RATE", str(self.rate))
        tool = self._tool(engine, state, ["bash", "-c", script])
        state["tool"] = tool.id

    def took_effect(self, engine: Engine, state: State) -> str:
        """It is filled, and goes on filling."""
        tool = engine.inspect(state["tool"])

        def percent() -> int:
            if not engine.inspect(tool.id).running:
                raise NoEffect(engine.logs(tool, 2).strip() or "what fills the disk has ended")
            told = engine.exec(tool, ["df", "--output=pcent", "/disk"]).output
            return int(told.split()[-1].rstrip("%"))

        full = wait_until(
            "the disk to fill", lambda: p if (p := percent()) > self.start else 0, bound=20
        )
        return f"the disk of {state['victim']['name']} is {full} % full, {self.rate} MiB/s more"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """The operator ends it, makes room, and starts the database if it went down."""
        done = []
        for tool in engine.tools(Path(state["folder"]).name, "fill"):
            with suppress(EngineError):
                engine.remove(tool)
            done = ["what filled the disk is gone"]
        if done:
            tool = self._tool(engine, state, ["rm", "-f", "/disk/spill"])
            engine.wait(tool, 30)
            engine.remove(tool)
        return done + start_again(engine, state["victim"])

    def _tool(self, engine: Engine, state: State, argv: list[str]) -> Any:
        return engine.run(
            state["image"],
            argv,
            role="fill",
            run=Path(state["folder"]).name,
            mounts={state["disk"]: "/disk"},
            network=False,
            memory="1280m",
        )
