"""`make diff`: what one stage has that another has not, and why; from the stage files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from tenfold.output import Output
from tenfold.stages import Stage


def compare(old: Stage, new: Stage, between: Sequence[Stage]) -> dict[str, Any]:
    """Both stages' figures, the services added, removed and changed, and the reasons.

    `between` are the stages whose news lie on the way, the larger one of the two included.
    """
    before, after = set(old.services), set(new.services)
    changed = {
        name: found
        for name in sorted(before & after)
        if (found := changes(old.services[name], new.services[name]))
    }
    return {
        "from": figures(old),
        "to": figures(new),
        "new": [
            {"stage": s.number, "what": n.what, "why": n.why, "services": list(n.services)}
            for s in between
            for n in s.new
        ],
        "added": sorted(after - before),
        "removed": sorted(before - after),
        "changed": changed,
        "breaks_first": list(new.breaks_first),
    }


def figures(stage: Stage) -> dict[str, Any]:
    """The story's figures of a stage."""
    return {
        "stage": stage.number,
        "title": stage.title,
        "users": stage.users,
        "cost_month": stage.cost_month,
        "downtime_year": stage.downtime_words,
        "objective": stage.objective,
        "memory_mib": stage.memory_mib,
        "services": len(stage.services),
    }


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line for each thing about a service that differs."""
    found = []
    for key in sorted(set(old) | set(new)):
        a, b = old.get(key), new.get(key)
        if a == b:
            continue
        if isinstance(a or {}, dict) and isinstance(b or {}, dict):
            found += _mapping(key, a or {}, b or {})
        else:
            found.append(f"{key}: {_text(a)} → {_text(b)}")
    return found


def _mapping(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    prefix = "" if key == "environment" else f"{key}."
    found = []
    for name in sorted(set(old) | set(new)):
        a, b = old.get(name), new.get(name)
        if a == b:
            continue
        if name not in old:
            found.append(f"+ {prefix}{name}{_value(b)}")
        elif name not in new:
            found.append(f"- {prefix}{name}{_value(a)}")
        else:
            found.append(f"{prefix}{name}: {_text(a)} → {_text(b)}")
    return found


def _value(value: object) -> str:
    return "" if isinstance(value, dict | list) or value is None else f"={value}"


def _text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value)


def show(told: dict[str, Any], out: Output) -> None:
    """For a person, or as JSON."""
    out.answer(told)
    a, b = told["from"], told["to"]
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for one in (a, b):
        table.add_column(f"stage {one['stage']}", style="bold")
    table.add_row("", a["title"], b["title"])
    for name, key in (
        ("users", "users"),
        ("cost a month on AWS", "cost_month"),
        ("downtime a year", "downtime_year"),
        ("objective", "objective"),
        ("services here", "services"),
        ("memory here, MiB", "memory_mib"),
    ):
        table.add_row(name, *(_objective(s[key], key) for s in (a, b)))
    out.show(table)
    out.say()
    grows = b["stage"] > a["stage"]
    for n in told["new"]:
        out.say(f"{'+' if grows else '-'} {n['what']}", style="bold green" if grows else "bold red")
        out.say(f"    why: {n['why']}")
        if n["services"]:
            out.say(f"    in:  {', '.join(n['services'])}", style="dim")
    _list(out, "services added", told["added"], "green")
    _list(out, "services removed", told["removed"], "red")
    if told["changed"]:
        out.say()
        out.say("services changed:")
        _grouped(told["changed"], out)
    if told["breaks_first"]:
        out.say()
        out.say(f"what breaks stage {b['stage']} first:")
        for line in told["breaks_first"]:
            out.say(f"  {line}", style="red")


def _grouped(changed: Mapping[str, list[str]], out: Output) -> None:
    """Services that change alike are told once."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, lines in changed.items():
        groups.setdefault(tuple(lines), []).append(name)
    for shared, names in groups.items():
        out.say(f"  {', '.join(names)}", style="bold")
        for line in shared:
            out.say(f"    {line}")


def _list(out: Output, what: str, names: list[str], style: str) -> None:
    if names:
        out.say()
        out.say(f"{what}: {', '.join(names)}", style=style)


def _objective(value: Any, key: str) -> str:
    if key == "objective":
        return "none" if value is None else f"{value:g} %"
    return str(value)
