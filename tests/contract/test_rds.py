"""RDS: one writer's name, whichever node it is; nothing that was acknowledged is ever lost.

A cluster of its own with the control plane's loop in this process. The tests build on each other:
each leaves a whole cluster, whoever leads it.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from standin import NOT_YET, Box, Stand, secret, serves

from controlplane.rds import RdsLoop, Store
from tenfold import patroni
from tenfold.engine import EngineError
from tenfold.errors import TenfoldError
from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

WRITER, READER, STATS = 5432, 5433, 8404
HOSTS = {"rds-a": 11, "rds-b": 12, "rds-replica": 13}
GAP = 35
"""seconds; RDS's Multi-AZ cluster is back within 35"""


@dataclass
class Settings:
    """The loop's constants, quick enough for a test."""

    rds_detect_seconds: float = 1
    rds_replace_seconds: float = 4

    def is_off(self, switch: str) -> bool:
        """Nothing is."""
        return False


class Loop(RdsLoop):
    """The loop, reaching etcd by a published port: not every engine lets the host further in."""

    dcs: Box

    def _dcs(self) -> Store:
        return Store(f"127.0.0.1:{self.dcs.port(2379)}")


class Events(list[str]):
    """What the loop did, by name."""

    def emit(self, loop: str, event: str, resource: str, **detail: Any) -> None:
        """One event."""
        self.append(event)


@dataclass
class Cluster:
    """Three nodes, their stores, the endpoint, the loop."""

    stand: Stand
    nodes: dict[str, Box]
    endpoint: Box
    secret: dict[str, str]
    events: Events

    def connect(self, box: Box, inside: int, **options: Any) -> psycopg.Connection[Any]:
        """A connection as the application makes it; statements are given up after 3 s."""
        return psycopg.connect(
            host="127.0.0.1",
            port=box.port(inside),
            dbname="tenfold",
            user=self.secret["username"],
            password=self.secret["password"],
            connect_timeout=2,
            autocommit=True,
            options="-c statement_timeout=3000",
            **options,
        )

    def ask(self, inside: int, sql: str) -> tuple[Any, ...]:
        """One row from the endpoint."""
        with self.connect(self.endpoint, inside) as link:
            row = link.execute(sql).fetchone()
        assert row
        return tuple(row)

    def whole(self) -> bool:
        """One leader, a synchronous standby, a streaming replica, and an endpoint that serves."""
        return (
            not patroni.problems(self.stand.engine)
            and self.endpoint.call(STATS, "GET", "/writer").status == 200
        )

    def settle(self, bound: float = 40) -> None:
        """Wait until it is whole."""
        wait_until("a whole cluster", self.whole, bound, tolerate=(EngineError, *NOT_YET))

    def leader(self) -> str:
        """The service that leads."""
        return patroni.primary(self.stand.engine).service


