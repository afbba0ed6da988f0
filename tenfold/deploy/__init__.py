"""`make deploy RELEASE=v2`: the stage's own way of bringing a release to its instances.

In place on the one box at stages 0 and 1; at 2 and 3 one instance after the other, taken out of the
load balancer first, and the workers after them. What is to be deployed is on disk before the first
instance is touched, so that a deploy that was cut short goes on when it is run again.
"""

from __future__ import annotations

from tenfold import release as releases
from tenfold.deploy.base import Deploy, Hook, instances, nothing, where
from tenfold.deploy.box import InPlace
from tenfold.deploy.rolling import Rolling
from tenfold.engine import Engine, EngineError
from tenfold.errors import FAILED, INTERRUPTED, TenfoldError
from tenfold.interrupt import at_safe_points, interruptible
from tenfold.journal import DEPLOY_STARTED, DEPLOYED, Journal
from tenfold.lock import lock
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.release import Release
from tenfold.stages import Running
from tenfold.wait import WaitTimeout

__all__ = ["Deploy", "deploy", "instances", "run", "where"]

FIRST_ROLLING = 2
"""the first stage with more than one instance"""


def run(paths: Paths, engine: Engine, now: Running, release: Release, out: Output) -> None:
    """`make deploy`: under the lock, Ctrl-C tells where it stands."""
    with lock(f"deploy {release}"), interruptible(), out.live():
        back = releases.before(Journal(paths.journal, paths.project), release)
        seconds = deploy(paths, engine, now.stage, now.pace, release, out)
    found = where(engine)
    out.say(f"{release} is deployed after {seconds:.0f} s", style="bold green")
    out.say(f"  {back.command}   goes back")
    out.answer(
        {
            "release": release.name,
            "fault": release.fault,
            "stage": now.stage,
            "seconds": round(seconds, 1),
            "instances": {name: str(one) for name, one in found.items()},
            "back": back.command,
        }
    )


def deploy(
    paths: Paths,
    engine: Engine,
    stage: int,
    pace: str,
    release: Release,
    out: Output,
    hook: Hook = nothing,
) -> float:
    """Bring a release to all instances; answers how many seconds it took.

    `hook(moment, container)` is called on the way (a drill strikes there). Raises TenfoldError
    that says which instances have it and what goes on from there.
    """
    journal = Journal(paths.journal, paths.project)
    back = releases.before(journal, release)
    kind: type[Deploy] = Rolling if stage >= FIRST_ROLLING else InPlace
    begun = out.elapsed()
    out.step(f"{release} to stage {stage}, {kind.how}; now: {told(engine)}")
    # The template first: what is launched from now on has the release.
    releases.keep(paths, release)
    journal.add(DEPLOY_STARTED, stage, pace, release=str(release))
    try:
        with at_safe_points() as point:
            kind(paths, engine, stage, pace, release, out, hook, point).go()
    except (WaitTimeout, EngineError, TenfoldError) as error:
        raise TenfoldError(
            f"the deploy of {release} stopped: {error}; {told(engine)}",
            f"`{back.command}` goes back; `{release.command}` goes on",
            FAILED,
        ) from error
    except KeyboardInterrupt:
        raise TenfoldError(
            f"the deploy of {release} is half-way (Ctrl-C): {told(engine)}",
            f"`{release.command}` goes on; `{back.command}` goes back",
            INTERRUPTED,
        ) from None
    journal.add(DEPLOYED, stage, pace, release=str(release))
    return out.elapsed() - begun


def told(engine: Engine) -> str:
    """Which instance has which release, in words."""
    found = where(engine)
    by_release: dict[str, list[str]] = {}
    for name, release in found.items():
        by_release.setdefault(str(release), []).append(name)
    return "; ".join(f"{one}: {', '.join(names)}" for one, names in by_release.items()) or "nothing"
