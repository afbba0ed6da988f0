"""Cursors."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.pagination import LAST, before, cursor_at, page
from config.problems import Problem


@given(st.uuids())
def test_a_cursor_leads_back_to_its_id(one: uuid.UUID) -> None:
    assert before(cursor_at(one)) == one


@given(st.text(max_size=40))
def test_anything_else_is_refused_not_a_crash(text: str) -> None:
    try:
        before(text)
    except Problem as problem:
        assert problem.status == 422


def test_the_newest_page_has_no_cursor() -> None:
    assert before(None) == before("") == LAST


def test_one_more_than_the_limit_says_that_there_is_a_next_page() -> None:
    ids = [uuid.UUID(int=n) for n in range(3)]
    full, last = page(ids, 2, lambda one: one), page(ids, 3, lambda one: one)
    assert full.items == ids[:2]
    assert full.next_cursor == cursor_at(ids[1])
    assert last.next_cursor is None


@pytest.mark.parametrize("text", ["é" * 22, "a" * 21, "a" * 23, "+" * 22, "\x00" * 22])
def test_wrong_cursors(text: str) -> None:
    with pytest.raises(Problem) as found:
        before(text)
    assert found.value.status == 422
