"""Records and results of these tests go to a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold import record


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(record, "STATE", tmp_path / "state")
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    (tmp_path / "state").mkdir()
    return tmp_path / "state"
