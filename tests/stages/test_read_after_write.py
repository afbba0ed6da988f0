"""One's own write is seen by the next read, however far the replica is behind (from stage 3 on)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from conftest import STAGE, Client, sign_up

from tenfold import sql
from tenfold.engine import Container, Engine
from tenfold.wait import wait_until

pytestmark = pytest.mark.skipif(STAGE < 3, reason="product reads go to the replica from stage 3 on")
POSITION = "x-position"


@pytest.fixture
def replica(stage: int) -> Container:
    """The replica that answers the product's reads."""
    return Engine().one(service="rds-replica")


@pytest.fixture
def lagging(replica: Container, account: Client) -> Iterator[Container]:
    """It receives the log and replays none of it; what was there before it has seen."""
    engine = Engine()
    where = account.position
    assert where
    behind = f"SELECT pg_last_wal_replay_lsn() < '{where}'"
    wait_until("the account on the replica", lambda: sql.run(engine, behind, replica) == "f", 10)
    sql.run(engine, "SELECT pg_wal_replay_pause()", replica)
    paused = "SELECT pg_get_wal_replay_pause_state()"
    wait_until("the replay to pause", lambda: sql.run(engine, paused, replica) == "paused", 10)
    yield replica
    sql.run(engine, "SELECT pg_wal_replay_resume()", replica)


def write(account: Client) -> str:
    """A post with a text of its own; its position is kept by the client."""
    text = f"read after write {secrets.token_hex(6)}"
    done = account.post("/api/v1/posts", {"text": text})
    assert done.status == 201
    assert done.headers[POSITION] == account.position
    assert "position=" in done.headers["set-cookie"]
    return text


def texts(client: Client) -> list[str]:
    """What a client finds on the account's own page."""
    found = client.get(f"/api/v1/accounts/{client.handle}/posts")
    assert found.status == 200, found.body
    return [post["text"] for post in found.json["items"]]


def test_ones_own_write_is_read_at_once(account: Client, lagging: Container) -> None:
    """Each time, though the replica has none of it; by the header, and by the cookie alone."""
    for _ in range(5):
        text = write(account)
        assert text in texts(account)
    cookie = {"Cookie": f"position={account.position}"}
    browser = Client(account.base, token=account.token, handle=account.handle)
    path = f"/api/v1/accounts/{account.handle}/posts"
    found = browser.get(path, headers=cookie)
    assert text in [post["text"] for post in found.json["items"]]


def test_who_wrote_nothing_reads_the_replica(account: Client, lagging: Container) -> None:
    """Which shows that the replica is asked at all, and is behind."""
    text = write(account)
    stranger = Client(account.base, token=account.token, handle=account.handle)
    assert text not in texts(stranger)


def test_a_position_that_is_replayed_is_read_from_the_replica(site: Client) -> None:
    """The primary is asked for as long as it must be, and no longer."""
    account = sign_up(site)
    text = write(account)
    engine = Engine()
    node = engine.one(service="rds-replica")
    seen = f"SELECT pg_last_wal_replay_lsn() >= '{account.position}'"
    wait_until("the replica to have it", lambda: sql.run(engine, seen, node) == "t", 10)
    calls = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'tenfold'"
    before = int(sql.run(engine, calls, node))
    for _ in range(10):
        assert text in texts(account)
    wait_until("it to be counted", lambda: int(sql.run(engine, calls, node)) >= before + 10, 15)
