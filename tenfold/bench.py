"""`make bench`: what the front costs, as a ratio within one run; with date and machine."""

from __future__ import annotations

import json
import os
import platform
import time
from typing import Any

from tenfold import record, switches
from tenfold.drill import healing
from tenfold.drill.show import Screen
from tenfold.drill.tools import Tools, connect, new_folder
from tenfold.errors import TenfoldError
from tenfold.interrupt import interruptible
from tenfold.lock import lock

RATIO_AIM = 0.8
ADDED_AIM_MS = 1.0


def front(stage: int, as_json: bool = False) -> int:
    """Measure CloudFront and ALB against the instances; figures only, no verdict."""
    engine, screen = connect(), Screen(as_json)
    if not engine.containers("cloudfront"):
        raise TenfoldError(
            "there is nothing in front of this stage's instance", do="`make stage-2 up` has a front"
        )
    grows = stage >= 3
    with lock("bench"), interruptible():
        healing.leftovers(engine, screen.say)
        folder = new_folder("bench-front", stage)
        tools = Tools(engine, folder.name, folder)
        try:
            if grows:
                # More instances in mid-run would be counted for the front.
                switches.apply(engine, "scale-out", screen.say)
            with screen.live():
                screen.now("measuring, about a minute")
                told: dict[str, Any] = tools.front(engine.containers("web", running=True))
        finally:
            tools.remove()
            if grows:
                switches.undo_all(engine, screen.say)
    told |= {
        "stage": stage,
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "folder": os.path.relpath(folder, record.ROOT),
    }
    (folder / "bench.json").write_text(json.dumps(told, indent=2), encoding="utf-8")
    if not as_json:
        screen.say(
            f"at saturation the front carries {told['ratio']:.2f} of what the "
            f"{told['instances']} instances do themselves (aim {RATIO_AIM})"
        )
        screen.say(
            f"paced, it adds {told['added_p50_ms']:.2f} ms at the median to "
            f"{told['direct_p50_ms']:.2f} ms (aim {ADDED_AIM_MS:g})"
        )
    screen.json(told)
    return 0
