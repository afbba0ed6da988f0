"""A snapshot of a stage's rows and pictures, for drills that destroy them.

Taken just before the fault into the run's own folder (which no fault reaches), put back once all
has been judged. It is the rehearsal's, not the stage's: no stage survives by it.
"""

from __future__ import annotations

import os
from pathlib import Path

from tenfold import patroni, record, secrets
from tenfold.engine import Engine
from tenfold.errors import FAILED, TenfoldError

BOUND = 240.0
"""seconds"""
ROWS = "tenfold.dump"
SCHEMA = "schema.sql"
PICTURES = "media.tar"
_PSQL = """set -eu
PGPASSWORD=$(jq -r .superuser_password /run/secrets/tenfold-rds)
export PGPASSWORD PGCONNECT_TIMEOUT=5
PATH=/usr/lib/postgresql/$PGVERSION/bin:$PATH
cd /snapshot
"""
_TAKE = f"""
[ ! -d /box/media ] || tar -C /box -cf {PICTURES} media
pg_dump -h rds -U postgres -d tenfold --schema-only -t 'public.posts_post' -f {SCHEMA}
pg_dump -h rds -U postgres -d tenfold -Fc -t 'public.*' -f part
mv part {ROWS}
"""
_PUT_BACK = (
    f"pg_restore -h rds -U postgres -d tenfold --clean --if-exists --single-transaction {ROWS}"
)
_EMPTY = f"psql -qX -h rds -U postgres -d tenfold -v ON_ERROR_STOP=1 -1 -o /dev/null -f {SCHEMA}"
_UNPACK = f"tar -C /box -xf {PICTURES}"


def take(engine: Engine, folder: Path, disk: str = "") -> None:
    """Rows, the posts' schema, and the pictures on the box's disk (a volume) where it has one."""
    place = folder / "snapshot"
    place.mkdir(exist_ok=True)
    if os.getuid() == 0:
        os.chown(place, secrets.CONTAINER_UID, secrets.CONTAINER_UID)
    _run(engine, folder, _TAKE, "the snapshot could not be taken", disk)


def there(folder: Path) -> bool:
    """Whether one was taken to its end."""
    return (folder / "snapshot" / ROWS).exists()


def put_back(engine: Engine, folder: Path) -> None:
    """All rows as they were; what came since goes."""
    _run(engine, folder, _PUT_BACK, "the snapshot could not be put back")


def unpack(engine: Engine, folder: Path, disk: str) -> bool:
    """The pictures onto the box's new disk; False where there were none."""
    if not (folder / "snapshot" / PICTURES).exists():
        return False
    _run(engine, folder, _UNPACK, "the pictures could not be put back", disk)
    return True


def empty_table(engine: Engine, folder: Path) -> None:
    """The posts' table anew, without a row: what an operator has without a backup."""
    _run(engine, folder, _EMPTY, "the empty table could not be made")


def forget(folder: Path) -> None:
    """The run's folder is kept, this is not."""
    place = folder / "snapshot"
    if place.exists():
        for path in place.iterdir():
            path.unlink()
        place.rmdir()


def _run(engine: Engine, folder: Path, script: str, failed: str, disk: str = "") -> None:
    mounts = {
        str(folder / "snapshot"): "/snapshot",
        str(record.STATE / "secrets" / "tenfold-rds"): "/run/secrets/tenfold-rds:ro",
    }
    if disk:
        mounts[disk] = "/box"
    tool = engine.run(
        patroni.primary(engine).image,
        ["bash", "-o", "pipefail", "-c", _PSQL + script],
        role="snapshot",
        run=folder.name,
        mounts=mounts,
        user=str(secrets.container_uid()),
    )
    try:
        code, words = engine.wait(tool, BOUND), engine.logs(tool, 4).strip()
    finally:
        engine.remove(tool)
    if code:
        raise TenfoldError(f"{failed}: {words[-300:]}", "`make heal` tries again", FAILED)
