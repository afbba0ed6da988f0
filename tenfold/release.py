"""Which release is deployed: its name, the fault it was made with for a drill, and how it is kept.

A release is the app's image with a name (an AMI, on AWS). Instances are told by their environment,
RELEASE and FAULT; Compose gets both from `.tenfold/env`, so that a later `up` keeps what was
deployed. From stage 2 on that is the launch template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tenfold import inputs, settings
from tenfold.journal import DEPLOY_STARTED, DEPLOYED, Journal
from tenfold.paths import Paths

FAULTS = ("errors", "leak", "slow", "crash")
"""what FAULT= can be, as app/config/env.py has it"""
FIRST = "v1"
"""before the first deploy"""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True)
class Release:
    """One release."""

    name: str = FIRST
    fault: str = ""
    """empty: it is sound"""

    def __str__(self) -> str:
        return f"{self.name} FAULT={self.fault}" if self.fault else self.name

    @property
    def env(self) -> dict[str, str]:
        """What an instance is told; an empty value takes the variable away."""
        return {"RELEASE": self.name, "FAULT": self.fault}

    @property
    def command(self) -> str:
        """What deploys it."""
        return f"make deploy RELEASE={self}"

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Release:
        """From an instance's environment."""
        return cls(env.get("RELEASE") or FIRST, env.get("FAULT", ""))


def asked(name: str, fault: str) -> Release:
    """The release that a person names; raises exit code 2."""
    word = name.strip()
    if not word:
        raise inputs.wrong("which release?", "say `make deploy RELEASE=v2`")
    if not NAME.fullmatch(word):
        raise inputs.wrong(
            f"RELEASE={word} is no name of a release",
            "letters, digits, dots, dashes, at most 40: `make deploy RELEASE=v2`",
        )
    chosen = fault.strip()
    return Release(word, inputs.choice("FAULT", chosen, FAULTS, chosen) if chosen else "")


def current(paths: Paths) -> Release:
    """The release that new instances are made from."""
    env = settings.read(paths.env)
    return Release(env.get("TENFOLD_RELEASE") or FIRST, env.get("TENFOLD_FAULT", ""))


def keep(paths: Paths, release: Release) -> None:
    """Make it the one that new instances are made from."""
    values = settings.read(paths.env)
    values |= {"TENFOLD_RELEASE": release.name, "TENFOLD_FAULT": release.fault}
    settings.write(paths, values)


def forget(paths: Paths) -> None:
    """Back to the first one: its data is forgotten too."""
    values = settings.read(paths.env)
    if values:
        settings.write(paths, {k: v for k, v in values.items() if k not in settings.RELEASE})


def unfinished(journal: Journal) -> str:
    """The release whose deploy has not come to its end; empty when the last one has."""
    deploys = journal.deploys()
    last = deploys[-1] if deploys else None
    return last.release if last is not None and last.event == DEPLOY_STARTED else ""


def before(journal: Journal, release: Release) -> Release:
    """The release to go back to: the last other sound one whose deploy came to its end."""
    for entry in reversed(journal.deploys()):
        name, _, fault = entry.release.partition(" FAULT=")
        if entry.event == DEPLOYED and not fault and entry.release != str(release):
            return Release(name)
    return Release()
