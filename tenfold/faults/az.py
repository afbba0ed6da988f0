"""An availability zone is cut off: its containers are taken off the network and put back on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenfold import patroni
from tenfold.engine import Container, Engine, Link, NotFound
from tenfold.errors import TenfoldError
from tenfold.faults.base import NoEffect, State, named

# Port 1 is nobody's: a host that is there refuses it at once, one that is cut off says nothing.
KNOCK = """
for ip in "$@"; do
  (timeout 1 bash -c ": </dev/tcp/$ip/1" 2>&1 | grep -q refused && echo "$ip") &
done
wait
"""


@dataclass(frozen=True)
class CutAz:
    """Everything in one AZ loses its network: instances, workers, database and cache nodes.

    Their processes go on, alone, as in a data centre whose links are gone. Regional services and
    control loops belong to no AZ and are not touched.
    """

    az: str = "a"
    lasts: float | None = None

    def prepare(self, engine: Engine) -> list[str]:
        """The database's primary leads in this AZ, or the drill would be about half of it."""
        return patroni.lead_in(engine, self.az)

    def plan(self, engine: Engine, context: Mapping[str, Any]) -> State:
        """Who is in the AZ, and how each is attached now: a plain reconnect would lose that."""
        there = engine.containers(az=self.az)
        if not any(c.running for c in there):
            raise TenfoldError(
                f"nothing runs in AZ {self.az}", do="see what runs with `make status`", exit_code=3
            )
        cut = []
        for c in there:
            try:
                cut.append({**named(c), "ip": c.ip, "link": engine.link(c).as_dict()})
            except NotFound:
                continue  # off the network already
        return {"az": self.az, "cut": cut}

    def inject(self, engine: Engine, state: State) -> None:
        """Disconnect one after the other, at once."""
        for one in state["cut"]:
            try:
                engine.cut(engine.inspect(one["id"]))
            except NotFound:
                continue  # replaced since, or off the network already

    def took_effect(self, engine: Engine, state: State) -> str:
        """Each sees no network but its own loopback; from elsewhere none of them answers."""
        cut = _there(engine, [one["id"] for one in state["cut"]])
        for c in cut:
            if c.ip:
                raise NoEffect(f"{c.short} still has the address {c.ip}")
            seen = engine.exec(c, ["ls", "/sys/class/net"]).output.split() if c.running else []
            if set(seen) - {"lo"}:
                raise NoEffect(f"{c.short} still has {', '.join(seen)}")
        others = [c for c in engine.containers(running=True) if c.ip and c.az != state["az"]]
        witness = next((c for c in others if not c.az), others[0] if others else None)
        if witness is None:
            raise NoEffect(f"nobody is left outside AZ {state['az']} to look at it")
        around = {c.ip: c.short for c in others if c.id != witness.id}
        answers = knock(engine, witness, [*around, *(o["ip"] for o in state["cut"] if o["ip"])])
        inside = [one["name"] for one in state["cut"] if one["ip"] in answers]
        if inside:
            raise NoEffect(f"{witness.short} still reaches {', '.join(inside)}")
        away = [name for ip, name in around.items() if ip not in answers]
        if away:
            raise NoEffect(f"{witness.short} does not reach {', '.join(away)} either")
        names = ", ".join(c.short for c in cut)
        return f"{names} are off the network; {witness.short} reaches all {len(around)} others"

    def heal(self, engine: Engine, state: State) -> list[str]:
        """Put each back with its address and its names; what was replaced meanwhile is gone."""
        done = []
        for one in state["cut"]:
            try:
                if engine.mend(Link.from_dict(one["link"])):
                    done.append(f"{one['name']} is on the network again")
            except NotFound:
                continue
        return done


def knock(engine: Engine, witness: Container, addresses: Sequence[str]) -> set[str]:
    """Which of these addresses a host answers at, as seen from one container."""
    got = engine.exec(witness, ["bash", "-c", KNOCK, "knock", *addresses])
    return set(got.output.split())


def _there(engine: Engine, ids: Sequence[str]) -> list[Container]:
    found = []
    for one in ids:
        try:
            found.append(engine.inspect(one))
        except NotFound:
            continue
    return found
