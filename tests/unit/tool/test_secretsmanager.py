"""Secrets Manager's memory: what it takes over at a start, from what it kept and from the seed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[3] / "compose/services/secretsmanager/server.py"
ONE, TWO, THREE = ({"username": "tenfold", "password": word} for word in ("1", "2", "3"))


@pytest.fixture(scope="module")
def server() -> ModuleType:
    """The server's module; it loads moto in its main only."""
    spec = importlib.util.spec_from_file_location("secretsmanager_server", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kept(server: ModuleType, known: list[dict[str, str]], **stages: dict[str, str]) -> Any:
    """What the volume has."""
    return {
        "known": [server.fingerprint(json.dumps(one)) for one in known],
        "versions": {
            stage.lower(): {"stages": [stage], "text": json.dumps(value)}
            for stage, value in stages.items()
        },
    }


def by_stage(versions: Any) -> dict[str, Any]:
    """The values by their labels."""
    return {
        stage: json.loads(told["text"]) for told in versions.values() for stage in told["stages"]
    }


def test_a_first_start_takes_the_seed(server: ModuleType) -> None:
    versions, known = server.versions_of(None, ONE)
    assert by_stage(versions) == {"AWSCURRENT": ONE}
    assert len(known) == 1


def test_a_half_rotation_is_there_again(server: ModuleType) -> None:
    """The database may know the pending one already: were it lost, nobody could log in."""
    before = kept(server, [ONE, TWO], AWSCURRENT=ONE, AWSPENDING=TWO)
    versions, _ = server.versions_of(before, ONE)
    assert by_stage(versions) == {"AWSCURRENT": ONE, "AWSPENDING": TWO}


def test_an_old_seed_changes_nothing(server: ModuleType) -> None:
    """Rotated twice, and nobody has told the seed."""
    before = kept(server, [ONE, TWO, THREE], AWSPREVIOUS=TWO, AWSCURRENT=THREE)
    versions, _ = server.versions_of(before, dict(reversed(ONE.items())))
    assert by_stage(versions) == {"AWSPREVIOUS": TWO, "AWSCURRENT": THREE}


def test_a_seed_that_was_changed_elsewhere_is_current(server: ModuleType) -> None:
    """Stage 2 ran meanwhile, and its operator changed the password."""
    before = kept(server, [ONE, TWO], AWSPREVIOUS=ONE, AWSCURRENT=TWO)
    versions, known = server.versions_of(before, THREE)
    assert by_stage(versions) == {"AWSPREVIOUS": TWO, "AWSCURRENT": THREE}
    assert len(known) == 3


def test_what_an_earlier_release_kept_is_taken_over(server: ModuleType) -> None:
    versions, _ = server.versions_of(dict(ONE), ONE)
    assert by_stage(versions) == {"AWSCURRENT": ONE}


def test_what_was_put_by_hand_need_not_be_json(server: ModuleType) -> None:
    assert server.fingerprint("no json") == server.fingerprint("no json")
    assert server.fingerprint('{"a": 1, "b": 2}') == server.fingerprint('{"b":2,"a":1}')
