"""Secrets Manager keeps versions as AWS does, and its rotation leaves one password everywhere."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from standin import NOT_YET, Box, Stand, secret

from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

PORT = 5000
SIGNED = "AWS4-HMAC-SHA256 Credential=t/20250101/us-east-1/secretsmanager/aws4_request"
NAME = "tenfold/rds"


@dataclass
class Managed:
    """Secrets Manager, a database, and who takes them through a rotation."""

    stand: Stand
    manager: Box
    database: Box
    seed: dict[str, str]

    def call(self, operation: str, **arguments: Any) -> Any:
        """An operation; its answer, or the name of its refusal."""
        got = self.manager.call(
            PORT,
            "POST",
            "/",
            json.dumps(arguments).encode(),
            {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"secretsmanager.{operation}",
                "Authorization": SIGNED,
            },
        )
        return got.json if got.status == 200 else got.json["__type"]

    def password(self, stage: str = "") -> str:
        """Of the version with a label; without one, whatever it answers."""
        asked = {"VersionStage": stage} if stage else {}
        told = self.call("GetSecretValue", SecretId=NAME, **asked)
        return str(json.loads(told["SecretString"])["password"])

    def ready(self) -> None:
        """Until it answers."""
        wait_until(
            "Secrets Manager",
            lambda: isinstance(self.call("DescribeSecret", SecretId=NAME), dict),
            30,
            tolerate=NOT_YET,
        )

    def restart(self) -> None:
        """A power cut, and on again."""
        self.manager.kill()
        self.manager.start()
        self.ready()

    def log_in(self, password: str) -> bool:
        """Whether the database lets the application's user in."""
        try:
            psycopg.connect(
                host="127.0.0.1",
                port=self.database.port(5432),
                dbname="tenfold",
                user="tenfold",
                password=password,
                connect_timeout=5,
            ).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                return False
            raise
        return True

    def rotate(self) -> str:
        """The rotation function, once; what it said."""
        number = 30 + len(self.stand.made)
        function = self.stand.run(
            "tenfold/app:dev",
            ["python", "-m", "aws.rotation", NAME],
            service=f"rotation-{number}",
            host=number,
            env={
                "SECRETS_URL": f"http://secretsmanager:{PORT}",
                "DATABASE_URL": "postgresql://rds:5432/tenfold",
            },
        )
        engine = self.stand.engine
        code = engine.wait(engine.inspect(function.id), 60)
        said = function.logs()
        assert code == 0, said
        return said


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """Both, filled from the same seed."""
    folder = tmp_path_factory.mktemp("secrets")
    mounts: dict[Path, str] = {}
    for name in ("tenfold-s3", "tenfold-django"):
        mounts |= secret(folder, name)[0]
    mount, seed = secret(folder, "tenfold-rds")
    with Stand("secrets") as stand:
        manager = stand.run(
            "tenfold/secretsmanager:dev",
            service="secretsmanager",
            host=14,
            files=mounts | mount,
            ports=[PORT],
        )
        database = stand.run(
            "tenfold/rds:dev", ["start-postgres"], service="rds", host=20, files=mount, ports=[5432]
        )
        made = Managed(stand, manager, database, seed)
        made.ready()
        wait_until(
            "the database",
            lambda: made.log_in(seed["password"]),
            60,
            tolerate=(psycopg.OperationalError,),
        )
        yield made


def test_what_rds_keeps_to_itself_is_not_handed_out(managed: Managed) -> None:
    told = managed.call("GetSecretValue", SecretId=NAME)["SecretString"]
    assert set(json.loads(told)) == {"username", "password"}
    assert managed.seed["superuser_password"] not in told


def test_rotations_leave_one_password_everywhere(managed: Managed) -> None:
    """Twice, over a power cut: current logs in, previous is known and refused."""
    before = managed.password()
    for _ in range(2):
        said = managed.rotate()
        current, previous = managed.password(), managed.password("AWSPREVIOUS")
        assert previous == before
        assert managed.log_in(current)
        assert not managed.log_in(previous)
        # moto would answer with the version that had the label before.
        assert managed.password("AWSCURRENT") == current
        assert current not in said
        managed.restart()
        assert managed.password() == current
        before = current


def test_a_rotation_that_was_cut_short_is_gone_on_with(managed: Managed) -> None:
    """The pending version outlives a power cut: the database may know it already."""
    current = managed.password()
    version = "11111111-2222-4333-8444-555555555555"
    managed.call(
        "PutSecretValue",
        SecretId=NAME,
        ClientRequestToken=version,
        SecretString=json.dumps({"username": "tenfold", "password": "half-way"}),
        VersionStages=["AWSPENDING"],
    )
    managed.restart()
    assert managed.password() == current
    assert managed.password("AWSPENDING") == "half-way"
    assert version in managed.rotate()
    assert managed.password() == "half-way"
    assert managed.log_in("half-way")


def test_what_is_kept_is_its_owners_alone(managed: Managed) -> None:
    engine = managed.stand.engine
    box = engine.inspect(managed.manager.id)
    got = engine.exec(box, ["stat", "-c", "%a %u", "/data/secrets.json"])
    mode, owner = got.output.split()
    assert stat.S_IMODE(int(mode, 8)) == 0o600
    assert owner == "10001"
    # The log has requests in it, and no value.
    assert "half-way" not in managed.manager.logs()


@pytest.mark.parametrize("wanted", ["tenfold/nope", "", "../tenfold/rds"])
def test_what_is_not_there_is_refused(managed: Managed, wanted: str) -> None:
    assert isinstance(managed.call("GetSecretValue", SecretId=wanted), str)
