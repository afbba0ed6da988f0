"""The command line: reads what people say, calls the module that does it, tells its errors.

Exit codes: 0 done · 1 the answer is no (a drill's verdict differs from its row) · 2 wrong input ·
3 something is missing first (engine, port, memory, a running stage; another command runs) ·
4 something failed on the way · 130 Ctrl-C. Every option is an environment variable too, which is
how make passes it; JSON=1 gives any answer, and any error, as JSON on standard output.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer

from tenfold import inputs, settings, stages
from tenfold.engine import Engine, EngineError
from tenfold.errors import FAILED, INTERRUPTED, MISSING, USAGE, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths
from tenfold.stages import Running
from tenfold.wait import WaitTimeout

app = typer.Typer(
    name="tenfold",
    help=__doc__,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Where = Annotated[str, typer.Argument(envvar="TENFOLD_STAGE", help="a stage's number")]
Name = Annotated[str, typer.Argument(envvar="DRILL", help="a drill's name, as `drills` lists it")]
Service = Annotated[str, typer.Option(envvar="SERVICE", help="a service, container or role")]
Pace = Annotated[str, typer.Option(envvar="PACE", help="time constants: drill or aws")]
Stage = Annotated[str, typer.Option(envvar="TENFOLD_STAGE", help="must be the running stage")]


def output() -> Output:
    """Progress and answers, in the form that was asked for."""
    return Output(inputs.flag("JSON", os.environ.get("JSON", "")))


def connect() -> Engine:
    """The engine and the project; raises TenfoldError when none answers."""
    _use_context()
    try:
        return Engine(Paths.here().project)
    except EngineError as error:
        raise TenfoldError(
            "no Docker engine answers", "start Docker, or run `make setup`", MISSING
        ) from error


def _use_context() -> None:
    """The SDK does not know the client's contexts: both, and what we start, get one address."""
    os.environ["DOCKER_HOST"] = settings.engine_host(os.environ)


def running(asked: str) -> tuple[Engine, Running]:
    """The running stage; its pace becomes the one that the drills reckon with."""
    engine = connect()
    found = stages.need(Paths.here(), engine, asked)
    asked_pace = os.environ.get("PACE") or found.pace
    inputs.choice("PACE", asked_pace, inputs.PACES, found.pace)
    if asked_pace != found.pace:
        raise TenfoldError(
            f"the stage runs at {found.pace} pace, not {asked_pace}",
            f"`make stage-{found.stage} up PACE={asked_pace}` changes it",
        )
    os.environ["PACE"] = found.pace
    return engine, found


# -- start and stop --------------------------------------------------------------------------


@app.command()
def up(
    stage: Where = "",
    pace: Pace = "",
    port: Annotated[str, typer.Option(envvar="PORT", help="the front door's port")] = "",
    seed: Annotated[str, typer.Option(envvar="SEED", help="0: no first data")] = "1",
) -> int:
    """Start a stage, or go on with a start that was cut short; ready when it returns."""
    from tenfold.journal import Journal
    from tenfold.up import Up, interrupted

    paths, out = Paths.here(), output()
    known = stages.known(paths)
    if not stage.strip():
        last = Journal(paths.journal, paths.project).last()
        stage = str(last.stage) if last and last.stage in known else ""
    number = inputs.stage(stage, known)
    if pace:
        inputs.choice("PACE", pace, inputs.PACES, "drill")
    if port:
        os.environ["PORT"] = port
    settings.ports(os.environ, {})
    with_seed = inputs.flag("SEED", seed or "1")
    about = stages.read(paths, number)
    try:
        Up(paths, connect(), about, pace, out, with_seed).go()
    except KeyboardInterrupt:
        raise interrupted(number) from None
    return 0


