"""`make down`: stop and remove all that was started, and see that nothing is left."""

from __future__ import annotations

import contextlib

import docker.errors

from tenfold import compose, observe, record, release, secrets, stages
from tenfold.compose import Compose
from tenfold.engine import Engine, EngineError
from tenfold.errors import FAILED, TenfoldError
from tenfold.interrupt import interruptible
from tenfold.journal import DOWN, DOWN_STARTED, Journal
from tenfold.lock import lock
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.wait import WaitTimeout, wait_until

DOWN_BOUND = 120.0
GONE_BOUND = 20.0


def down(paths: Paths, engine: Engine, volumes: bool, out: Output) -> None:
    """Remove the project's containers, tools and networks; its volumes and secrets if told so.

    Goes by Compose's labels, not by a stage file, so that it works whatever was started.
    """
    journal = Journal(paths.journal, paths.project)
    with lock("down"), interruptible():
        there = [*engine.containers(), *engine.tools()]
        entry = journal.started()
        number = entry.stage if entry else _running(paths, engine)
        kept = observe.volumes(engine)
        if not there and not observe.networks(engine) and not (volumes and kept):
            if entry:
                journal.add(DOWN, number, volumes=volumes)
            if volumes:
                release.forget(paths)
            _forget_faults()
            _tell(out, "nothing was running", number, 0, [], kept)
            return
        journal.add(DOWN_STARTED, number)
        with out.live():
            _heal(engine, out)
            removed = _remove(paths, engine, volumes, out)
            _verify(engine, volumes)
        if volumes:
            secrets.forget(paths)
            release.forget(paths)
        journal.add(DOWN, number, volumes=volumes)
        left = observe.volumes(engine)
    what = f"stage {number} is down" if number is not None else "all is down"
    _tell(out, what, number, removed, sorted(set(kept) - set(left)), left)


def _running(paths: Paths, engine: Engine) -> int | None:
    try:
        now = stages.running(paths, engine)
    except TenfoldError:
        return None
    return now.stage if now else None


def _heal(engine: Engine, out: Output) -> None:
    """A drill's fault is healed first, as every ending of a drill does; then it is forgotten.

    What cannot be healed goes with its container.
    """
    if record.faults() or record.switches():
        from tenfold.drill import heal_leftovers

        try:
            heal_leftovers()
        except (TenfoldError, EngineError, WaitTimeout) as error:
            out.step(f"not healed, it goes with its container: {error}", style="yellow")
    for c in engine.containers():
        # A frozen process cannot be asked to end.
        with contextlib.suppress(EngineError):
            engine.unpause(c)
    _forget_faults()


def _forget_faults() -> None:
    for entry in record.faults():
        record.drop_fault(str(entry["run"]))
    for entry in record.switches():
        record.drop_switch(str(entry["name"]))


def _remove(paths: Paths, engine: Engine, volumes: bool, out: Output) -> int:
    tools, containers = engine.tools(), engine.containers()
    for tool in tools:
        with contextlib.suppress(EngineError):
            engine.remove(tool)
    out.step(f"stopping {len(containers)} containers, at most {DOWN_BOUND:.0f} s")
    words = ["down", "--remove-orphans", *(["--volumes"] if volumes else [])]
    done = Compose(paths).run(*words, bound=DOWN_BOUND)
    # Compose by labels leaves what it does not see as a service's: finish the work.
    for c in engine.containers():
        engine.remove(c)
    api = engine.client.api
    with contextlib.suppress(docker.errors.NotFound):
        for name in observe.networks(engine):
            api.remove_network(name)
        for name in observe.volumes(engine) if volumes else []:
            api.remove_volume(name)
    if done.returncode and engine.containers():
        raise _left([c.short for c in engine.containers()], compose.last_line(done.stderr))
    return len(tools) + len(containers)


def _verify(engine: Engine, volumes: bool) -> None:
    """Nothing with our labels is left."""

    def left() -> list[str]:
        names = [c.name for c in (*engine.containers(), *engine.tools())]
        names += observe.networks(engine)
        return [*names, *(observe.volumes(engine) if volumes else [])]

    try:
        wait_until("everything to be gone", lambda: not left(), GONE_BOUND, every=0.3)
    except WaitTimeout as error:
        raise _left(left(), str(error)) from error


def _left(names: list[str], why: str) -> TenfoldError:
    return TenfoldError(
        f"not all is gone: {', '.join(names)} ({why})", "`make down` tries again", FAILED
    )


def _tell(
    out: Output,
    what: str,
    number: int | None,
    removed: int,
    forgotten: list[str],
    kept: list[str],
) -> None:
    out.say(f"{what}; nothing is left running", style="green")
    if forgotten:
        out.say(f"forgotten: {len(forgotten)} volumes of data")
    if kept:
        out.say(f"kept: {len(kept)} volumes of data (`make down VOLUMES=1` forgets them)")
    out.answer(
        {"stage": number, "removed": removed, "volumes_removed": forgotten, "volumes_kept": kept}
    )
