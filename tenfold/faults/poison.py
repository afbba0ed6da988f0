"""A message that kills whoever works on it."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenfold import sql, sqs
from tenfold.engine import Engine, EngineError
from tenfold.errors import TenfoldError
from tenfold.faults.base import NoEffect, State, choose, named
from tenfold.wait import WaitTimeout, wait_until

DEAD_LETTERS = f"{sqs.QUEUE}-dlq"
DIED = "service_died"


@dataclass(frozen=True)
class Poison:
    """One effect that kills its worker's process, put into the outbox as any other.

    The worker's instance brings the process back; the message comes again when its visibility
    timeout is over, and kills once more.
    """

    lasts: float | None = None
    bound: float = 30.0

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """The queue, and how often workers have died before."""
        return {
            "victim": named(choose(engine, "sqs", "first")),
            "effect": str(uuid.uuid4()),
            "deaths": deaths(engine),
        }

    def inject(self, engine: Engine, state: State) -> None:
        """Promise it: the relay hands it to the queue."""
        sql.run(
            engine,
            "INSERT INTO aws_outbox (id, task, payload) "
            f"VALUES ('{state['effect']}', 'aws.poison', '{{}}')",
        )
        state["at"] = time.time()

    def took_effect(self, engine: Engine, state: State) -> str:
        """A worker's process has died since."""
        before = state["deaths"]

        def died() -> list[str]:
            return [name for name, n in deaths(engine).items() if n > before.get(name, 0)]

        try:
            names = wait_until("a worker to die of it", died, self.bound)
        except WaitTimeout as error:
            raise NoEffect("no worker's process died of the message") from error
        return f"the worker's process of {names[0]} died of the message, and was started again"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """End it: its id counts as done, so that the next worker lets it pass; dead letters go."""
        done = []
        sql.run(
            engine,
            "INSERT INTO aws_effect_done (effect_id, done_at) "
            f"VALUES ('{state['effect']}', now()) ON CONFLICT DO NOTHING",
        )
        with contextlib.suppress(EngineError, TenfoldError, ValueError):
            queue = engine.inspect(state["victim"]["id"])
            if n := sqs.depth(engine, queue, DEAD_LETTERS).total:
                sqs.purge(engine, queue, DEAD_LETTERS)
                done.append(f"{n} dead letter(s) put away")
        return done


def deaths(engine: Engine) -> dict[str, int]:
    """How often each worker's process has died, as its instance's log tells."""
    found = {}
    for worker in engine.containers("worker", running=True):
        count = 0
        for line in engine.logs(worker, tail=2000).splitlines():
            with contextlib.suppress(ValueError, AttributeError):
                count += json.loads(line).get("event") == DIED
        found[worker.short] = count
    return found
