"""Design switches: the one thing that makes a stage survive, taken away and put back.

A negative control (`WITHOUT=health-check`) proves that a drill can fail and that this thing is what
saves the stage. Each switch is a pair, verified both ways, and recorded in `.tenfold/switches.json`
before it is applied, so that `status` shows it and `heal` undoes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tenfold import controlplane_client as controlplane
from tenfold import patroni, record
from tenfold.engine import Container, Engine, EngineError, NotFound
from tenfold.errors import TenfoldError
from tenfold.wait import WaitTimeout, wait_until

State = dict[str, Any]


class Switch(Protocol):
    """A part of the design that can be taken away."""

    @property
    def says(self) -> str:
        """What is off, for a person."""
        ...

    def plan(self, engine: Engine) -> State:
        """What will be touched, as plain data."""
        ...

    def off(self, engine: Engine, state: State) -> None:
        """Take it away and see that it is; raises WaitTimeout or TenfoldError."""
        ...

    def on(self, engine: Engine, state: State) -> None:
        """Put it back and see that it is; repeats safely."""
        ...


@dataclass(frozen=True)
class Setting:
    """A setting of the running control plane; gone anyway when it restarts."""

    name: str
    says: str

    def plan(self, engine: Engine) -> State:
        """Nothing to remember."""
        return {}

    def off(self, engine: Engine, state: State) -> None:
        """PUT /switch/NAME."""
        self._set(engine, off=True)

    def on(self, engine: Engine, state: State) -> None:
        """And back."""
        self._set(engine, off=False)

    def _set(self, engine: Engine, *, off: bool) -> None:
        controlplane.ask(engine, "PUT", f"/switch/{self.name}", {"off": off})

        def seen() -> bool:
            told = controlplane.state(engine).get("switches", {})
            return is_off(told, self.name) is off

        wait_until(f"{self.name} to be {'off' if off else 'on'}", seen, bound=10)


def is_off(told: Mapping[str, Mapping[str, bool]], name: str) -> bool:
    """Whether /state's `switches`, {"name": {"off": bool}}, shows a switch as off."""
    return told.get(name, {}).get("off", False)


@dataclass(frozen=True)
class Environment:
    """Containers of a role started anew with another environment."""

    role: str
    env: tuple[tuple[str, str], ...]
    says: str

    def plan(self, engine: Engine) -> State:
        """The values as they are, to be put back."""
        return {
            "before": {
                c.service: {name: engine.environment(c).get(name, "") for name, _ in self.env}
                for c in engine.containers(self.role)
            }
        }

    def off(self, engine: Engine, state: State) -> None:
        """One container after the other, each ready before the next."""
        for c in engine.containers(self.role):
            self._renew(engine, c, dict(self.env))

    def on(self, engine: Engine, state: State) -> None:
        """The values from before; what has them already is left alone."""
        for c in engine.containers(self.role):
            before = state["before"].get(c.service, {})
            now = engine.environment(c)
            if any(now.get(name, "") != value for name, value in before.items()):
                self._renew(engine, c, before)

    def _renew(self, engine: Engine, c: Container, env: dict[str, str]) -> None:
        fresh = engine.recreate(c, env=env)

        def ready() -> bool:
            now = engine.inspect(fresh.id)
            return now.running and now.health in ("healthy", "")

        wait_until(f"{fresh.short} to be ready", ready, bound=60, tolerate=(NotFound,))
        told = engine.environment(fresh)
        wrong = [name for name, value in env.items() if told.get(name, "") != value]
        if wrong:
            raise TenfoldError(
                f"{fresh.short} did not take {', '.join(wrong)}", do="`make heal`", exit_code=4
            )


@dataclass(frozen=True)
class Standby:
    """Multi-AZ: the synchronous standby is taken away."""

    says: str

    def plan(self, engine: Engine) -> State:
        """Which node it is."""
        node = patroni.standby(engine)
        return {"id": node.id, "name": node.short}

    def off(self, engine: Engine, state: State) -> None:
        """Stop it, and see that the cluster has none."""
        controlplane.ask(engine, "PUT", "/switch/replace", {"off": True})
        engine.stop(engine.inspect(state["id"]), grace=5)
        wait_until(
            "the standby to be gone",
            lambda: all(m.role != "sync_standby" for m in patroni.members(engine)),
            bound=30,
            tolerate=(EngineError,),
        )

    def on(self, engine: Engine, state: State) -> None:
        """Start it, and see that it streams."""
        controlplane.ask(engine, "PUT", "/switch/replace", {"off": False})
        node = engine.inspect(state["id"])
        if not node.running:
            engine.start(node)
        wait_until(
            "the standby to stream again",
            lambda: not patroni.problems(engine),
            bound=90,
            every=1,
            tolerate=(EngineError,),
        )


SWITCHES: dict[str, Switch] = {
    "health-check": Setting("health-check", "the ALB takes no unhealthy target out"),
    "scale-out": Setting("scale-out", "the group does not scale out"),
    "multi-az": Standby("the database has no standby in another AZ"),
    "acks-late": Environment(
        "worker", (("ACKS_EARLY", "1"),), "workers acknowledge a job before they do it"
    ),
    "durable-queue": Environment(
        "sqs", (("SQS_DURABLE", "false"),), "the queue keeps its messages in memory only"
    ),
    "cache-sessions": Environment(
        "web",
        (("SESSION_STORE", "signed_cookies"),),
        "sessions are signed cookies, not rows of the one Redis",
    ),
}


def apply(engine: Engine, name: str, say: Callable[[str], None]) -> None:
    """Take a design switch off; recorded first, undone if it cannot be verified."""
    switch = SWITCHES[name]
    state = switch.plan(engine)
    record.add_switch(name, state)
    say(f"without {name}: {switch.says}")
    try:
        switch.off(engine, state)
    except (WaitTimeout, EngineError) as error:
        undo_all(engine, say)
        raise TenfoldError(
            f"{name} could not be switched off: {error}", do="see `make status`", exit_code=4
        ) from error


def undo_all(engine: Engine, say: Callable[[str], None]) -> None:
    """Put every recorded switch back, the last first; a failure is told and the rest goes on."""
    failed = []
    for entry in reversed(record.switches()):
        name = entry["name"]
        try:
            SWITCHES[name].on(engine, entry["state"])
        except (WaitTimeout, EngineError, TenfoldError) as error:
            failed.append(f"{name}: {error}")
            continue
        record.drop_switch(name)
        say(f"{name} is back")
    if failed:
        raise TenfoldError(
            "not all design switches are back: " + "; ".join(failed),
            do="`make heal` tries again; `make down` and `make stage-N up` start afresh",
            exit_code=4,
        )
