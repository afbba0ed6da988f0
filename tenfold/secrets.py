"""The credentials of this checkout: made once, at random, and kept out of images and stage files.

They stand for what AWS makes for you (RDS's master password, access keys). Mode 600; owned by the
user the containers run as, so that a service that reads them needs no root.
"""

from __future__ import annotations

import json
import os
import secrets as random
from collections.abc import Callable, Mapping

from tenfold.paths import Paths

NEXT = ".next"
"""ending of a value that the operator has not distributed yet"""
CONTAINER_UID = 10001
"""who the images run as when the tool is root; else they run as the tool's own user"""


def _rds() -> dict[str, str]:
    made = {"username": "tenfold"}
    for name in ("password", "superuser_password", "replication_password", "rewind_password"):
        made[name] = random.token_hex(24)
    return made


def _s3() -> dict[str, str]:
    return {"access_key": f"tenfold{random.token_hex(6)}", "secret_key": random.token_hex(20)}


def _django() -> dict[str, str]:
    return {"secret_key": random.token_hex(32), "jwt_key": random.token_hex(32)}


KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "tenfold-rds": _rds,
    "tenfold-s3": _s3,
    "tenfold-django": _django,
}


def container_uid() -> int:
    """As whom containers that read secrets run."""
    return os.getuid() or CONTAINER_UID


def missing(paths: Paths) -> list[str]:
    """Secrets that are not there, or that a power cut has torn."""
    return [name for name in KINDS if not _whole(paths, name)]


def ensure(paths: Paths) -> list[str]:
    """Make what is missing, mend modes and owners; the names of those made."""
    paths.make_state()
    paths.secrets.mkdir(mode=0o700, exist_ok=True)
    paths.secrets.chmod(0o700)
    made = missing(paths)
    for name in made:
        _write(paths, name, KINDS[name]())
    for name in KINDS:
        path = paths.secrets / name
        path.chmod(0o600)
        if os.getuid() == 0:
            os.chown(path, CONTAINER_UID, CONTAINER_UID)
    return made


def read(paths: Paths, name: str) -> dict[str, str]:
    """One secret; raises OSError or ValueError where it is not there or torn."""
    return dict(json.loads((paths.secrets / name).read_text(encoding="utf-8")))


def change(paths: Paths, name: str, values: Mapping[str, str]) -> None:
    """Another value of some of its keys, in one step: readers see the old file or the new one.

    Containers that have the file mounted see the old one until they are started again.
    """
    _write(paths, name, {**read(paths, name), **values})


def propose(paths: Paths, name: str) -> dict[str, str]:
    """A new password for the secret's user, in a file beside it until `adopt`; kept if it is there.

    On disk before anybody is told: what the database may know already must not be lost.
    """
    proposed = f"{name}{NEXT}"
    if not _whole(paths, proposed):
        _write(paths, proposed, {**read(paths, name), "password": random.token_hex(24)})
    return read(paths, proposed)


def proposed(paths: Paths, name: str) -> dict[str, str] | None:
    """What `propose` made and nobody has adopted; None: nothing."""
    return read(paths, f"{name}{NEXT}") if _whole(paths, f"{name}{NEXT}") else None


def adopt(paths: Paths, name: str) -> None:
    """The proposed value takes the secret's place."""
    (paths.secrets / f"{name}{NEXT}").replace(paths.secrets / name)


def forget(paths: Paths) -> None:
    """Remove them, when the data they open is gone."""
    for name in KINDS:
        (paths.secrets / name).unlink(missing_ok=True)
        (paths.secrets / f"{name}{NEXT}").unlink(missing_ok=True)


def _write(paths: Paths, name: str, value: Mapping[str, str]) -> None:
    """Whole or not at all, readable by its owner alone from its first byte on."""
    fresh = paths.secrets / f".{name}.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    if os.getuid() == 0:
        os.chown(fresh, CONTAINER_UID, CONTAINER_UID)
    fresh.replace(paths.secrets / name)


def _whole(paths: Paths, name: str) -> bool:
    try:
        return bool(json.loads((paths.secrets / name).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return False
