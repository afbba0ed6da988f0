"""Faults of SQL: proven by what Postgres says, ended in the database too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenfold.faults import NoEffect, queries
from tenfold.wait import WaitTimeout
from tests.unit.drills.fake_engine import FakeEngine, container


@pytest.fixture
def engine() -> FakeEngine:
    """A stage with one database."""
    return FakeEngine(container("rds", "rds"), container("cloudfront", "cloudfront"))


def test_bad_sql_is_proven_by_active_sessions(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    counts = iter(["0", "3", "4"])

    def run(_: object, sql: str) -> str:
        asked.append(sql)
        return next(counts)

    monkeypatch.setattr(queries.sql, "run", run)
    fault = queries.BadSql("search-job", "SELECT 1")
    state = fault.plan(engine, {"folder": tmp_path})
    assert fault.took_effect(engine, state).startswith("4 sessions")
    assert len(asked) == 3 and "search-job" in asked[0]


def test_pool_hog_that_holds_too_few_had_no_effect(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def at_once(_: str, check: object, **__: object) -> None:
        check()
        raise WaitTimeout("connections", 30)

    monkeypatch.setattr(queries.sql, "run", lambda *_: "7")
    monkeypatch.setattr(queries, "wait_until", at_once)
    fault = queries.PoolHog("migration", "notifications_notification", "/x")
    state = fault.plan(engine, {"folder": tmp_path})
    with pytest.raises(NoEffect, match="at most 7 connections"):
        fault.took_effect(engine, state)


def test_healing_ends_what_is_left_in_the_database(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(queries.sql, "run", lambda _, sql: asked.append(sql) or "2")
    state = {"folder": str(tmp_path)}
    (tmp_path / "traffic.json").write_text(json.dumps({"sent": 4, "answers": {}}))
    done = queries.BadSql("search-job", "SELECT 1").heal(engine, state)
    assert done == ["2 sessions of search-job terminated"]
    assert "pg_terminate_backend" in asked[0] and "'search-job'" in asked[0]
