"""`make test` and `make lint`: the proofs, step by step, each with its time."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tenfold import child, inputs, stages
from tenfold.borrow import borrow
from tenfold.drill.lease import interruptible
from tenfold.engine import Engine
from tenfold.errors import NO, OK, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths

MYPY = ("tenfold", "controlplane", "drills", "loadtests", "app")
PYTHON_FOLDERS = (*MYPY, "tests")
NO_TESTS = 5
"""pytest's code for a folder without tests"""


def test(paths: Paths, engine: Engine, asked: str, out: Output) -> int:
    """Without containers first, then the stand-ins, then each stage from outside; 1 if one fails.

    A stage that runs is used and left running; else each is started and stopped.
    """
    _need("pytest")
    known = stages.known(paths)
    numbers = [inputs.stage(asked, known)] if asked.strip() else []
    failed = []
    with interruptible():
        borrowed = borrow(paths, engine, numbers, out)
        for folder in ("tests/unit", "tests/contract"):
            failed += _step(paths, folder, [*_pytest(), folder], out)
        for number in borrowed.numbers:
            with borrowed.stage(number):
                env = {"TENFOLD_STAGE": str(number)}
                name = f"tests/stages at stage {number}"
                failed += _step(paths, name, [*_pytest(), "tests/stages"], out, env)
    return _end(failed, out)


def lint(paths: Paths, out: Output) -> int:
    """Every linter, all to their end; 1 if one complains."""
    _need("ruff", "mypy")
    python = [name for name in PYTHON_FOLDERS if (paths.root / name).is_dir()]
    typed = [name for name in MYPY if any((paths.root / name).glob("**/*.py"))]
    run = [sys.executable, "-m"]
    steps: list[tuple[str, list[str]]] = [
        ("ruff check", [*run, "ruff", "check", *python]),
        ("ruff format", [*run, "ruff", "format", "--check", *python]),
        ("mypy", [*run, "mypy", *typed]),
        ("import-linter", [_beside("lint-imports")]),
        ("yamllint", [*run, "yamllint", "-s", *_files(paths, "compose/**/*.yaml")]),
        ("hadolint", [_beside("hadolint"), *_files(paths, "**/Dockerfile")]),
        ("shellcheck", [_beside("shellcheck"), *_shells(paths)]),
    ]
    failed: list[str] = []
    with interruptible():
        for name, argv in steps:
            failed += _step(paths, name, argv, out)
    return _end(failed, out)


def _step(
    paths: Paths, name: str, argv: Sequence[str], out: Output, env: dict[str, str] | None = None
) -> list[str]:
    """Run one; the list of what failed."""
    out.step(name, style="bold")
    begun = time.monotonic()
    # A variable that moved the front door is for the stage; JSON is for us alone.
    done = child.run(argv, paths.root, {"JSON": "", **(env or {})}, to=out.console.file)
    good = done.code in (0, NO_TESTS) if "pytest" in argv else done.code == 0
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
