"""Load shapes, content, and the observers' arithmetic: what needs neither Locust nor a network."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests import content
from loadtests.shapes import SHAPES, users_at
from tenfold import history as h
from tenfold.drill.live import Live
from tenfold.history import Sample


@given(st.sampled_from(SHAPES), st.integers(1, 500), st.floats(0, 599.9))
def test_users_stay_within_what_was_asked(shape: str, users: int, at: float) -> None:
    found = users_at(shape, at, users, 600)
    assert found is not None
    assert 1 <= found <= users
    assert users_at(shape, 600, users, 600) is None


def test_spike_is_tenfold_within_a_minute() -> None:
    assert users_at("spike", 199, 200, 600) == 20
    assert users_at("spike", 262, 200, 600) == 200
    assert users_at("spike", 599, 200, 600) == 20


def test_unknown_shape() -> None:
    with pytest.raises(ValueError, match="steady"):
        users_at("wave", 0, 1, 1)


def test_picture_is_a_png() -> None:
    data = content.picture(8)
    assert data.startswith(b"\x89PNG")
    begin = data.index(b"IDAT") + 4
    assert len(zlib.decompress(data[begin : data.index(b"IEND") - 8])) == 8 * (8 * 3 + 1)


def test_live_waits_for_the_rest_of_a_line(tmp_path: Path) -> None:
    live = Live(tmp_path)
    line = h.to_line(Sample(time.time(), "read", 5, 200))
    path = tmp_path / "probe.jsonl"
    path.write_text(line[:20])
    live.look()
    assert live.samples == []
    with path.open("a") as file:
        file.write(line[20:] + "\n")
    live.look()
    assert len(live.samples) == 1


def test_clean_needs_answers_and_not_only_no_errors(tmp_path: Path) -> None:
    """A stall is no success: what is missing counts as much as what failed."""
    now = time.time()
    live = Live(tmp_path)
    full = [Sample(now - 4 + n / 10, "read", 5, 200) for n in range(40)]
    live.samples = full
    assert live.clean_for(3, rate=10)
    assert not live.clean_for(3, rate=10, since=now - 1)
    live.samples = full[:20]
    assert not live.clean_for(3, rate=10)
    live.samples = [*full, Sample(now - 1, "read", 5, 502, "http-502")]
    assert not live.clean_for(3, rate=10)
    assert "http-502" in live.complaints()
