"""What a worker has in hand, as its own log tells: jobs that were started and have not ended.

The log of a frozen worker can be read, and it does not change meanwhile.
"""

from __future__ import annotations

import json

from tenfold.engine import Container, Engine

STARTED, ENDED = "task_started", ("task_succeeded", "task_failed", "task_retried")


def in_hand(engine: Engine, worker: Container) -> list[str]:
    """Names of the jobs that the worker is doing now."""
    return held(engine.logs(worker, tail=400))


def held(log: str) -> list[str]:
    """The jobs that a log shows as started and not ended; lines that are no JSON are left out."""
    open_jobs: dict[str, str] = {}
    for line in log.splitlines():
        try:
            entry = json.loads(line)
            event, job = entry["event"], str(entry["task_id"])
        except (ValueError, KeyError, TypeError):
            continue
        if event == STARTED:
            open_jobs[job] = str(entry.get("task", "a job"))
        elif event in ENDED:
            open_jobs.pop(job, None)
    return sorted(open_jobs.values())
