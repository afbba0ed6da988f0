"""`make rotate`: a secret gets another value, by the four steps of Secrets Manager's rotation.

Secrets Manager calls the rotation function (app/aws/rotation.py), on AWS a Lambda in the VPC, here
a container of the app's image that lives for the rotation. Afterwards the tool's own copy, which
settling and restoring use, is what Secrets Manager says.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

from tenfold import secrets
from tenfold.engine import Container, Engine, EngineError
from tenfold.errors import FAILED, MISSING, USAGE, TenfoldError
from tenfold.paths import Paths

ROTATED = {"tenfold-rds": "tenfold/rds"}
"""by file name: the secrets that have a rotation function"""
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
BOUND = 60.0
"""seconds a rotation may take; it takes about two"""
# Asked inside its own container: the network is not reachable from everywhere the tool runs.
_ASK = """
import sys, urllib.request
ask = urllib.request.Request("http://127.0.0.1:5000/", sys.argv[1].encode(), {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "secretsmanager.GetSecretValue",
    "Authorization": "AWS4-HMAC-SHA256 "
    "Credential=tool/20250101/us-east-1/secretsmanager/aws4_request",
})
sys.stdout.write(urllib.request.urlopen(ask, timeout=5).read().decode())
"""


def rotate(paths: Paths, engine: Engine, name: str) -> str:
    """Rotate a secret by its file's name; answers the id of the version that is current now.

    Raises TenfoldError; what was cut short is gone on with by the next call.
    """
    if name not in ROTATED:
        raise TenfoldError(
            f"SECRET={name} has no rotation function",
            do=f"there is one for {', '.join(ROTATED)}",
            exit_code=USAGE,
        )
    _manager(engine)
    try:
        version = _run(engine, ROTATED[name])
    finally:
        # Half done is done as well: what is current is what the tool must know.
        with contextlib.suppress(EngineError, TenfoldError):
            sync(paths, engine, name)
    sync(paths, engine, name)
    return version


def managed(engine: Engine) -> bool:
    """Whether credentials come from Secrets Manager."""
    return bool(engine.containers("secretsmanager"))


def value(engine: Engine, name: str, stage: str = CURRENT) -> dict[str, str] | None:
    """What Secrets Manager has under a label, by the file's name; None where it has nothing."""
    asked = json.dumps({"SecretId": ROTATED[name], "VersionStage": stage})
    python = ["/opt/venv/bin/python", "-S", "-c", _ASK, asked]
    got = engine.exec(_manager(engine), python)
    if got.code and "HTTP Error 4" in got.output:
        return None
    if got.code:
        raise TenfoldError(
            f"Secrets Manager does not answer: {got.output.strip()[-200:]}", "`make heal`", FAILED
        )
    return dict(json.loads(json.loads(got.output)["SecretString"]))


def sync(paths: Paths, engine: Engine, name: str) -> bool:
    """The tool's copy as Secrets Manager has it; whether it was another one."""
    told = value(engine, name)
    if told is None:
        raise TenfoldError(f"Secrets Manager has no {ROTATED[name]}", "`make status`", FAILED)
    known = secrets.read(paths, name)
    if all(known.get(key) == one for key, one in told.items()):
        return False
    secrets.change(paths, name, told)
    return True


def _manager(engine: Engine) -> Container:
    found = engine.containers("secretsmanager")
    if not found:
        raise TenfoldError(
            "this stage has no Secrets Manager: its credentials are files",
            do="rotation comes with stage 3; `make drill-rotate-secret` shows what files mean",
            exit_code=MISSING,
        )
    if not found[0].running:
        raise TenfoldError("Secrets Manager does not run", do="`make heal`", exit_code=MISSING)
    return found[0]


def _run(engine: Engine, secret: str) -> str:
    """The rotation function, in the environment of an instance."""
    instance = engine.containers("web")[0]
    run = f"rotate-{time.strftime('%H%M%S')}"
    function = engine.run(
        instance.image,
        ["python", "-m", "aws.rotation", secret],
        role="rotation",
        run=run,
        env=_wanted(engine.environment(instance)),
    )
    try:
        code, words = engine.wait(function, BOUND), engine.logs(function, 20).strip()
    finally:
        engine.remove(function)
    if code:
        raise TenfoldError(words[-300:] or "the rotation function failed", "`make rotate`", FAILED)
    return _version(words)


def _wanted(env: dict[str, str]) -> dict[str, str]:
    return {name: env[name] for name in ("SECRETS_URL", "DATABASE_URL") if name in env}


def _version(words: str) -> str:
    """The version that the function's last line names."""
    last: dict[str, Any] = json.loads(words.splitlines()[-1])
    return str(last["version"])