@dataclass
class Writer:
    """Writes numbers through the endpoint for as long as it lives, and keeps what it was told."""

    cluster: Cluster
    acknowledged: list[tuple[int, float]] = field(default_factory=list)
    errors: int = 0

    def __enter__(self) -> Writer:
        """Start."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._end.set()
        self._thread.join(30)

    def _write(self) -> None:
        numbers = itertools.count(1)
        while not self._end.is_set():
            try:
                with self.cluster.connect(self.cluster.endpoint, WRITER) as link:
                    for number in numbers:
                        link.execute("INSERT INTO written VALUES (%s)", (number,))
                        self.acknowledged.append((number, time.monotonic()))
                        if self._end.wait(0.02):
                            return
            except psycopg.Error:
                self.errors += 1
                self._end.wait(0.1)

    def writes_since(self, moment: float) -> int:
        """Acknowledged after a moment."""
        return sum(at > moment for _, at in self.acknowledged)

    @property
    def gap(self) -> float:
        """The longest time without an acknowledged write."""
        times = [at for _, at in self.acknowledged]
        return max(later - sooner for sooner, later in itertools.pairwise(times))

    def missing(self) -> set[int]:
        """Acknowledged and not there."""
        with self.cluster.connect(self.cluster.endpoint, WRITER) as link:
            there = {row[0] for row in link.execute("SELECT number FROM written")}
        return {number for number, _ in self.acknowledged} - there


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Whole, with the loop running."""
    folder = tmp_path_factory.mktemp("rds")
    mount, keys = secret(folder, "tenfold-rds")
    bucket = secret(folder, "tenfold-s3")[0]
    mount |= bucket
    with Stand("rds") as stand:
        # A node that comes back ships the log it has before it joins: without S3 it is late.
        s3 = stand.run(
            "tenfold/s3:dev",
            service="s3",
            host=14,
            files=bucket,
            ports=[9000],
            env={"GOMEMLIMIT": "160MiB", "MINIO_SCANNER_SPEED": "slowest", "HOME": "/tmp"},
            memory="768m",
        )
        serves(s3, 9000, "/minio/health/ready")
        dcs_address = f"{stand.address(21)}:2379"
        dcs = stand.run(
            "tenfold/rds:dev",
            [
                "etcd",
                "--name=dcs",
                "--data-dir=/var/lib/etcd/data",
                "--listen-client-urls=http://0.0.0.0:2379",
                f"--advertise-client-urls=http://{dcs_address}",
                "--listen-peer-urls=http://127.0.0.1:2380",
                "--log-level=error",
                "--unsafe-no-fsync",
            ],
            service="rds-dcs",
            host=21,
            user="10001",
            ports=[2379],
        )
        serves(dcs, 2379, "/health")
        tags = {
            "rds-a": {},
            "rds-b": {},
            "rds-replica": {
                "RDS_NOLOADBALANCE": "false",
                "RDS_NOFAILOVER": "true",
                "RDS_NOSYNC": "true",
            },
        }
        nodes = {
            service: stand.run(
                "tenfold/rds:dev",
                ["start-node"],
                service=service,
                role="rds-replica" if service == "rds-replica" else "rds",
                host=host,
                env={"RDS_DCS": dcs_address, "RDS_NAME": service, **tags[service]},
                files=mount,
                ports=[5432],
                memory="512m",
                shm="128m",
            )
            for service, host in HOSTS.items()
        }
        addresses = {name: stand.address(HOSTS[name]) for name in HOSTS}
        endpoint = stand.run(
            "tenfold/rds:dev",
            ["haproxy", "-W", "-db", "-f", "/etc/haproxy/tenfold.cfg"],
            service="rds",
            role="rds-endpoint",
            host=20,
            user="10001",
            env={
                "RDS_A": addresses["rds-a"],
                "RDS_B": addresses["rds-b"],
                "RDS_REPLICA": addresses["rds-replica"],
                "RDS_ANALYTICS": addresses["rds-replica"],
            },
            ports=[WRITER, READER, STATS],
        )
        events = Events()
        made = Cluster(stand, nodes, endpoint, keys, events)
        loop = Loop(stand.engine, Settings(), events)
        loop.dcs = dcs
        made.settle(bound=60)
        with ticking(loop):
            yield made


@contextlib.contextmanager
def ticking(loop: RdsLoop) -> Iterator[None]:
    """The loop in a thread, as the control plane runs it."""
    end = threading.Event()

    def run() -> None:
        while not end.wait(0.5):
            with contextlib.suppress(EngineError):
                loop.tick()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(10)


@pytest.fixture
def written(cluster: Cluster) -> Iterator[Cluster]:
    """A whole cluster with an empty table; left whole."""
    cluster.settle()
    with cluster.connect(cluster.endpoint, WRITER) as link:
        link.execute("DROP TABLE IF EXISTS written")
        link.execute("CREATE TABLE written (number bigint primary key)")
    cluster.events.clear()
    yield cluster
    cluster.settle()


