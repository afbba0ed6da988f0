"""A password rotates: the steps of the rotation, and logins that meet it half-way."""

from __future__ import annotations

import json
import logging
from typing import Any

import psycopg
import pytest

from aws import rotation, secrets
from aws.postgres import login
from aws.rotation import Rotation, RotationFailed
from aws.wire import Refused, Unreachable

REFUSAL = 'connection failed: FATAL:  password authentication failed for user "tenfold"'


class Manager:
    """Secrets Manager with one secret; `away` makes it answer nothing."""

    def __init__(self, password: str = "one") -> None:
        self.versions: dict[str, dict[str, Any]] = {
            "v1": {"stages": ["AWSCURRENT"], "value": {"username": "tenfold", "password": password}}
        }
        self.away = False
        self.asked: list[str] = []
        self.randoms = 0
        self.url = "http://manager"

    def call(self, target: str, arguments: dict[str, Any], version: str = "1.1") -> Any:
        operation = target.removeprefix("secretsmanager.")
        self.asked.append(operation)
        if self.away:
            raise Unreachable("no answer")
        return getattr(self, operation)(**arguments)

    def GetSecretValue(
        self, SecretId: str, VersionStage: str = "AWSCURRENT", VersionId: str = ""
    ) -> Any:
        for version, told in self.versions.items():
            if VersionStage in told["stages"] and VersionId in ("", version):
                return {"SecretString": json.dumps(told["value"])}
        raise Refused(404, "ResourceNotFoundException")

    def GetRandomPassword(self, **_: Any) -> Any:
        self.randoms += 1
        return {"RandomPassword": f"random-{self.randoms}"}

    def PutSecretValue(
        self, SecretId: str, ClientRequestToken: str, SecretString: str, VersionStages: list[str]
    ) -> Any:
        told = {"stages": list(VersionStages), "value": json.loads(SecretString)}
        self.versions[ClientRequestToken] = told

    def DescribeSecret(self, SecretId: str) -> Any:
        return {"VersionIdsToStages": {v: list(t["stages"]) for v, t in self.versions.items()}}

    def UpdateSecretVersionStage(
        self,
        SecretId: str,
        VersionStage: str,
        RemoveFromVersionId: str,
        MoveToVersionId: str = "",
    ) -> Any:
        self.versions[RemoveFromVersionId]["stages"].remove(VersionStage)
        if MoveToVersionId:
            for told in self.versions.values():
                told["stages"] = [s for s in told["stages"] if s != "AWSPREVIOUS"]
            self.versions[MoveToVersionId]["stages"].append(VersionStage)
            self.versions[RemoveFromVersionId]["stages"].append("AWSPREVIOUS")

    def by_stage(self) -> dict[str, str]:
        return {s: t["value"]["password"] for t in self.versions.values() for s in t["stages"]}


