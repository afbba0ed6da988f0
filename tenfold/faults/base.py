"""What a fault is, and what all of them share: choosing a victim and starting it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from tenfold import patroni
from tenfold.engine import Container, Engine, EngineError, NotFound
from tenfold.errors import TenfoldError

State = dict[str, Any]


class NoEffect(Exception):
    """The fault was injected and nothing happened."""


class Fault(Protocol):
    """What a drill does to the system."""

    @property
    def lasts(self) -> float | None:
        """Seconds after which it ends by itself; None: until it is healed."""
        ...

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Choose what to hit. `context` is the run's: folder, low, high (users)."""
        ...

    def inject(self, engine: Engine, state: State) -> None:
        """Do it; a fault that waits for its moment adds `at`, when that was, to the state."""
        ...

    def took_effect(self, engine: Engine, state: State) -> str:
        """Evidence in one line; raises NoEffect."""
        ...

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Undo it; answers what was done, nothing where nothing had to be.

        May add `marks` for the history to the state: (name, text, unix time) each.
        """
        ...


@runtime_checkable
class Prepares(Protocol):
    """A fault that needs the stage in a certain state first."""

    def prepare(self, engine: Engine) -> list[str]:
        """Before anything is switched off or measured; answers what was done."""
        ...


@runtime_checkable
class GoesOn(Protocol):
    """A fault of several steps: `inject` is the first, the others come so long after it."""

    @property
    def steps(self) -> list[float]:
        """Seconds after the injection at which `go_on` is called, each once."""
        ...

    def go_on(self, engine: Engine, state: State, step: int) -> str:
        """Take step 1, 2, …; answers with its evidence or raises NoEffect."""
        ...


def choose(engine: Engine, role: str, how: str) -> Container:
    """The container to hit; raises TenfoldError where there is none."""
    if how == "primary":
        return patroni.primary(engine)
    running = engine.containers(role, running=True)
    if not running:
        raise TenfoldError(
            f"no {role} runs in this stage", do="see what runs with `make status`", exit_code=3
        )
    return running[0]


def put_back(fault: Any, engine: Engine, state: State) -> list[str]:
    """What a fault destroyed, as it was before; once all has been judged. Answers what was done.

    For the rehearsal's own sake: no stage survives by it. Faults that destroy nothing have none.
    """
    again = getattr(fault, "put_back", None)
    return list(again(engine, state)) if again else []


def front(engine: Engine) -> str:
    """The site's door on the network: CloudFront, or the only instance where there is none."""
    doors = [*engine.containers("cloudfront"), *engine.containers("web")]
    return f"http://{doors[0].service if doors else 'cloudfront'}:8080"


def named(c: Container) -> State:
    """What identifies a container later, and what a person calls it."""
    return {"id": c.id, "name": c.short, "service": c.service, "az": c.az}


def start_again(engine: Engine, victim: Mapping[str, Any]) -> list[str]:
    """Start a victim unless it runs or was replaced; answers what was done."""
    try:
        now = engine.inspect(victim["id"])
        if now.running:
            return []
        engine.start(now)
    except NotFound:
        return []  # replaced: Auto Scaling removed the dead one
    except EngineError as error:
        if engine.inspect(victim["id"]).running:
            return []
        raise TenfoldError(
            f"{victim['name']} cannot be started again: {error}",
            do="`make heal` tries once more; `make down` and `make stage-N up` start afresh",
            exit_code=4,
        ) from error
    return [f"{victim['name']} started"]