def test_the_names_lead_to_the_primary_and_the_replica(written: Cluster) -> None:
    """Ten times out of ten; the synchronous standby is never read, as on RDS Multi-AZ."""
    where = "SELECT host(inet_server_addr()), pg_is_in_recovery()"
    primary = written.nodes[written.leader()].ip
    assert {written.ask(WRITER, where) for _ in range(10)} == {(primary, False)}
    replica = written.nodes["rds-replica"].ip
    assert {written.ask(READER, where) for _ in range(10)} == {(replica, True)}
    with written.connect(written.endpoint, READER) as link, pytest.raises(psycopg.Error):
        link.execute("INSERT INTO written VALUES (0)")


def test_the_replica_follows(written: Cluster) -> None:
    """Asynchronously: what was written is read there soon."""
    with written.connect(written.endpoint, WRITER) as link:
        link.execute("INSERT INTO written VALUES (7)")

    def there() -> bool:
        return written.ask(READER, "SELECT count(*) FROM written") == (1,)

    wait_until("the row on the replica", there, bound=5, tolerate=(psycopg.Error,))


def test_the_readers_name_goes_with_the_replica(written: Cluster) -> None:
    """It does not fall back to the standby or the primary; the writer's name is not touched."""
    with Writer(written) as writer:
        written.nodes["rds-replica"].kill()

        def refused() -> bool:
            try:
                written.connect(written.endpoint, READER).close()
            except psycopg.OperationalError:
                return True
            return False

        wait_until("the reader's end", refused, bound=10)
        wait_until("the replacement", lambda: "node_restarted" in written.events, bound=20)
    assert writer.gap < 3
    assert "failover_started" not in written.events


def test_a_killed_primary_is_replaced_by_the_standby(written: Cluster) -> None:
    """Writes are back within 35 s, none that was acknowledged is lost, the old primary rejoins."""
    old = written.leader()
    with Writer(written) as writer:
        wait_until("some writes", lambda: len(writer.acknowledged) > 20, bound=10)
        written.nodes[old].kill()
        killed = time.monotonic()
        wait_until("writes again", lambda: writer.writes_since(killed + 1) > 20, bound=GAP + 5)
        wait_until("the replacement", lambda: "node_restarted" in written.events, bound=20)
        wait_until("a whole cluster", written.whole, bound=40, tolerate=(TenfoldError, *NOT_YET))
    assert written.leader() != old
    assert writer.gap < GAP
    assert writer.missing() == set()
    assert writer.errors > 0, "a failover without an error would be a fault that did nothing"
    done = [e for e in written.events if e in ("failover_started", "failover_completed")]
    assert done == ["failover_started", "failover_completed"]


def test_a_primary_that_wakes_up_is_no_second_writer(written: Cluster) -> None:
    """Frozen it is left to its lease; awake again it acknowledges nothing that would be lost."""
    old = written.leader()
    late: list[int] = []
    with Writer(written) as writer, written.connect(written.nodes[old], WRITER) as direct:
        wait_until("some writes", lambda: len(writer.acknowledged) > 20, bound=10)
        written.nodes[old].pause()
        frozen = time.monotonic()
        try:
            wait_until("writes again", lambda: writer.writes_since(frozen + 5) > 20, bound=GAP + 5)
        finally:
            written.nodes[old].unpause()
        # A client that still holds a session on the old primary, and goes on at once.
        for number in itertools.count(-1, -1):
            try:
                direct.execute("INSERT INTO written VALUES (%s)", (number,))
            except psycopg.Error:
                break
            late.append(number)
        wait_until("the old primary's stepping down", lambda: _follows(written, old), bound=40)
    written.settle()
    assert written.leader() != old
    assert writer.gap < GAP
    assert writer.missing() == set()
    with written.connect(written.endpoint, WRITER) as link:
        found = {row[0] for row in link.execute("SELECT number FROM written WHERE number < 0")}
    assert found >= set(late)
    assert "node_down" not in written.events, "a frozen node is not dead"


def _follows(cluster: Cluster, name: str) -> bool:
    roles = {m.name: m.role for m in patroni.members(cluster.stand.engine)}
    return roles.get(name) in ("sync_standby", "replica")
