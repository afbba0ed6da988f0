"""`make test` and `make lint`: the proofs, step by step, each with its time."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tenfold import child, inputs, secrets, settings, stages
from tenfold.borrow import borrow
from tenfold.compose import Compose
from tenfold.engine import Engine
from tenfold.errors import NO, OK, TenfoldError
from tenfold.interrupt import interruptible
from tenfold.output import Output
from tenfold.paths import Paths

MYPY = ("tenfold", "controlplane", "drills", "loadtests", "app")
PYTHON_FOLDERS = (*MYPY, "tests")


def test(paths: Paths, engine: Engine, asked: str, out: Output) -> int:
    """Linters and what needs no containers first, then stand-ins, stages, drills; 1 if one fails.

    A stage that runs is used and left running; else each is started and stopped.
    """
    _need("pytest")
    _browser(paths, out)
    known = stages.known(paths)
    numbers = [inputs.stage(asked, known)] if asked.strip() else []
    with interruptible():
        borrowed = borrow(paths, engine, numbers, out)
        failed = _lint(paths, out)
        for folder in ("tests/unit", "tests/contract"):
            failed += _step(paths, folder, [*_pytest(), folder], out)
        for number in borrowed.numbers:
            with borrowed.stage(number):
                # Drills once, at the stage that has the most of them.
                folders = ["tests/stages", *(["tests/drills"] * (number == borrowed.numbers[-1]))]
                for folder in folders:
                    env = {"TENFOLD_STAGE": str(number)}
                    name = f"{folder} at stage {number}"
                    failed += _step(paths, name, [*_pytest(), folder], out, env)
    return _end(failed, out)


def lint(paths: Paths, out: Output) -> int:
    """Every linter, all to their end; 1 if one complains."""
    with interruptible():
        return _end(_lint(paths, out), out)


def _lint(paths: Paths, out: Output) -> list[str]:
    """The names of the linters that complain."""
    _need("ruff", "mypy")
    python = [name for name in PYTHON_FOLDERS if (paths.root / name).is_dir()]
    typed = [name for name in MYPY if any((paths.root / name).glob("**/*.py"))]
    run = [sys.executable, "-m"]
    steps: list[tuple[str, list[str]]] = [
        ("ruff check", [*run, "ruff", "check", *python]),
        ("ruff format", [*run, "ruff", "format", "--check", *python]),
        ("mypy", [*run, "mypy", *typed]),
        ("import-linter", [_beside("lint-imports")]),
        (
            "yamllint",
            [
                *run,
                "yamllint",
                "-s",
                *_files(paths, "compose/**/*.yaml"),
                *_files(paths, "nginx/**/*.yaml"),
            ],
        ),
        ("hadolint", [_beside("hadolint"), *_files(paths, "**/Dockerfile")]),
        ("shellcheck", [_beside("shellcheck"), *_shells(paths)]),
    ]
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        env = {**app_environment(Path(folder)), "PYTHONPATH": f"app{os.pathsep}."}
        for name, argv in steps:
            failed += _step(paths, name, argv, out, env)
    return failed + _stage_files(paths, out)


def app_environment(folder: Path) -> dict[str, str]:
    """What the app's settings ask for, with secrets made for it in `folder`: nothing answers there.

    The type checker and the unit tests load the settings.
    """
    for name, make in secrets.KINDS.items():
        (folder / name).write_text(json.dumps(make()), encoding="utf-8")
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRETS_URL": f"file://{folder}",
        "DATABASE_URL": "postgresql://127.0.0.1:1/tenfold",
        "MAIL_URL": "smtp://127.0.0.1:1",
    }


def _stage_files(paths: Paths, out: Output) -> list[str]:
    """Compose can read every stage file; which it cannot."""
    settings.ensure(paths)
    failed = []
    for number in stages.known(paths):
        try:
            Compose(paths, number).config()
        except TenfoldError as error:
            out.step(error.message, style="red")
            failed.append(f"compose/stage-{number}.yaml")
    return failed


def _browser(paths: Paths, out: Output) -> None:
    """Chromium for the pages' tests: installed where we may, else asked for."""
    if shutil.which("chromium") and shutil.which("chromedriver"):
        return
    out.step("installing Chromium for the pages' tests")
    done = child.run(["bash", "tenfold/setup/browser.sh"], paths.root, to=out.console.file)
    if done.code:
        raise TenfoldError("the pages' tests need chromium and chromedriver", "install both")


def _step(
    paths: Paths, name: str, argv: Sequence[str], out: Output, env: dict[str, str] | None = None
) -> list[str]:
    """Run one; the list of what failed."""
    out.step(name, style="bold")
    begun = time.monotonic()
    # A variable that moved the front door is for the stage; JSON is for us alone.
    done = child.run(argv, paths.root, {"JSON": "", **(env or {})}, to=out.console.file)
    good = done.code == 0
    took = f"{time.monotonic() - begun:.0f} s"
    out.step(f"{name}: {'good' if good else 'failed'}, {took}", style="green" if good else "red")
    return [] if good else [name]


def _end(failed: list[str], out: Output) -> int:
    out.say()
    out.say(
        f"failed: {', '.join(failed)}" if failed else "all good",
        style="bold red" if failed else "bold green",
    )
    out.answer({"failed": failed, "ok": not failed})
    return NO if failed else OK


def _need(*modules: str) -> None:
    lacking = [m for m in modules if importlib.util.find_spec(m) is None]
    if lacking:
        raise TenfoldError(
            f"the Python environment lacks {', '.join(lacking)}", "`make setup` installs them"
        )


def _pytest() -> list[str]:
    return [sys.executable, "-m", "pytest", "-q"]


def _beside(name: str) -> str:
    """A program of the same Python environment."""
    return str(Path(sys.executable).with_name(name))


def _files(paths: Paths, pattern: str) -> list[str]:
    hidden = (".venv", ".git", ".tenfold", "node_modules")
    found = (p.relative_to(paths.root) for p in paths.root.glob(pattern))
    return sorted(str(p) for p in found if not any(part in hidden for part in p.parts))


def _shells(paths: Paths) -> list[str]:
    """Shell scripts by their first line."""
    found = []
    for folder in ("compose", "nginx", "tenfold", "app", ".ci"):
        for path in (paths.root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                with path.open("rb") as file:
                    first = file.readline(64)
                if first.startswith(b"#!") and b"sh" in first.split(b"/")[-1]:
                    found.append(str(path.relative_to(paths.root)))
    return sorted(found)
