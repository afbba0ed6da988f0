"""The alarms of the running stage: which are on, who is at it; and to say that one is.

Acknowledged is a silence at the topic (Alertmanager) with who and for how long: no more mails about
it for that time, and the alarm stays in every list.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from tenfold.engine import Engine, EngineError
from tenfold.errors import FAILED, MISSING, USAGE, TenfoldError
from tenfold.output import Output

RULES = ("alarms", "http://127.0.0.1:8880/api/v1/rules")
SILENCES = ("sns", "http://127.0.0.1:9093/api/v2/silences")
FIRING, ACKNOWLEDGED, PENDING, QUIET = "alarm", "acknowledged", "pending", "ok"
_COLOURS = {FIRING: "bold red", ACKNOWLEDGED: "yellow", PENDING: "dim", QUIET: "green"}


@dataclass(frozen=True)
class Alarm:
    """An alarm that is on, or a quiet one."""

    name: str
    state: str
    severity: str
    text: str
    """its summary, the expression of a quiet one"""
    runbook: str
    since: str = ""
    by: str = ""
    """who acknowledged it, and what for"""
    until: str = ""


def look(engine: Engine) -> list[Alarm]:
    """All of the stage, those that are on first; raises TenfoldError where there are none."""
    if not engine.containers("alarms"):
        raise TenfoldError("this stage has no alarms", "they come with stage 1", MISSING)
    return read(_ask(engine, *RULES), _ask(engine, *SILENCES))


def read(rules: Mapping[str, Any], silences: Sequence[Mapping[str, Any]]) -> list[Alarm]:
    """From what vmalert and Alertmanager answer. Pure."""
    live = [s for s in silences if s["status"]["state"] == "active"]
    found = []
    for rule in (r for g in rules["data"]["groups"] for r in g["rules"] if r["type"] == "alerting"):
        severity = rule.get("labels", {}).get("severity", "")
        runbook = rule.get("annotations", {}).get("runbook", "")
        for one in rule.get("alerts") or ():
            labels = {**one["labels"], "alertname": rule["name"]}
            by = next((s for s in live if fits(s, labels)), None)
            state = {"firing": ACKNOWLEDGED if by else FIRING}.get(one["state"], PENDING)
            note = f"{by['createdBy']}: {by['comment']}" if by else ""
            text = one["annotations"].get("summary", "")
            until = by["endsAt"][:19] if by else ""
            told = (rule["name"], state, severity, text, runbook, one["activeAt"][:19], note, until)
            found.append(Alarm(*told))
        if not rule.get("alerts"):
            found.append(Alarm(rule["name"], QUIET, severity, rule["query"], runbook))
    order = [FIRING, ACKNOWLEDGED, PENDING, QUIET]
    return sorted(found, key=lambda a: (order.index(a.state), a.since, a.name))


def fits(silence: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a silence is about an alarm with these labels."""
    for m in silence["matchers"]:
        value = labels.get(m["name"], "")
        same = bool(re.fullmatch(m["value"], value)) if m["isRegex"] else value == m["value"]
        if same is not m.get("isEqual", True):
            return False
    return True


def show(alarms: Sequence[Alarm], out: Output) -> None:
    """For a person, or as JSON."""
    out.answer({"alarms": [asdict(a) for a in alarms]})
    on = [a for a in alarms if a.state != QUIET]
    if on:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("alarm", "state", "since (UTC)", "what", "runbook"):
            table.add_column(name, header_style="dim", overflow="fold")
        for a in on:
            what = f"{a.text}\n{a.by}, until {a.until[11:16]}" if a.by else a.text
            state = Text(a.state, style=_COLOURS[a.state])
            table.add_row(a.name, state, a.since.replace("T", " "), what, a.runbook)
        out.show(table)
    quiet = [a.name for a in alarms if a.state == QUIET]
    out.say(f"{'quiet' if on else 'All quiet'}: {', '.join(sorted(set(quiet)))}", style="dim")
    if any(a.state == FIRING for a in on):
        out.say("`make ack ALERT=NAME` says that you are at it.")


def acknowledge(engine: Engine, name: str, who: str, note: str, seconds: float) -> str:
    """Acknowledge an alarm that is on; answers until when. Raises TenfoldError for another."""
    alarms = look(engine)
    names = {a.name.lower(): a.name for a in alarms}
    if name.lower() not in names:
        told = ", ".join(sorted(set(names.values())))
        raise TenfoldError(f"no alarm is called {name}", f"there are {told}", USAGE)
    name = names[name.lower()]
    states = {a.state for a in alarms if a.name == name}
    if FIRING not in states:
        word = "acknowledged already" if ACKNOWLEDGED in states else "not on"
        raise TenfoldError(f"{name} is {word}", "`make alarms` shows which are", MISSING)
    now = time.time()
    until = _time(now + seconds)
    body = {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False, "isEqual": True}],
        "startsAt": _time(now),
        "endsAt": until,
        "createdBy": who,
        "comment": note or "acknowledged",
    }
    _ask(engine, *SILENCES, body=body)
    if any(a.state == FIRING and a.name == name for a in look(engine)):
        raise TenfoldError(f"{name} is still not acknowledged", "`make logs SERVICE=sns`", FAILED)
    return until


def _time(when: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def _ask(engine: Engine, role: str, url: str, body: Any = None) -> Any:
    """One request from inside the service's own container: works on any engine."""
    argv = ["curl", "-fsS", "-m", "5", url]
    if body is not None:
        argv += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    try:
        got = engine.exec(engine.one(role), argv)
        if got.code == 0:
            return json.loads(got.output)
        reason = got.output.strip()[-200:]
    except (EngineError, ValueError) as error:
        reason = str(error)
    raise TenfoldError(f"{role} does not answer: {reason}", f"`make logs SERVICE={role}`", FAILED)
