"""rotate-secret: the password changes, is proven changed, and what heals it heals by the record."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tenfold import faults, record, rolepassword, rotate, secrets
from tenfold.engine import Container, ExecResult
from tenfold.errors import TenfoldError
from tenfold.faults import NoEffect
from tenfold.faults.password import NAME
from tenfold.paths import Paths
from tests.unit.drills.fake_engine import FakeEngine, container


class Database(FakeEngine):
    """The fake engine with a database that knows one password, and instances with a file each."""

    def __init__(self, *containers: Container) -> None:
        super().__init__(*containers)
        self.verifier = ""
        self.statements: list[str] = []
        self.argv: list[str] = []
        self.seen: dict[str, str] = {}
        """by container: the sum of the file that is mounted in it"""
        self.restarted: list[str] = []

    def exec(
        self,
        c: Container,
        argv: Sequence[str],
        user: str = "",
        env: Mapping[str, str] | None = None,
    ) -> ExecResult:
        self.argv += argv
        if argv[0] == "sha256sum":
            return ExecResult(0, f"{self.seen.get(c.id, 'old')}  {argv[1]}")
        if "127.0.0.1" in argv:
            salt, password = self.verifier.split("$")[1].split(":")[1], (env or {})["PGPASSWORD"]
            again = rolepassword.verifier(password, base64.b64decode(salt))
            if again == self.verifier:
                return ExecResult(0, "1")
            return ExecResult(2, 'FATAL:  password authentication failed for user "tenfold"')
        statement = argv[-1]
        self.statements.append(statement)
        if statement.startswith("ALTER ROLE") and not self.deaf:
            self.verifier = statement.split("'")[1]
        return ExecResult(0, "2026-11-25 08:00:00+00" if "clock" in statement else "3")

    def restart(self, c: Container, grace: int = 2) -> None:
        self.restarted.append(c.service)
        path = Paths.here().secrets / NAME
        self.seen[c.id] = hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def paths(state: Path) -> Paths:
    """A checkout with its secrets made."""
    here = Paths.here()
    secrets.ensure(here)
    return here


def test_a_verifier_is_postgres_own() -> None:
    """RFC 7677's example, as pg_authid would hold it."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    assert rolepassword.verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
        ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_files_hold_the_old_password_until_they_are_distributed(paths: Paths) -> None:
    engine = Database(container("web-a", "web"), container("web-b", "web", "b"))
    engine.box["id-rds"] = container("rds", "rds")
    before = secrets.read(paths, NAME)
    engine.verifier = rolepassword.verifier(before["password"])
    fault = faults.ChangePassword()
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    assert "the old password is refused" in fault.took_effect(engine, state)
    assert secrets.read(paths, NAME) == before
    # The process that injected is gone: by the record alone.
    kept = json.loads(json.dumps(state))
    again = faults.from_record(json.loads(json.dumps(faults.to_record(fault))))
    done = again.heal(engine, kept)
    assert engine.restarted == ["web-a", "web-b"]
    assert done[0] == "the new password is distributed"
    after = secrets.read(paths, NAME)
    assert rolepassword.works(engine, after["username"], after["password"])
    assert {k: v for k, v in after.items() if k != "password"} == {
        k: v for k, v in before.items() if k != "password"
    }
    assert secrets.proposed(paths, NAME) is None
    again.heal(engine, kept)
    assert engine.restarted == ["web-a", "web-b"]


def test_an_injection_that_was_cut_short_is_healed_to_one_password(paths: Paths) -> None:
    """The new one is on disk, and the database was never told."""
    engine = Database(container("web-a", "web"))
    engine.box["id-rds"] = container("rds", "rds")
    engine.verifier = rolepassword.verifier(secrets.read(paths, NAME)["password"])
    fault = faults.ChangePassword()
    state = fault.plan(engine, {})
    secrets.propose(paths, NAME)
    fault.heal(engine, state)
    now = secrets.read(paths, NAME)
    assert rolepassword.works(engine, now["username"], now["password"])


def test_a_change_that_did_not_happen_is_no_fault(paths: Paths) -> None:
    engine = Database(container("web-a", "web"))
    engine.box["id-rds"] = container("rds", "rds")
    engine.verifier = rolepassword.verifier(secrets.read(paths, NAME)["password"])
    engine.deaf = True
    fault = faults.ChangePassword()
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    with pytest.raises(NoEffect, match="old password still"):
        fault.took_effect(engine, state)


