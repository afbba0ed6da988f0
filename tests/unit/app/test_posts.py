"""Posts: what is refused before the database is asked, and answers that are stored."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from config import ids
from config.problems import Problem
from posts import services

ME = ids.new_account_id()


@pytest.mark.parametrize(
    ("text", "pictures", "status"),
    [
        ("", 0, 422),
        (" \r\n ", 0, 422),
        ("x" * 501, 0, 422),
        ("a\x00b", 0, 422),
        ("\ud83d", 0, 422),
        ("x", 5, 422),
        ("x", 1, 404),
    ],
)
def test_bad_posts(text: str, pictures: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.media, "get_many", lambda wanted: {})
    with pytest.raises(Problem) as found:
        services.create(ME, text, [uuid.uuid4() for _ in range(pictures)])
    assert found.value.status == status
    assert found.value.detail


def test_somebody_elses_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one = uuid.uuid4()
    theirs: Any = {one: SimpleNamespace(owner_id=ids.new_account_id())}
    monkeypatch.setattr(services.media, "get_many", lambda wanted: theirs)
    with pytest.raises(Problem) as found:
        services.create(ME, "look", [one])
    assert found.value.status == 404


def test_a_stored_answer_gives_the_same_post() -> None:
    now = datetime.now(UTC)
    post = services.Post(uuid.uuid4(), ME, "hé\n😀", now, 3, (uuid.uuid4(), uuid.uuid4()))
    assert services._again(json.loads(json.dumps(asdict(post), default=str))) == post


def test_a_post_is_in_its_authors_bucket() -> None:
    assert ids.bucket_of(ids.new_id_for(ME)) == ids.bucket_of(ME)
