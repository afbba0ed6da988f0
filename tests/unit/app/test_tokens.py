"""JSON web tokens."""

from __future__ import annotations

import uuid

import jwt
import pytest
from django.conf import settings

from config import tokens
from config.problems import Problem
from config.tokens import ACCESS, REFRESH, Identity

ME = Identity(uuid.uuid4(), "maria")


def test_each_token_is_good_for_its_purpose_only() -> None:
    made = tokens.issue(ME)
    assert tokens.read(made.access, ACCESS) == ME
    assert tokens.read(made.refresh, REFRESH) == ME
    for token, kind in ((made.access, REFRESH), (made.refresh, ACCESS)):
        with pytest.raises(Problem) as found:
            tokens.read(token, kind)
        assert found.value.status == 401


def test_an_old_token_is_refused() -> None:
    made = tokens.issue(ME, now=1_700_000_000)
    with pytest.raises(Problem, match="expired"):
        tokens.read(made.access, ACCESS)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "x"},
        {"sub": str(ME.id), "kind": ACCESS, "iss": "tenfold", "iat": 0},
        {"sub": "no id", "kind": ACCESS, "iss": "tenfold", "iat": 0, "exp": 99999999999},
        {"sub": str(ME.id), "kind": ACCESS, "iss": "other", "iat": 0, "exp": 99999999999},
        {"sub": str(ME.id), "kind": ACCESS, "iss": "tenfold", "iat": 0, "exp": 99999999999},
    ],
)
def test_signed_nonsense_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(Problem) as found:
        tokens.read(jwt.encode(claims, settings.JWT_KEY, "HS256"), ACCESS)
    assert "WWW-Authenticate" in found.value.headers


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    claims = {"sub": str(ME.id), "handle": "m", "kind": ACCESS, "iss": "tenfold", "iat": 0}
    key = None if algorithm == "none" else settings.JWT_KEY
    token = jwt.encode({**claims, "exp": 99999999999}, key, algorithm)
    with pytest.raises(Problem):
        tokens.read(token, ACCESS)
