"""`make restore TO=…`: the database as it was at a second, in a new instance beside the old one.

As RDS does it: a base backup from before that second, and the shipped log up to it. With
`TAKE=tables` the running database gets the tables that it has lost, and keeps all else as it is.
`TAKE=1` lets the restored data take a single instance's place, as an operator on AWS would swap the
endpoints; a cluster goes on, and takes the tables.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import docker.errors

from tenfold import compose, inputs, pace, patroni, record
from tenfold.compose import Compose
from tenfold.engine import Container, Engine, EngineError
from tenfold.errors import FAILED, MISSING, TenfoldError
from tenfold.interrupt import interruptible
from tenfold.lock import lock
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.stages import Running
from tenfold.wait import WaitTimeout, wait_until

OLD, NEW = "rds", "rds-restored"
TABLES, ALL = "tables", "all"
HOME = "/var/lib/postgresql"
RESTORE_BOUND = 600.0
STOP_SECONDS = 20
TAKE_BOUND = 300.0
HEALTHY_BOUND = 120.0
SHIP_SLACK = 15.0
"""seconds the log may take beyond its interval"""


@dataclass(frozen=True)
class Window:
    """From when to when the database can be restored, unix time; None: not at all yet."""

    earliest: float | None
    latest: float | None

    def __str__(self) -> str:
        if self.earliest is None:
            return "there is no base backup yet"
        return f"from {said(self.earliest)} to {said(self.latest or self.earliest)}"


def moment(text: str) -> datetime:
    """A second from `2026-11-25 04:10:00`, UTC unless it says otherwise; raises TenfoldError."""
    try:
        told = datetime.fromisoformat(text.strip())
    except ValueError:
        raise inputs.wrong(
            f"TO={text} is no time", "say it as TO='2026-11-25 04:10:00' (UTC, or with +01:00)"
        ) from None
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    return told.astimezone(UTC)


def said(at: float) -> str:
    """A moment for a person, and for TO."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def refuse(to: float, window: Window, now: float) -> TenfoldError | None:
    """Why this second cannot be had; None if it can, now or when its log has been shipped. Pure."""
    if window.earliest is None:
        return TenfoldError(
            "there is no base backup yet", "it is made after the first start: try again in a minute"
        )
    if to > now:
        return inputs.wrong(f"{said(to)} UTC is not over yet", f"choose a second {window}")
    # pgBackRest wants a backup that had ended by then.
    if to <= window.earliest:
        return inputs.wrong(
            f"{said(to)} UTC is before the first base backup", f"choose a second {window}"
        )
    return None


def show(engine: Engine, now: Running, out: Output) -> None:
    """Without TO: what may be asked for."""
    found = window(engine, _source(engine, now))
    out.answer({"earliest": found.earliest, "latest": found.latest})
    out.say(f"The database can be restored {found} (UTC).")
    if found.latest is not None:
        to = f"make restore TO='{said(found.latest)}'"
        out.say(f"{to}               into a new instance, {NEW}")
        out.say(f"{to} TAKE=tables   and give {OLD} the tables that it has lost")
        if not patroni.clustered(engine):
            out.say(f"{to} TAKE=1        and let it take {OLD}'s place")


def taking(text: str, *, cluster: bool) -> str:
    """What TAKE asks for: nothing, TABLES, or ALL that is in it, which one instance alone can."""
    if text.strip().lower() == TABLES:
        return TABLES
    if not inputs.flag("TAKE", text):
        return ""
    return TABLES if cluster else ALL