class Database:
    """Lets one password in; `rotation` logs in by it and sets another one."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.broken = ""
        self.statements: list[str] = []

    def connect(self, **options: Any) -> Any:
        if self.broken:
            raise psycopg.OperationalError(self.broken)
        if options["password"] != self.password:
            raise psycopg.OperationalError(REFUSAL)
        return self

    @property
    def pgconn(self) -> Any:
        return self

    def encrypt_password(self, password: bytes, user: bytes, algorithm: bytes) -> bytes:
        self.coming = password.decode()
        return b"SCRAM-SHA-256$verifier"

    def execute(self, statement: Any) -> None:
        text = statement if isinstance(statement, str) else statement.as_string(None)
        self.statements.append(text)
        if text.startswith("ALTER ROLE"):
            self.password = self.coming

    def close(self) -> None:
        """Nothing."""


def rotate(manager: Manager, database: Database, monkeypatch: pytest.MonkeyPatch) -> Rotation:
    monkeypatch.setattr(rotation.psycopg, "connect", database.connect)
    made = Rotation(manager, "tenfold/rds", "postgresql://rds:5432/tenfold")  # type: ignore[arg-type]
    made.run()
    return made


def test_a_rotation_leaves_both_where_they_belong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manager, database = Manager("one"), Database("one")
    rotate(manager, database, monkeypatch)
    assert manager.by_stage() == {"AWSCURRENT": "random-1", "AWSPREVIOUS": "one"}
    assert database.password == "random-1"
    said = capsys.readouterr()
    # Neither the log nor a statement has a value in it.
    for text in (said.out, said.err, *database.statements):
        assert "random-1" not in text
        assert '"one"' not in text
    assert "ALTER ROLE \"tenfold\" PASSWORD 'SCRAM-SHA-256$verifier'" in database.statements


@pytest.mark.parametrize("done", ["created", "set", "moved"])
def test_a_rotation_that_was_cut_short_is_gone_on_with(
    monkeypatch: pytest.MonkeyPatch, done: str
) -> None:
    """Whatever step was the last: one password in the end, and no second one was made up."""
    manager, database = Manager("one"), Database("one")
    pending = {"username": "tenfold", "password": "half"}
    manager.versions["v2"] = {"stages": ["AWSPENDING"], "value": pending}
    if done in ("set", "moved"):
        database.password = "half"
    if done == "moved":
        manager.UpdateSecretVersionStage("", "AWSCURRENT", "v1", "v2")
    rotate(manager, database, monkeypatch)
    expected = "half" if done != "moved" else "random-1"
    assert manager.by_stage()["AWSCURRENT"] == database.password == expected
    assert manager.randoms == (done == "moved")


def test_the_previous_password_is_tried_where_the_current_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager, database = Manager("wrong"), Database("before")
    previous = {"username": "tenfold", "password": "before"}
    manager.versions["v0"] = {"stages": ["AWSPREVIOUS"], "value": previous}
    rotate(manager, database, monkeypatch)
    assert database.password == "random-1"


def test_nobody_can_log_in_and_nothing_is_made_current(monkeypatch: pytest.MonkeyPatch) -> None:
    manager, database = Manager("wrong"), Database("right")
    with pytest.raises(RotationFailed, match="neither"):
        rotate(manager, database, monkeypatch)
    assert manager.by_stage()["AWSCURRENT"] == "wrong"
    assert database.password == "right"


def test_a_database_that_is_away_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    manager, database = Manager("one"), Database("one")
    database.broken = "connection refused"
    with pytest.raises(psycopg.OperationalError):
        rotate(manager, database, monkeypatch)
    assert manager.by_stage()["AWSCURRENT"] == "one"


# -- secrets that are old ----------------------------------------------------------------------


def store(manager: Manager, **options: Any) -> secrets.Managed:
    return secrets.Managed(manager, sleep=lambda _: None, **options)  # type: ignore[arg-type]


def test_a_secret_is_asked_for_again_when_it_is_old() -> None:
    manager, now = Manager("one"), [0.0]
    held = store(manager, ttl=10, clock=lambda: now[0])
    assert held.get("tenfold/rds")["password"] == "one"
    manager.versions["v1"]["value"]["password"] = "two"
    now[0] = 9.9
    assert held.get("tenfold/rds")["password"] == "one"
    now[0] = 10.1
    assert held.get("tenfold/rds")["password"] == "two"


def test_without_secrets_manager_what_is_known_is_used_on() -> None:
    manager, now = Manager("one"), [0.0]
    held = store(manager, ttl=10, clock=lambda: now[0])
    held.get("tenfold/rds")
    manager.away, now[0] = True, 11.0
    assert [held.get("tenfold/rds")["password"] for _ in range(3)] == ["one"] * 3
    # Asked once, and then not before AGAIN_SECONDS: it must not cost each connection a time-out.
    assert len(manager.asked) == 2
    now[0] += secrets.AGAIN_SECONDS + 0.1
    manager.away = False
    assert held.get("tenfold/rds")["password"] == "one"
    assert len(manager.asked) == 3
    manager.away = True
    with pytest.raises(secrets.SecretUnavailable):
        held.get("tenfold/rds", fresh=True)


# -- logins --------------------------------------------------------------------------------------


def log_in(held: secrets.Store, database: Database) -> Any:
    """A login whose waits pass at once, on a clock that only they move."""
    now = [0.0]
    return login.connect(
        database.connect,
        held,
        {"host": "rds", "user": "start", "password": "start"},
        sleep=lambda pause: now.__setitem__(0, now[0] + pause),
        clock=lambda: now[0],
    )


def test_a_refused_login_reads_the_secret_again(caplog: pytest.LogCaptureFixture) -> None:
    manager, database = Manager("one"), Database("one")
    held = store(manager)
    assert log_in(held, database) is database
    manager.versions["v1"]["value"]["password"] = database.password = "two"
    with caplog.at_level(logging.INFO):
        assert log_in(held, database) is database
    assert "two" not in caplog.text


def test_a_login_between_the_steps_waits_for_the_new_password() -> None:
    """The database has it already, Secrets Manager does not yet: a few refusals, one connection."""
    manager, database = Manager("one"), Database("one")
    held = store(manager)
    log_in(held, database)
    database.password = "two"
    ask, asked = manager.GetSecretValue, []

    def later(**arguments: Any) -> Any:
        asked.append(1)
        if len(asked) == 4:
            manager.versions["v1"]["value"]["password"] = "two"
        return ask(**arguments)

    manager.GetSecretValue = later  # type: ignore[method-assign]
    assert log_in(held, database) is database
    assert len(asked) == 4


@pytest.mark.parametrize("rotates", [True, False])
def test_a_wrong_password_is_given_up(rotates: bool) -> None:
    manager, database = Manager("one"), Database("two")
    held = store(manager, rotates=rotates)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in(held, database)
    # Without rotation the secret was read once, when it was first wanted.
    assert (len(manager.asked) > 2) is rotates


def test_a_login_goes_on_without_secrets_manager() -> None:
    manager, database = Manager("one"), Database("one")
    held = store(manager)
    log_in(held, database)
    manager.away, database.password = True, "two"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in(held, database)


def test_another_error_is_not_tried_again() -> None:
    manager, database = Manager("one"), Database("one")
    database.broken = "the server is starting up"
    with pytest.raises(psycopg.OperationalError, match="starting up"):
        log_in(store(manager), database)
    assert manager.asked == ["GetSecretValue"]
