"""The engine's own part in faults: off the network and back, less CPU and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from standin import Box, Stand, serves

from tenfold.engine import Container, Engine, NotFound
from tenfold.faults.az import knock
from tenfold.faults.starve import held_back, limit_inside
from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

IMAGE = "tenfold/rds:dev"
SERVE = ["python3", "-m", "http.server", "8000", "--directory", "/etc/haproxy"]


@dataclass(frozen=True)
class Pair:
    """A container to be hurt, and one that looks at it."""

    stand: Stand
    victim: Box
    witness: Box

    @property
    def engine(self) -> Engine:
        """The stand's."""
        return self.stand.engine

    def now(self, box: Box) -> Container:
        """As the engine describes it now."""
        return self.engine.inspect(box.id)

    def reaches(self, name: str) -> bool:
        """Whether the witness is served by the victim under a name."""
        got = self.engine.exec(
            self.now(self.witness), ["curl", "-sfm", "2", f"http://{name}:8000/"]
        )
        return got.code == 0


@pytest.fixture
def pair() -> Iterator[Pair]:
    with Stand("engine") as stand:
        victim = stand.run(IMAGE, SERVE, service="victim", host=11, ports=[8000], user="10001")
        witness = stand.run(IMAGE, ["sleep", "600"], service="witness", host=12, user="10001")
        serves(victim, 8000, "/")
        yield Pair(stand, victim, witness)


def test_cut_off_and_back_with_address_names_and_port(pair: Pair) -> None:
    """A plain reconnect would lose the name and the fixed address."""
    engine, ip = pair.engine, pair.victim.ip
    assert pair.reaches("victim")
    assert knock(engine, pair.now(pair.witness), [ip, pair.stand.address(99)]) == {ip}
    link = engine.cut(pair.now(pair.victim))
    assert pair.now(pair.victim).ip == ""
    seen = engine.exec(pair.now(pair.victim), ["ls", "/sys/class/net"]).output.split()
    assert seen == ["lo"]
    assert knock(engine, pair.now(pair.witness), [ip]) == set()
    assert not pair.reaches("victim")
    with pytest.raises(NotFound):
        engine.cut(pair.now(pair.victim))
    assert engine.mend(link)
    assert not engine.mend(link), "once is enough"
    assert pair.now(pair.victim).ip == ip
    assert pair.reaches("victim")
    serves(pair.victim, 8000, "/")


def test_an_address_that_was_given_away_is_replaced(pair: Pair) -> None:
    """The engine gives a free address to whoever comes next; the name counts."""
    engine = pair.engine
    link = engine.cut(pair.now(pair.victim))
    pair.stand.run(IMAGE, ["sleep", "600"], service="squatter", host=11, user="10001")
    assert engine.mend(link)
    assert pair.now(pair.victim).ip not in ("", pair.victim.ip)
    assert pair.reaches("victim")


def test_less_cpu_is_seen_inside_and_given_back(pair: Pair) -> None:
    engine, c = pair.engine, pair.now(pair.witness)
    engine.set_cpu_limit(c, 0.25)
    assert engine.cpu_limit(c) == limit_inside(engine, c) == 0.25
    engine.set_cpu_limit(c, 0.05)
    assert limit_inside(engine, c) == 0.05
    before = held_back(engine, c)
    engine.exec(c, ["timeout", "1", "sh", "-c", "while :; do :; done"])
    wait_until("throttled periods", lambda: held_back(engine, c) >= before + 3, bound=10)
    engine.set_cpu_limit(c, 0.25)
    assert engine.cpu_limit(c) == limit_inside(engine, c) == 0.25
