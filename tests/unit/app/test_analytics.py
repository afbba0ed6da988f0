"""Events: what is refused before the database is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analytics import services
from analytics.services import Event
from config import ids
from config.problems import Problem

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    "event",
    [
        Event("", "a", NOW),
        Event("x" * 65, "a", NOW),
        Event("a b", "a", NOW),
        Event("a", "A", NOW),
        Event("a", "", NOW),
        Event("a", "a", datetime(2100, 1, 1, tzinfo=UTC)),
        Event("a", "a", datetime(1999, 12, 31, tzinfo=UTC)),
    ],
)
def test_one_bad_event_refuses_all(event: Event) -> None:
    with pytest.raises(Problem) as found:
        services.record(ids.new_account_id(), [Event("good", "a", NOW), event])
    assert found.value.status == 422


def test_too_many() -> None:
    with pytest.raises(Problem, match="At most 500"):
        services.record(ids.new_account_id(), [Event(str(n), "a", NOW) for n in range(501)])
