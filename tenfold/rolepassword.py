r"""The application's password at the database: changed by the superuser, and tried.

What is sent is the SCRAM verifier, as psql's \password does it: the cleartext is in no statement,
so that no log, no statistics and no process list can have it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from tenfold import patroni, sql
from tenfold.engine import Engine
from tenfold.errors import TenfoldError

ITERATIONS = 4096
"""PostgreSQL's own default"""
DO = "see `make status`"
REFUSED = "password authentication failed"


def verifier(password: str, salt: bytes = b"") -> str:
    """RFC 5803's form of a SCRAM-SHA-256 verifier, as pg_authid keeps it."""
    salt = salt or os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    words = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${ITERATIONS}:{words[0]}${words[1]}:{words[2]}"


def change(engine: Engine, user: str, password: str) -> None:
    """ALTER ROLE on the primary; raises TenfoldError. `user` is one of our own names."""
    sql.run(engine, f"ALTER ROLE \"{user}\" PASSWORD '{verifier(password)}'")


def works(engine: Engine, user: str, password: str) -> bool:
    """Whether a login over the network is let in; raises EngineError where nobody answers.

    Tried on the primary's own host, where no rule of pg_hba lets it in without a password.
    """
    argv = ["psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-U", user, "-d", sql.DATABASE]
    # By the environment: arguments are in the process list.
    got = engine.exec(
        patroni.primary(engine),
        [*argv, "-c", "SELECT 1"],
        user="postgres",
        env={"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "3"},
    )
    if got.code and REFUSED not in got.output:
        said = got.output.strip()[-300:]
        raise TenfoldError(f"the database says neither yes nor no to a login: {said}", do=DO)
    return got.code == 0


def connections(engine: Engine, user: str, before: str = "") -> int:
    """Open connections of a user; with `before` those begun earlier by the database's clock."""
    older = f" AND backend_start < '{before}'" if before else ""
    found = sql.run(
        engine, f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'{older}"
    )
    return int(found)


def now(engine: Engine) -> str:
    """The database's clock."""
    return sql.run(engine, "SELECT clock_timestamp()")