@app.command()
def down(
    volumes: Annotated[str, typer.Option(envvar="VOLUMES", help="1: forget the data too")] = "",
) -> int:
    """Stop and remove everything that was started; the data is kept unless told otherwise."""
    from tenfold.down import down as go

    out = output()
    forget = inputs.flag("VOLUMES", volumes)
    try:
        go(Paths.here(), connect(), forget, out)
    except KeyboardInterrupt:
        raise TenfoldError(
            "not all is down (Ctrl-C)", "`make down` goes on from here", INTERRUPTED
        ) from None
    return 0


@app.command()
def status() -> int:
    """What runs, where, how healthy, in how much memory; who leads; what is broken on purpose."""
    from tenfold import status as module

    out = output()
    module.show(module.gather(Paths.here(), connect()), out)
    return 0


@app.command()
def urls(stage: Stage = "") -> int:
    """Every page of the running stage."""
    out = output()
    _, now = running(stage)
    about = stages.read(Paths.here(), now.stage)
    out.answer({"stage": now.stage, "urls": [{"name": n, "url": u} for n, u in about.urls]})
    width = max((len(n) for n, _ in about.urls), default=0)
    for name, url in about.urls:
        out.say(f"{name:{width}}  {url}")
    return 0


@app.command()
def deploy(
    name: Annotated[str, typer.Argument(envvar="RELEASE", help="the release's name")] = "",
    fault: Annotated[str, typer.Option(envvar="FAULT", help="errors, leak, slow, crash")] = "",
    stage: Stage = "",
) -> int:
    """Bring a release to the stage's instances; FAULT= makes it faulty on purpose, for drills."""
    from tenfold import deploy as module
    from tenfold import release

    out = output()
    wanted = release.asked(name, fault)
    engine, now = running(stage)
    module.run(Paths.here(), engine, now, wanted, out)
    return 0


# -- look inside -----------------------------------------------------------------------------


@app.command()
def alarms(stage: Stage = "") -> int:
    """The alarms: which are on, since when, who is at it, and where the runbook is."""
    from tenfold import alarms as module

    out = output()
    engine, _ = running(stage)
    module.show(module.look(engine), out)
    return 0


@app.command()
def ack(
    name: Annotated[str, typer.Argument(envvar="ALERT", help="an alarm's name")] = "",
    who: Annotated[str, typer.Option(envvar="BY", help="who is at it; your user name")] = "",
    note: Annotated[str, typer.Option(envvar="NOTE", help="what you are about to do")] = "",
    seconds: Annotated[str, typer.Option("--for", envvar="FOR", help="30m")] = "",
    stage: Stage = "",
) -> int:
    """Acknowledge an alarm that is on: somebody is at it, no more mails about it for that time."""
    import getpass

    from tenfold import alarms as module

    out = output()
    if not name.strip():
        raise inputs.wrong("which alarm?", "say `make ack ALERT=NAME`; `make alarms` lists them")
    lasts = inputs.seconds("FOR", seconds, 1800)
    engine, _ = running(stage)
    by = who.strip() or getpass.getuser()
    until = module.acknowledge(engine, name.strip(), by, note.strip(), lasts)
    out.answer({"alarm": name.strip(), "by": by, "until": until})
    out.say(f"{name.strip()} is acknowledged by {by} until {until[11:16]} UTC", style="green")
    return 0


@app.command()
def logs(
    service: Service = "",
    follow: Annotated[str, typer.Option(envvar="FOLLOW", help="0: the past alone")] = "1",
    stage: Stage = "",
) -> int:
    """Follow the logs of one service or all, until Ctrl-C."""
    from tenfold import doors

    out = output()
    engine, now = running(stage)
    return doors.logs(
        Paths.here(), engine, now, service.strip(), inputs.flag("FOLLOW", follow or "1"), out
    )


@app.command()
def shell(service: Service = "", stage: Stage = "") -> int:
    """A shell in a container (an instance, unless SERVICE says otherwise)."""
    from tenfold import doors

    _, now = running(stage)
    doors.shell(now, service.strip())


