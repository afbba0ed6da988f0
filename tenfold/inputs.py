"""What people give as words and variables, checked: a wrong one raises exit code 2."""

from __future__ import annotations

import re

from tenfold.errors import USAGE, TenfoldError

PACES = ("drill", "aws")
SIZES = ("S", "M", "L")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_YES = ("1", "true", "yes", "on")
_NO = ("", "0", "false", "no", "off")


def wrong(message: str, do: str) -> TenfoldError:
    """The error of a wrong input."""
    return TenfoldError(message, do, USAGE)


def integer(name: str, text: str, default: int, low: int, high: int) -> int:
    """A whole number from `low` to `high`; the default when nothing is given."""
    if not text.strip():
        return default
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise wrong(f"{name}={text} is no number from {low} to {high}", f"try {name}={default}")
    return value


def seconds(name: str, text: str, default: float) -> float:
    """A time such as 60, 60s, 5m or 1h, in seconds; at most a day."""
    if not text.strip():
        return default
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    value = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < value <= 86_400:
        raise wrong(f"{name}={text} is no time", f"try {name}=60 (seconds), {name}=5m or {name}=1h")
    return value


def flag(name: str, text: str) -> bool:
    """1 or 0, in the usual words."""
    word = text.strip().lower()
    if word not in _YES + _NO:
        raise wrong(f"{name}={text} is neither yes nor no", f"say {name}=1 or leave it out")
    return word in _YES


def choice(name: str, text: str, known: tuple[str, ...], default: str) -> str:
    """One of a few words."""
    word = text.strip() or default
    if word not in known:
        raise wrong(f"{name}={text} is not known", f"there are {', '.join(known)}")
    return word


def stage(text: str, known: list[int]) -> int:
    """The number of a stage that has a file."""
    told = ", ".join(map(str, known)) or "none"
    words = text.split()
    if not words:
        raise wrong(
            "which stage?", f"say `make stage-{max(known, default=3)} up`; stages here: {told}"
        )
    if len(words) > 1:
        raise wrong(f"stages {' and '.join(words)} at once", "say one stage")
    word = words[0].removeprefix("stage-")
    if not word.isascii() or not word.isdigit() or int(word) not in known:
        raise wrong(f"there is no stage {word}", f"stages here: {told}")
    return int(word)


def stages(text: str, known: list[int]) -> list[int]:
    """Several stages, as `2-3` or `2,3`; none when nothing is given."""
    found: list[int] = []
    for word in names(text):
        first, dash, last = word.partition("-")
        low = stage(first, known)
        high = stage(last, known) if dash else low
        if high < low:
            raise wrong(f"STAGES={text} goes backwards", f"say STAGES={high}-{low}")
        found += [n for n in known if low <= n <= high]
    return sorted(set(found))


def names(text: str) -> tuple[str, ...]:
    """Words separated by commas or spaces."""
    return tuple(w for w in re.split(r"[,\s]+", text) if w)
