"""The rotation function: the four steps of AWS's template for one PostgreSQL user.

On AWS a Lambda function in the VPC, called by Secrets Manager once a step; here
`python -m aws.rotation tenfold/rds`, run by `make rotate` in a container of its own. Every step can
be repeated, and a rotation that was cut short is gone on with: what the database may know already
is in the version AWSPENDING. The cleartext goes to Secrets Manager and nowhere else; the database
is sent the SCRAM verifier.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import uuid
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from aws.sigv4 import Credentials, Scope
from aws.wire import Endpoint, Refused, Unreachable

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
LENGTH = 32
EXCLUDED = "/@\"'\\:"
"""as AWS's template: what some clients cannot take in a connection's address"""
CONNECT_SECONDS = 3


class RotationFailed(Exception):
    """A step could not be done; the text says which and why, without any value."""


@dataclass
class Rotation:
    """One rotation of one secret; `database` is its host, port and name as a URL."""

    manager: Endpoint
    secret: str
    database: str
    token: str = ""
    """the new version's id; empty: that of a rotation that was cut short, else a new one"""

    def run(self) -> str:
        """All four steps; answers the id of the version that is current now."""
        self.token = self.token or self._unfinished() or str(uuid.uuid4())
        for step in (self.create_secret, self.set_secret, self.test_secret, self.finish_secret):
            step()
            print(
                json.dumps({"event": step.__name__, "secret": self.secret, "version": self.token})
            )
        return self.token

    def create_secret(self) -> None:
        """A new random password as AWSPENDING, unless this rotation has made one before."""
        current = self._value(CURRENT)
        if self._find(PENDING, self.token) is not None:
            return
        told = self._call("GetRandomPassword", PasswordLength=LENGTH, ExcludeCharacters=EXCLUDED)
        self._call(
            "PutSecretValue",
            SecretId=self.secret,
            ClientRequestToken=self.token,
            SecretString=json.dumps({**current, "password": told["RandomPassword"]}),
            VersionStages=[PENDING],
        )

    def set_secret(self) -> None:
        """The database gets it: by the user's own hand, logged in with what works still."""
        pending = self._value(PENDING, self.token)
        if self._log_in(pending, commit=None):
            return
        for stage in (CURRENT, PREVIOUS):
            known = self._find(stage)
            if known is None:
                continue
            if known["username"] != pending["username"]:
                raise RotationFailed(f"{stage} and {PENDING} are not of one user")
            if self._log_in(known, commit=pending):
                return
        raise RotationFailed(f"neither {CURRENT} nor {PREVIOUS} nor {PENDING} can log in")

    def test_secret(self) -> None:
        """The new one works."""
        if not self._log_in(self._value(PENDING, self.token), commit=None):
            raise RotationFailed(f"{PENDING} cannot log in after it was set")

    def finish_secret(self) -> None:
        """AWSCURRENT moves to it; the one before becomes AWSPREVIOUS by that."""
        stages = self._stages()
        current = next(version for version, labels in stages.items() if CURRENT in labels)
        if current != self.token:
            self._call(
                "UpdateSecretVersionStage",
                SecretId=self.secret,
                VersionStage=CURRENT,
                MoveToVersionId=self.token,
                RemoveFromVersionId=current,
            )
        if PENDING in stages.get(self.token, ()):
            self._call(
                "UpdateSecretVersionStage",
                SecretId=self.secret,
                VersionStage=PENDING,
                RemoveFromVersionId=self.token,
            )

    # -- Secrets Manager -------------------------------------------------------------------

    def _unfinished(self) -> str:
        """The version of a rotation that was cut short, empty without one."""
        for version, labels in self._stages().items():
            if PENDING in labels and CURRENT not in labels:
                return version
        return ""

    def _stages(self) -> dict[str, list[str]]:
        told = self._call("DescribeSecret", SecretId=self.secret)
        return dict(told.get("VersionIdsToStages") or {})

    def _find(self, stage: str, version: str = "") -> dict[str, Any] | None:
        """A version's value, None where there is none."""
        try:
            return self._value(stage, version)
        except Refused:
            return None

    def _value(self, stage: str, version: str = "") -> dict[str, Any]:
        asked = {"SecretId": self.secret, "VersionStage": stage}
        if version:
            asked["VersionId"] = version
        told = self._call("GetSecretValue", **asked)
        return dict(json.loads(told["SecretString"]))

    def _call(self, operation: str, **arguments: Any) -> Any:
        return self.manager.call(f"secretsmanager.{operation}", arguments)

    # -- the database ------------------------------------------------------------------------

    def _log_in(self, secret: dict[str, Any], commit: dict[str, Any] | None) -> bool:
        """Whether a secret logs in; once in, the password of `commit` is made the user's."""
        parts = urlsplit(self.database)
        try:
            connection = psycopg.connect(
                host=parts.hostname,
                port=parts.port or 5432,
                dbname=parts.path.lstrip("/"),
                user=secret["username"],
                password=secret["password"],
                connect_timeout=CONNECT_SECONDS,
                application_name="rotation",
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                return False
            raise
        with closing(connection):
            if commit is not None:
                name = commit["username"]
                verifier = connection.pgconn.encrypt_password(
                    commit["password"].encode(), name.encode(), b"scram-sha-256"
                )
                # Literals, not parameters: ALTER ROLE takes none.
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                        sql.Identifier(name), sql.Literal(verifier.decode())
                    )
                )
            connection.execute("SELECT 1")
        return True


def main() -> int:
    """Rotate one secret; 1 with one line where that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("secret", help="its name, tenfold/rds")
    given = parser.parse_args()
    role = Credentials("instance-role", "instance-role")
    manager = Endpoint(os.environ["SECRETS_URL"], Scope("secretsmanager"), role)
    try:
        Rotation(manager, given.secret, os.environ["DATABASE_URL"]).run()
    except (RotationFailed, Refused, Unreachable, psycopg.Error) as error:
        sys.stderr.write(f"{given.secret} was not rotated: {str(error).strip()}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