@app.command()
def psql(
    service: Service = "",
    sql: Annotated[str, typer.Option(envvar="SQL", help="one statement instead of a prompt")] = "",
    stage: Stage = "",
) -> int:
    """Psql on the primary, or SERVICE=rds-replica; runs standard input if it is no terminal."""
    from tenfold import doors

    engine, now = running(stage)
    doors.psql(engine, now, service.strip(), sql.strip())


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="FROM", envvar="FROM")] = "",
    after: Annotated[str, typer.Argument(metavar="TO", envvar="TO")] = "",
) -> int:
    """What one stage has that another has not, and why."""
    from tenfold import diff as module

    paths, out = Paths.here(), output()
    known = stages.known(paths)
    if not before.strip() and not after.strip():
        raise inputs.wrong("which stages?", "say `make diff FROM=2 TO=3`")
    if not before.strip():
        before = str(inputs.stage(after, known) - 1)
    if not after.strip():
        after = str(inputs.stage(before, known) + 1)
    a, b = (inputs.stage(word, known) for word in (before, after))
    if a == b:
        raise inputs.wrong(f"stage {a} differs from itself in nothing", "say two stages")
    between = [stages.read(paths, n) for n in known if min(a, b) < n <= max(a, b)]
    module.show(module.compare(stages.read(paths, a), stages.read(paths, b), between), out)
    return 0


# -- data and images ---------------------------------------------------------------------------


@app.command()
def seed(
    size: Annotated[str, typer.Option(envvar="SIZE", help="S, M or L")] = "",
    stage: Stage = "",
) -> int:
    """Fill the running stage with a believable network: S about 200 accounts, M, L."""
    from tenfold.compose import Compose
    from tenfold.interrupt import interruptible
    from tenfold.journal import SEEDED, Journal
    from tenfold.lock import lock
    from tenfold.seed import seed as go

    paths, out = Paths.here(), output()
    size = inputs.choice("SIZE", size.upper(), inputs.SIZES, "S")
    _, now = running(stage)
    with lock("seed"), interruptible(), out.live():
        told = go(Compose(paths, now.stage, now.pace), size, out)
        Journal(paths.journal, paths.project).add(SEEDED, now.stage, now.pace)
    out.answer({"size": size, "told": told})
    return 0


@app.command()
def images(stage: Where = "") -> int:
    """Build the images of a stage, or of all; a second build takes seconds."""
    from tenfold import images as module
    from tenfold.interrupt import interruptible
    from tenfold.lock import lock

    known = stages.known(Paths.here())
    number = inputs.stage(stage, known) if stage.strip() else max(known, default=3)
    connect()
    with lock("images"), interruptible():
        module.build(number, output())
    return 0


@app.command()
def restore(
    to: Annotated[str, typer.Option(envvar="TO", help="a second: '2026-11-25 04:10:00', UTC")] = "",
    take: Annotated[str, typer.Option(envvar="TAKE", help="tables: the lost ones; 1: all")] = "",
    stage: Stage = "",
) -> int:
    """The database as of any second, in a new instance; without TO it says what can be had."""
    from tenfold import patroni
    from tenfold import restore as module

    out = output()
    module.taking(take, cluster=False)  # a wrong word is told first
    if to.strip():
        module.moment(to)
    engine, now = running(stage)
    if to.strip():
        takes = module.taking(take, cluster=patroni.clustered(engine))
        module.restore(Paths.here(), engine, now, to, takes, out)
    else:
        module.show(engine, now, out)
    return 0


@app.command()
def rotate(
    secret: Annotated[str, typer.Option(envvar="SECRET", help="a secret: tenfold-rds")] = "",
    stage: Stage = "",
) -> int:
    """Another database password, by Secrets Manager's rotation; nothing is restarted."""
    from tenfold import rotate as module
    from tenfold.interrupt import interruptible
    from tenfold.lock import lock

    out = output()
    name = secret.strip() or "tenfold-rds"
    engine, _ = running(stage)
    with lock("rotate"), interruptible():
        version = module.rotate(Paths.here(), engine, name)
    out.answer({"secret": name, "version": version})
    out.step(f"{name} is rotated: version {version} is AWSCURRENT", style="green")
    return 0