def test_no_password_is_in_a_command_a_statement_or_a_record(paths: Paths) -> None:
    engine = Database(container("web-a", "web"))
    engine.box["id-rds"] = container("rds", "rds")
    old = secrets.read(paths, NAME)["password"]
    engine.verifier = rolepassword.verifier(old)
    fault = faults.ChangePassword()
    state = fault.plan(engine, {})
    fault.inject(engine, state)
    record.add_fault({"run": "r", "by": "drill", "fault": faults.to_record(fault), "state": state})
    new = secrets.propose(paths, NAME)["password"]
    said = [fault.took_effect(engine, state), *fault.heal(engine, state)]
    told = " ".join(
        [*engine.argv, *engine.statements, *said, (record.STATE / "fault.json").read_text()]
    )
    assert old not in told
    assert new not in told


def test_secrets_are_their_owners_alone(paths: Paths) -> None:
    os.umask(0)
    try:
        secrets.propose(paths, NAME)
        secrets.change(paths, NAME, {"password": "another"})
    finally:
        os.umask(0o022)
    for path in paths.secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert stat.S_IMODE(paths.secrets.stat().st_mode) == 0o700
    secrets.adopt(paths, NAME)
    assert stat.S_IMODE((paths.secrets / NAME).stat().st_mode) == 0o600
    secrets.forget(paths)
    assert not list(paths.secrets.iterdir())


def test_a_proposal_is_kept(paths: Paths) -> None:
    """Asked twice it is the same: the database may know it already."""
    assert secrets.propose(paths, NAME) == secrets.propose(paths, NAME)
    (paths.secrets / f"{NAME}{secrets.NEXT}").write_text('{"user')
    assert secrets.proposed(paths, NAME) is None


@pytest.mark.parametrize(
    ("there", "name", "code"),
    [
        (["web"], "tenfold-rds", 3),
        (["web", "secretsmanager"], "tenfold-s3", 2),
        (["web", "secretsmanager"], "../tenfold-rds", 2),
        (["web", "secretsmanager"], "--help", 2),
    ],
)
def test_what_cannot_be_rotated_is_refused(
    paths: Paths, there: list[str], name: str, code: int
) -> None:
    engine = FakeEngine(*(container(role, role) for role in there))
    with pytest.raises(TenfoldError) as caught:
        rotate.rotate(paths, engine, name)  # type: ignore[arg-type]
    assert caught.value.exit_code == code
    assert caught.value.do


def test_the_tools_copy_follows_secrets_manager(paths: Paths) -> None:
    engine = FakeEngine(container("secretsmanager", "secretsmanager"))
    told = {"username": "tenfold", "password": "rotated"}
    engine.answers = [("AWSCURRENT", json.dumps({"SecretString": json.dumps(told)}))]
    before = secrets.read(paths, NAME)
    assert rotate.sync(paths, engine, NAME)  # type: ignore[arg-type]
    assert secrets.read(paths, NAME) == {**before, **told}
    assert not rotate.sync(paths, engine, NAME)  # type: ignore[arg-type]


@pytest.mark.parametrize("when", ["before", "while"])
def test_who_is_replaced_meanwhile_is_not_waited_for(paths: Paths, when: str) -> None:
    """Auto Scaling ends an instance that fails its check while it starts again."""

    class Replaced(Database):
        def restart(self, c: Container, grace: int = 2) -> None:
            if c.service == "web-a":
                self.remove(c)
                if when == "before":
                    self.inspect(c.id)
            else:
                super().restart(c, grace)

    engine = Replaced(container("web-a", "web"), container("web-b", "web", "b"))
    engine.box["id-sm"] = container("secretsmanager", "secretsmanager")
    engine.env["id-web-a"] = engine.env["id-web-b"] = {"SECRETS_REFRESH": "0"}
    told = json.dumps({"SecretString": json.dumps(secrets.read(paths, NAME))})
    ask = engine.exec

    def exec_(c: Container, argv: Sequence[str], **options: Any) -> ExecResult:
        return (
            ExecResult(0, told) if "GetSecretValue" in " ".join(argv) else ask(c, argv, **options)
        )

    engine.exec = exec_  # type: ignore[method-assign]
    done = faults.ChangePassword().heal(engine, {"user": "tenfold", "rotated": True})
    assert done == ["web-a-1 was replaced", "web-b-1 started again"]
