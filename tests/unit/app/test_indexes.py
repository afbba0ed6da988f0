"""The runbook that rebuilds indexes knows every index of the app's models, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from posts.models import Like, Post
from timeline.models import Follow

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbooks" / "rebuild-indexes.sql"


def test_the_runbook_lists_the_models_indexes() -> None:
    listed = dict(re.findall(r"\('(\w+)', '(\w+) ", RUNBOOK.read_text()))
    models = (Post, Like, Follow)
    assert listed == {
        index.name: model._meta.db_table for model in models for index in model._meta.indexes
    }


def test_each_is_made_concurrently_and_only_where_it_is_missing() -> None:
    text = RUNBOOK.read_text()
    made = re.findall(r"CREATE INDEX(.*)", text)
    assert made and all(" CONCURRENTLY" in one for one in made)
    assert "to_regclass(name) IS NULL" in text
