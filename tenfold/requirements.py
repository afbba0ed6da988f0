"""`make lock`: each dependency group of pyproject.toml, pinned with hashes."""

from __future__ import annotations

import sys
import tomllib

from tenfold import child
from tenfold.errors import FAILED, TenfoldError
from tenfold.output import Output
from tenfold.paths import Paths

BOUND = 300.0
IMAGES = ("app", "load", "controlplane", "secretsmanager")
"""groups that run in images, with the Python of the base image; the others run on the host"""
IMAGE_PYTHON, HOST_PYTHON = "3.13", "3.11"


def lock(paths: Paths, out: Output) -> int:
    """Resolve every group anew; 0 when all are written."""
    groups = tomllib.loads((paths.root / "pyproject.toml").read_text())["dependency-groups"]
    for group in groups:
        python = IMAGE_PYTHON if group in IMAGES else HOST_PYTHON
        argv = [sys.executable, "-m", "uv", "--quiet", "pip", "compile", "--generate-hashes"]
        argv += ["--no-emit-index-url", "--no-emit-find-links", "--universal"]
        argv += ["--python-version", python, "--group", group, "-o", f"requirements/{group}.txt"]
        out.step(f"requirements/{group}.txt")
        if child.run(argv, paths.root, to=out.console.file, bound=BOUND).code:
            raise TenfoldError(f"group {group} cannot be resolved", "mend pyproject.toml", FAILED)
    return 0
