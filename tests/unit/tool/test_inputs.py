"""Words and variables that people give: good ones are taken, bad ones say what to do, exit 2."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold import inputs, settings
from tenfold.errors import USAGE, TenfoldError


@pytest.mark.parametrize(
    ("text", "expected"), [("60", 60), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("", 7)]
)
def test_times(text: str, expected: float) -> None:
    assert inputs.seconds("FOR", text, 7) == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda: inputs.seconds("FOR", "soon", 1),
        lambda: inputs.seconds("FOR", "0", 1),
        lambda: inputs.seconds("FOR", "25h", 1),
        lambda: inputs.seconds("FOR", "-3", 1),
        lambda: inputs.integer("USERS", "-3", 20, 1, 100),
        lambda: inputs.integer("USERS", "many", 20, 1, 100),
        lambda: inputs.flag("UI", "perhaps"),
        lambda: inputs.choice("PACE", "warp", inputs.PACES, "drill"),
        lambda: inputs.stage("9", [2, 3]),
        lambda: inputs.stage("", [2, 3]),
        lambda: inputs.stage("2 3", [2, 3]),
        lambda: inputs.stage("²", [2, 3]),
        lambda: settings.ports({"PORT": "0"}, {}),
        lambda: settings.ports({"PORT": "8025"}, {}),
    ],
)
def test_bad_input_says_what_to_do(call: Callable[[], object]) -> None:
    with pytest.raises(TenfoldError) as caught:
        call()
    assert caught.value.exit_code == USAGE
    assert caught.value.do


@given(st.text(max_size=12))
def test_no_text_at_all_breaks_the_reading(text: str) -> None:
    for call in (
        lambda: inputs.seconds("FOR", text, 1),
        lambda: inputs.integer("USERS", text, 1, 1, 9),
        lambda: inputs.flag("UI", text),
        lambda: inputs.stage(text, [2, 3]),
    ):
        try:
            call()
        except TenfoldError as error:
            assert error.exit_code == USAGE


def test_ports_stay_where_they_were_unless_moved() -> None:
    before = {"TENFOLD_PORT": "9090"}
    assert settings.ports({}, before)["TENFOLD_PORT"] == 9090
    assert settings.ports({"PORT": "9191"}, before)["TENFOLD_PORT"] == 9191
    assert settings.ports({}, {})["TENFOLD_PORT"] == 8080
