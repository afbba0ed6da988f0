"""A drill as data, and the catalogue of all drills."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field

from tenfold.errors import TenfoldError
from tenfold.faults import Fault
from tenfold.measure import Threshold
from tenfold.verdict import BREAKS, NOT_HERE, Check


@dataclass(frozen=True)
class Load:
    """What goes on while the system is hurt."""

    users: int = 8
    pace: float = 2.0
    """seconds between two things a user does"""
    reads: float = 5.0
    """the probe's rates, a second"""
    writes: float = 5.0
    sessions: float = 1.0
    jobs: float = 0.0
    cached: float = 0.0
    """static files and a picture that the probe has asked for once before, from stage 2 on"""
    digests: bool = False
    """the probe's accounts follow each other, and the mails they must get are in the ledger"""
    reads_only: bool = False
    """Locust's users only read"""
    of_capacity: float | None = None
    """instead of `users`: this share of one instance's measured capacity"""


@dataclass(frozen=True)
class Control:
    """A negative control: with this design switch off the drill must turn out otherwise."""

    switch: str
    expect: str = BREAKS


@dataclass(frozen=True)
class Drill:
    """A rehearsed failure."""

    name: str
    story: str
    """what happens, for a person"""
    rehearses: str
    """the sentence of the story it stands for"""
    fault: Fault
    row: Mapping[int, str]
    """B, S or · by stage"""
    survives_when: Threshold
    stricter: Mapping[int, Threshold] = field(default_factory=dict)
    """another limit from a stage on, where the row says so"""
    load: Load = Load()
    baseline: float = 10.0
    """seconds of steady load before the fault"""
    hold: float = 60.0
    """seconds the fault stays, at most"""
    quiet: float | None = None
    """end the hold early once everything has been answered well for so long; None: never"""
    recover: float = 90.0
    """seconds to wait for clean answers after healing, at most"""
    operator: Mapping[int, str] = field(default_factory=dict)
    """stages at which somebody must act, and what they do; they come after OPERATOR_SECONDS"""
    paged_by: tuple[str, ...] = ()
    """words of an alarm's mail on which the operator comes, RUNBOOK_SECONDS after it, if sooner"""
    always: tuple[str, ...] = ()
    """switches that the drill needs at every stage: what it does would hurt this machine else"""
    control: Mapping[int, tuple[Control, ...]] = field(default_factory=dict)
    detected_by: tuple[str, ...] = ()
    """the control plane's events that mean: noticed"""
    promoted_by: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    """besides those of `survives_when`"""
    saved_by: Mapping[int, str] = field(default_factory=dict)
    """what makes a stage survive"""
    broke_by: Mapping[int, str] = field(default_factory=dict)
    """why a stage breaks"""
    fixed_by: Mapping[int, str] = field(default_factory=dict)
    """what of a later stage mends it"""

    def threshold(self, stage: int) -> Threshold:
        """The row's limits at a stage."""
        reached = [number for number in self.stricter if number <= stage]
        return self.stricter[max(reached)] if reached else self.survives_when

    def expected(self, stage: int, without: tuple[str, ...] = ()) -> str:
        """What the row says; turned where a negative control is on. Raises for a wrong one."""
        row = self.row.get(stage, NOT_HERE)
        if row == NOT_HERE:
            where = ", ".join(str(s) for s, cell in sorted(self.row.items()) if cell != NOT_HERE)
            raise TenfoldError(
                f"{self.name} is not for stage {stage}",
                do=f"it is for stages {where}; `make drills` lists all",
                exit_code=3,
            )
        for name in without:
            controls = {c.switch: c for c in self.control.get(stage, ())}
            if name not in controls:
                known = ", ".join(controls) or "none"
                raise TenfoldError(
                    f"WITHOUT={name} is no switch of {self.name} at stage {stage}",
                    do=f"its switches there: {known}",
                    exit_code=2,
                )
            row = controls[name].expect
        return row


def catalogue() -> list[Drill]:
    """All drills, by name; each module of `drills/` holds one as DRILL."""
    package = importlib.import_module("drills")
    found = [
        importlib.import_module(f"drills.{module.name}").DRILL
        for module in pkgutil.iter_modules(package.__path__)
    ]
    return sorted(found, key=lambda drill: drill.name)


def find(name: str) -> Drill:
    """One drill by its name; raises TenfoldError that names the others."""
    drills = {drill.name: drill for drill in catalogue()}
    if name not in drills:
        raise TenfoldError(
            f"no drill is called {name}",
            do=f"there are {', '.join(drills)}",
            exit_code=2,
        )
    return drills[name]
