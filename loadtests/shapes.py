"""How many users there are at each moment of a load test. Pure; Locust's class is in locustfile."""

from __future__ import annotations

SHAPES = ("steady", "ramp", "spike")


def users_at(shape: str, at: float, users: int, seconds: float) -> int | None:
    """Users at `at` seconds into a test of `seconds`; None when it is over.

    steady: all at once and flat. ramp: from a tenth up to all over four fifths of the time, then
    flat. spike: a tenth for a third of the time, ten times that within a tenth of the time (60 s of
    a ten-minute test, 6 s of a one-minute one), flat for a third, back to a tenth.
    """
    if at >= seconds:
        return None
    low = max(1, users // 10)
    part = at / seconds
    if shape == "steady":
        return users
    if shape == "ramp":
        return min(users, low + int((users - low) * part / 0.8))
    if shape == "spike":
        if part < 1 / 3:
            return low
        if part < 1 / 3 + 0.1:
            return low + int((users - low) * (part - 1 / 3) / 0.1)
        if part < 2 / 3 + 0.1:
            return users
        return low
    raise ValueError(f"no shape {shape!r}; there are {', '.join(SHAPES)}")