def restore(paths: Paths, engine: Engine, now: Running, text: str, take: str, out: Output) -> None:
    """Restore, and take over what `take` says (`taking`)."""
    to = moment(text)
    with lock("restore"), interruptible(), out.live():
        begun = time.monotonic()
        fresh = beside(paths, engine, now, to, out)
        upto = _last_commit(engine, fresh)
        took = time.monotonic() - begun
        out.step(f"restored to {said(to.timestamp())} UTC in {took:.1f} s", style="green")
        down = _take(engine, _source(engine, now), fresh, out) if take == ALL else None
        tables = take_tables(engine, fresh, out) if take == TABLES else []
    out.answer(
        {
            "to": to.isoformat(),
            "last_commit": upto,
            "seconds": round(took, 1),
            "instance": OLD if take == ALL else NEW,
            "tables": tables,
            "down_seconds": down,
        }
    )
    out.say(f"The last commit in it: {upto or 'none after the base backup'}.")
    if take == ALL:
        out.say(f"It has taken {OLD}'s place; the data from before is in {HOME}/replaced.")
    elif tables:
        out.say(f"{OLD} has {', '.join(tables)} again, as of that second; all else is untouched.")
    else:
        if take:
            out.say(f"{OLD} has every table that {NEW} has: nothing was taken over.")
        out.say(f"make psql SERVICE={NEW}   looks into it")


def beside(paths: Paths, engine: Engine, now: Running, to: datetime, out: Output) -> Container:
    """The new instance with the data as of `to`; raises TenfoldError where that cannot be had."""
    source = _source(engine, now)
    if problem := refuse(to.timestamp(), window(engine, source), time.time()):
        raise problem
    _wait_for_log(engine, now, to.timestamp(), out)
    return _new_instance(paths, engine, now, to, out)


def window(engine: Engine, source: Container) -> Window:
    """What the backup bucket has, as the instance's own tool tells."""
    done = engine.exec(source, ["restore-window"], user="postgres")
    try:
        told: Mapping[str, float | None] = json.loads(done.output)
        return Window(told["earliest"], told["latest"])
    except (ValueError, KeyError, TypeError) as error:
        raise TenfoldError(
            f"the backups cannot be looked at: {compose.last_line(done.output)}",
            f"`make logs SERVICE={OLD}`; is S3 there (`make status`)?",
            FAILED,
        ) from error


def _source(engine: Engine, now: Running) -> Container:
    """The instance whose backups are meant."""
    if patroni.clustered(engine):
        # Whichever node leads ships the log, and has the account of it.
        return patroni.primary(engine)
    found = [c for c in now.containers if c.service == OLD and c.role == "rds"]
    if not found:
        raise TenfoldError(
            f"stage {now.stage} has no database instance that is backed up",
            "from stage 1 on there is: `make down`, `make stage-1 up`",
        )
    if not found[0].running:
        raise TenfoldError(f"{OLD} does not run", "`make heal` starts it again", MISSING)
    return found[0]


def _wait_for_log(engine: Engine, now: Running, to: float, out: Output) -> None:
    """A second can be had when the log of it is in the bucket: AWS ships it each five minutes."""
    bound = pace.seconds("RDS_LOG_SHIP_SECONDS") + SHIP_SLACK

    def shipped() -> bool:
        # Looked up each time: another node may lead by then.
        latest = window(engine, _source(engine, now)).latest
        return latest is not None and latest > to

    out.now(f"waiting until the log of that second is shipped, at most {bound:.0f} s")
    try:
        wait_until("the log to be shipped", shipped, bound, every=1, tolerate=(EngineError,))
    except WaitTimeout as error:
        raise TenfoldError(
            f"the log of {said(to)} UTC was not shipped within {bound:.0f} s",
            f"`make logs SERVICE={OLD}`; docs/runbooks/backups-late.md",
            FAILED,
        ) from error


def _new_instance(
    paths: Paths, engine: Engine, now: Running, to: datetime, out: Output
) -> Container:
    """A new instance with a new disk; an earlier restored one goes."""
    if engine.containers(service=NEW):
        out.step(f"removing the earlier {NEW}")
    remove(engine)
    asked = paths.state / "restore.env"
    asked.write_text(f"RDS_RESTORE_TO={to:%Y-%m-%d %H:%M:%S.%f}+00\n", encoding="utf-8")
    command = Compose(paths, now.stage, now.pace, (asked,))
    out.step(f"restoring into {NEW}, at most {RESTORE_BOUND:.0f} s")
    words = ["--profile", "restore", "up", "-d", "--no-deps", "--no-recreate", "--wait"]
    words += ["--wait-timeout", f"{RESTORE_BOUND:.0f}", "--pull", "never", "--no-build", NEW]
    done = command.run(*words, bound=RESTORE_BOUND + 30)
    found = engine.containers(service=NEW)
    if done.returncode or not found:
        if found:
            out.errors.print(engine.logs(found[0], 12).rstrip(), soft_wrap=True)
        raise TenfoldError(
            f"the restore failed: {compose.last_line(done.stderr)}",
            f"`make logs SERVICE={NEW}`; {OLD} was not touched",
            FAILED,
        )
    return found[0]


