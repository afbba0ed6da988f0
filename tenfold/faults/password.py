"""The database password is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tenfold import rolepassword, rotate, secrets
from tenfold.engine import Container, Engine, NotFound
from tenfold.errors import FAILED, TenfoldError
from tenfold.faults.base import NoEffect, State
from tenfold.paths import Paths
from tenfold.wait import WaitTimeout, wait_until

NAME = "tenfold-rds"
MOUNTED = f"/run/secrets/{NAME}"
READY_BOUND = 60.0


@dataclass(frozen=True)
class ChangePassword:
    """Another password for the application's user: rotated where there is Secrets Manager.

    Where credentials are files, the database has the new one and the instances have the old one,
    until they are given the new file. No connection is cut, here or on AWS: who is logged in stays
    so until the connection ends, by its own age (DB_MAX_AGE) at the latest.
    """

    lasts: float | None = None

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Whose it is. No value stands in the plan: it is recorded."""
        user = secrets.read(Paths.here(), NAME)["username"]
        return {"user": user, "rotated": rotate.managed(engine)}

    def inject(self, engine: Engine, state: State) -> None:
        """By rotation, or by the superuser's hand."""
        state["before"] = rolepassword.now(engine)
        if state["rotated"]:
            state["version"] = rotate.rotate(Paths.here(), engine, NAME)
            return
        rolepassword.change(engine, state["user"], secrets.propose(Paths.here(), NAME)["password"])

    def took_effect(self, engine: Engine, state: State) -> str:
        """The old password is refused and the new one is not; who was logged in still is."""
        old, new = self._old_and_new(engine, state)
        if rolepassword.works(engine, state["user"], old):
            raise NoEffect("the old password still logs in")
        if not rolepassword.works(engine, state["user"], new):
            raise NoEffect("the new password does not log in")
        left = rolepassword.connections(engine, state["user"], state["before"])
        return f"the old password is refused, the new one is not; {left} connections live on"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Give the instances the new file and start them again; rotated, there is nothing to do."""
        done = []
        paths = Paths.here()
        if state["rotated"]:
            rotate.sync(paths, engine, NAME)
            # The negative control: these hold what they read when they started.
            done += self._restart(engine, self._deaf(engine))
        else:
            fresh = secrets.proposed(paths, NAME)
            if fresh is not None:
                # Once more: what injected it may have ended in between.
                rolepassword.change(engine, state["user"], fresh["password"])
                secrets.adopt(paths, NAME)
                done.append("the new password is distributed")
            done += self._restart(engine, self._outdated(engine, paths))
        if "before" in state and not done:
            left = rolepassword.connections(engine, state["user"], state["before"])
            done.append(f"{left} of the connections from before the change are left")
        return done

    def _old_and_new(self, engine: Engine, state: State) -> tuple[str, str]:
        if state["rotated"]:
            pair = [
                rotate.value(engine, NAME, stage) for stage in (rotate.PREVIOUS, rotate.CURRENT)
            ]
        else:
            pair = [secrets.read(Paths.here(), NAME), secrets.proposed(Paths.here(), NAME)]
        if None in pair:
            raise NoEffect("there is no new password")
        old, new = (one["password"] for one in pair if one)
        return old, new

    def _deaf(self, engine: Engine) -> list[Container]:
        return [
            c
            for c in engine.containers("web")
            if engine.environment(c).get("SECRETS_REFRESH") == "0"
        ]

    def _outdated(self, engine: Engine, paths: Paths) -> list[Container]:
        """Instances that see another file than the one that is to be seen."""
        wanted = hashlib.sha256((paths.secrets / NAME).read_bytes()).hexdigest()
        return [
            c
            for c in engine.containers("web")
            if not c.running or wanted not in engine.exec(c, ["sha256sum", MOUNTED]).output
        ]

    def _restart(self, engine: Engine, instances: list[Container]) -> list[str]:
        """One after the other, each ready before the next.

        Auto Scaling may end one that fails its health check meanwhile: what it launches in its
        place reads the secret of now at its start.
        """
        done = []
        for c in instances:
            try:
                engine.restart(c, 30)
                wait_until(f"{c.short} to be ready", partial(_ready, engine, c), READY_BOUND)
            except NotFound:
                done.append(f"{c.short} was replaced")
                continue
            except WaitTimeout as error:
                do = f"`make logs SERVICE={c.service}`"
                raise TenfoldError(str(error), do, FAILED) from error
            done.append(f"{c.short} started again")
        return done


def _ready(engine: Engine, c: Container) -> bool:
    """Raises NotFound where it is gone."""
    return engine.inspect(c.id).ready
