"""What a design switch is, and the two common kinds: a setting, another environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tenfold import controlplane_client as controlplane
from tenfold.engine import Container, Engine, NotFound
from tenfold.errors import TenfoldError
from tenfold.wait import wait_until

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
class Together:
    """Several switches that are one part of the design."""

    parts: tuple[Switch, ...]
    says: str

    def plan(self, engine: Engine) -> State:
        """Each part's own."""
        return {str(n): part.plan(engine) for n, part in enumerate(self.parts)}

    def off(self, engine: Engine, state: State) -> None:
        """In order."""
        for n, part in enumerate(self.parts):
            part.off(engine, state[str(n)])

    def on(self, engine: Engine, state: State) -> None:
        """The last first."""
        for n, part in reversed(list(enumerate(self.parts))):
            part.on(engine, state[str(n)])


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
            return engine.inspect(fresh.id).ready

        wait_until(f"{fresh.short} to be ready", ready, bound=60, tolerate=(NotFound,))
        told = engine.environment(fresh)
        wrong = [name for name, value in env.items() if told.get(name, "") != value]
        if wrong:
            raise TenfoldError(
                f"{fresh.short} did not take {', '.join(wrong)}", do="`make heal`", exit_code=4
            )