# -- load and drills -----------------------------------------------------------------------------


@app.command()
def load(
    scenario: Annotated[str, typer.Option(envvar="SCENARIO", help="steady, ramp or spike")] = "",
    users: Annotated[str, typer.Option(envvar="USERS", help="how many at once")] = "",
    seconds: Annotated[str, typer.Option("--for", envvar="FOR", help="60, 5m, 1h")] = "",
    ui: Annotated[str, typer.Option(envvar="UI", help="1: on Locust's own web page")] = "",
    stage: Stage = "",
) -> int:
    """Locust's users on the running stage, with live figures and a report."""
    from tenfold import load as module

    out = output()
    page = inputs.flag("UI", ui)
    many = inputs.integer("USERS", users, 20, 1, 10_000)
    lasts = inputs.seconds("FOR", seconds, 0 if page else 60)
    scenario = inputs.choice("SCENARIO", scenario, tuple(module.SHAPES), "steady")
    _, now = running(stage)
    return module.run(scenario, many, lasts, page, now.stage, out.as_json)


@app.command()
def drills(stage: Stage = "") -> int:
    """The catalogue: what each stage should do, and what a drill's negative controls are."""
    from tenfold import catalogue

    paths, out = Paths.here(), output()
    known = stages.known(paths)
    catalogue.show([inputs.stage(stage, known)] if stage.strip() else known, out)
    return 0


@app.command()
def drill(
    name: Name,
    without: Annotated[str, typer.Option(envvar="WITHOUT", help="switches to take away")] = "",
    stage: Stage = "",
) -> int:
    """Break the running stage under load, heal it, and judge it."""
    from tenfold import drill as module

    out = output()
    module.find(name)
    _, now = running(stage)
    return module.run(name, now.stage, inputs.names(without), out.as_json)


@app.command("break")
def break_(name: Name, stage: Stage = "") -> int:
    """A drill's fault alone, to look around by hand; `heal` undoes it."""
    from tenfold import drill as module

    out = output()
    module.find(name)
    _, now = running(stage)
    return module.break_(name, now.stage, out.as_json)


@app.command()
def heal() -> int:
    """Undo every fault there is, and wait until the stage is steady."""
    from tenfold import drill as module

    out = output()
    _, now = running("")
    return module.heal(now.stage, out.as_json)


@app.command()
def watch(stage: Stage = "") -> int:
    """Load, probe and ledger until Ctrl-C, while you break things; then the verdict."""
    from tenfold import watch as module

    out = output()
    _, now = running(stage)
    return module.run(now.stage, out.as_json)


@app.command()
def bench(stage: Stage = "") -> int:
    """What CloudFront and the ALB cost against the instances alone, in one run."""
    from tenfold import bench as module

    out = output()
    _, now = running(stage)
    return module.front(now.stage, out.as_json)


@app.command()
def profile(
    users: Annotated[str, typer.Option(envvar="USERS", help="how many at once")] = "",
    seconds: Annotated[str, typer.Option("--for", envvar="FOR", help="30, 5m")] = "",
    stage: Stage = "",
) -> int:
    """Where the time of the five most used requests goes, told by the app itself in one run."""
    from tenfold import profile as module

    out = output()
    many = inputs.integer("USERS", users, 10, 1, 10_000)
    lasts = inputs.seconds("FOR", seconds, 30)
    _, now = running(stage)
    return module.run(now.stage, many, lasts, out.as_json)


