"""Where the tool's files are, and which project's containers it looks after."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tenfold import record
from tenfold.engine import PROJECT


@dataclass(frozen=True)
class Paths:
    """One checkout: its stage files, and the state of what it has started."""

    root: Path
    state: Path
    """.tenfold: secrets, journal, lock, faults in progress; never committed"""
    project: str = PROJECT

    @classmethod
    def here(cls) -> Paths:
        """The checkout of this very file; TENFOLD_PROJECT names another Compose project."""
        return cls(record.ROOT, record.STATE, os.environ.get("TENFOLD_PROJECT") or PROJECT)

    @property
    def compose(self) -> Path:
        """The folder of the stage files and their tables."""
        return self.root / "compose"

    @property
    def secrets(self) -> Path:
        """One file a secret."""
        return self.state / "secrets"

    @property
    def env(self) -> Path:
        """What this machine adds to the tables: ports, user, CA bundle."""
        return self.state / "env"

    @property
    def journal(self) -> Path:
        """What was started and stopped, one JSON line each."""
        return self.state / "journal.jsonl"

    @property
    def up_log(self) -> Path:
        """Compose's own words at the last `up`."""
        return self.state / "up.log"

    def stage_file(self, stage: int) -> Path:
        """The map of a stage."""
        return self.compose / f"stage-{stage}.yaml"

    def pace_file(self, pace: str) -> Path:
        """The time constants of a pace."""
        return self.compose / "pace" / f"{pace}.env"

    def make_state(self) -> None:
        """Create the state folder, for its owner only."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
