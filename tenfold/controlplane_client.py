"""The control plane's HTTP interface, asked from inside its container: works on any engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tenfold.engine import Engine, EngineError, NotFound
from tenfold.errors import TenfoldError

_ASK = """
import sys, urllib.request
method, path, body = sys.argv[1:4]
request = urllib.request.Request("http://127.0.0.1:9900" + path, method=method,
    data=body.encode() or None, headers={"Content-Type": "application/json"})
print(urllib.request.urlopen(request, timeout=3).read().decode())
"""


def ask(engine: Engine, method: str, path: str, body: Any = None) -> Any:
    """One request; the answer's JSON. Raises TenfoldError when the control plane is away."""
    text = "" if body is None else json.dumps(body)
    try:
        one = engine.one("controlplane")
        got = engine.exec(one, ["/opt/venv/bin/python", "-c", _ASK, method, path, text])
        if got.code == 0:
            return json.loads(got.output) if got.output.strip() else None
        reason = got.output.strip().splitlines()[-1:] or ["no answer"]
    except (EngineError, NotFound, ValueError) as error:
        reason = [str(error)]
    raise TenfoldError(
        f"the control plane does not answer {method} {path}: {reason[0]}",
        do="look at it with `make logs SERVICE=controlplane`",
        exit_code=4,
    )


def state(engine: Engine) -> dict[str, Any]:
    """What the loops know: targets, groups, switches; empty when it is away."""
    try:
        found = ask(engine, "GET", "/state")
    except TenfoldError:
        return {}
    return found if isinstance(found, dict) else {}


def targets(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ALB's targets in what `state` answers: {name, state, address, …} each."""
    return [{"name": n, **t} for n, t in state.get("alb", {}).get("targets", {}).items()]