@app.command()
def rehearse(
    seconds: Annotated[str, typer.Option("--for", envvar="FOR", help="budget: 45m")] = "",
    numbers: Annotated[str, typer.Option("--stages", envvar="STAGES", help="2-3 or 2,3")] = "",
    names: Annotated[str, typer.Option("--drills", envvar="DRILLS", help="kill-web,kill-db")] = "",
    every: Annotated[str, typer.Option("--all", envvar="ALL", help="1: every cell")] = "",
    controls: Annotated[str, typer.Option(envvar="CONTROLS", help="1: the controls too")] = "",
    changed: Annotated[str, typer.Option(envvar="CHANGED", help="1: what changed alone")] = "",
    shown: Annotated[
        str, typer.Option(envvar="SHOWN", help="1: what was as expected when it was run last")
    ] = "",
) -> int:
    """The edges of the matrix for real, the oldest results first, as many as fit the budget."""
    from tenfold import rehearse as module
    from tenfold.drill.tools import require_drill_pace

    out = output()
    paths = Paths.here()
    known = stages.known(paths)
    asked = os.environ.get("TENFOLD_STAGE", "")
    wanted = module.Wanted(
        stages=[inputs.stage(asked, known)] if asked.strip() else inputs.stages(numbers, known),
        drills=inputs.names(names),
        every=inputs.flag("ALL", every),
        controls=inputs.flag("CONTROLS", controls),
        changed_only=inputs.flag("CHANGED", changed),
        shown_only=inputs.flag("SHOWN", shown),
        budget=inputs.seconds("FOR", seconds, 24 * 3600),
    )
    engine = connect()
    now = stages.running(paths, engine)
    usual = now.pace if now else inputs.PACES[0]
    pace = inputs.choice("PACE", os.environ.get("PACE", ""), inputs.PACES, usual)
    require_drill_pace(pace, now.stage if now else None)
    return module.rehearse(paths, engine, wanted, out)


# -- work on it ------------------------------------------------------------------------------------


@app.command()
def test() -> int:
    """The tests: without containers, of the stand-ins, and of a stage from outside."""
    from tenfold import selftest

    out = output()
    return selftest.test(Paths.here(), connect(), os.environ.get("TENFOLD_STAGE", ""), out)


@app.command()
def lint() -> int:
    """The linters and the type checker."""
    from tenfold import selftest

    return selftest.lint(Paths.here(), output())


@app.command("lock")
def lock_() -> int:
    """Pin each dependency group of pyproject.toml with hashes into requirements/GROUP.txt."""
    from tenfold import requirements

    return requirements.lock(Paths.here(), output())


# -- the end ---------------------------------------------------------------------------------------


def main() -> NoReturn:
    """Run a command; every error is told in two lines and ends with its exit code."""
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has had enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except BaseException as error:  # noqa: BLE001 (the last net: nobody gets a traceback)
        if isinstance(error, SystemExit):
            raise
        if os.environ.get("TENFOLD_DEBUG"):
            traceback.print_exc()
        told = explain(error)
        _forced_output().error(told)
        code = told.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def explain(error: BaseException) -> TenfoldError:
    """Any error as two lines and an exit code."""
    if isinstance(error, TenfoldError):
        return error
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return TenfoldError("stopped by Ctrl-C", "run it again", INTERRUPTED)
    if isinstance(error, typer.TyperException):
        return TenfoldError(error.format_message().rstrip("."), "`make help`", USAGE)
    if isinstance(error, WaitTimeout):
        return TenfoldError(str(error), "`make status` shows what is not well", FAILED)
    if isinstance(error, EngineError):
        return TenfoldError(str(error), "`make status` shows what is not well", FAILED)
    if isinstance(error, PermissionError):
        return TenfoldError(
            f"no right to {error.filename}",
            "run it as the user who ran `make setup` and the first `up`",
            MISSING,
        )
    text: Any = " ".join(str(error).split()) or "no reason given"
    return TenfoldError(
        f"unexpected {type(error).__name__}: {text}",
        "`TENFOLD_DEBUG=1` shows where; `make status` shows whether the stage is well",
        FAILED,
    )


def _forced_output() -> Output:
    """For errors, also for the error that JSON itself was given wrongly."""
    try:
        return output()
    except TenfoldError:
        return Output(False)
