"""An effect of the seams themselves: the one that a drill needs."""

from __future__ import annotations

import os
import signal
from typing import Any

from aws.effects import effect
from aws.once import once


@effect("aws.poison")
def poison(payload: dict[str, Any], effect_id: str) -> None:
    """Kill the process that does it, each time, as a crash in a native library would.

    Nothing promises it but the drill `poison`, which ends it by noting its id as done.
    """
    with once(effect_id) as first:
        if first:
            os.kill(os.getpid(), signal.SIGKILL)