def _last_commit(engine: Engine, fresh: Container) -> str:
    sql = "SELECT coalesce(pg_last_xact_replay_timestamp()::text, '')"
    argv = ["psql", "-qAtX", "-U", "postgres", "-c", sql]
    return engine.exec(fresh, argv, user="postgres").output.strip()


def take_tables(engine: Engine, fresh: Container, out: Output) -> list[str]:
    """Give the running database the tables that it has lost, all in one transaction; their names.

    The restored instance goes when it has given something, and stays to be looked into else.
    """
    out.step(f"giving the running database the tables that it has lost, at most {TAKE_BOUND:.0f} s")
    secret = {str(record.STATE / "secrets" / "tenfold-rds"): "/run/secrets/tenfold-rds:ro"}
    tool = engine.run(fresh.image, ["take-tables"], role="restore", run="restore", mounts=secret)
    try:
        code, told = engine.wait(tool, TAKE_BOUND), engine.logs(tool, 1000)
    finally:
        engine.remove(tool)
    if code:
        raise TenfoldError(
            f"the tables could not be taken over: {compose.last_line(told)}",
            f"nothing was changed; `make psql SERVICE={NEW}` looks into the restored data",
            FAILED,
        )
    tables = [
        line.removeprefix("taken ") for line in told.splitlines() if line.startswith("taken ")
    ]
    if tables:
        out.step(f"the running database has {', '.join(tables)} again", style="green")
        remove(engine)
    return tables


def remove(engine: Engine) -> None:
    """The restored instance and its disk go."""
    for c in engine.containers(service=NEW):
        engine.remove(c)
    with contextlib.suppress(docker.errors.NotFound):
        engine.client.api.remove_volume(f"{engine.project}_{NEW}-data")


def _take(engine: Engine, old: Container, fresh: Container, out: Output) -> float:
    """Copy the restored data onto the old instance's disk; its next start puts it in place.

    The copy has its final name only when it is whole, so a crash leaves the old data or the new.
    Answers for how many seconds there was no database.
    """
    out.step(f"{NEW} takes {OLD}'s place, at most {TAKE_BOUND:.0f} s")
    engine.stop(fresh, STOP_SECONDS)
    begun = time.monotonic()
    engine.stop(old, STOP_SECONDS)
    script = (
        f"rm -rf {HOME}/part && cp -a --reflink=auto /restored/data {HOME}/part"
        f" && mv {HOME}/part {HOME}/restored"
    )
    volumes = {f"{engine.project}_{OLD}-data": HOME, f"{engine.project}_{NEW}-data": "/restored"}
    try:
        tool = engine.run(
            old.image, ["sh", "-c", script], role="restore", run="restore", mounts=volumes
        )
        try:
            if engine.wait(tool, TAKE_BOUND):
                raise TenfoldError(
                    f"the restored data could not be copied: {engine.logs(tool, 3).strip()}",
                    f"{OLD} goes on with its own; `make restore` tries again",
                    FAILED,
                )
        finally:
            engine.remove(tool)
    finally:
        # Whatever came of it: with the new data or the old.
        engine.start(old)

    def healthy() -> bool:
        return engine.inspect(old.id).health == "healthy"

    wait_until(f"{OLD} to be healthy", healthy, HEALTHY_BOUND, tolerate=(EngineError,))
    down = round(time.monotonic() - begun, 1)
    remove(engine)
    out.step(f"{OLD} has the restored data; it was away for {down:.1f} s", style="green")
    return down
