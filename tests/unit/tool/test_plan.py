"""What would be built, published, rehearsed and told: pure functions of files and catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold import compose, diff, images, rehearse, stages
from tenfold.paths import Paths
from tenfold.up import scale

ROOT = Path(__file__).resolve().parents[3]
CONFIG = {
    "services": {
        "web-a": {
            "image": "tenfold/app:dev",
            "build": {"context": "."},
            "ports": [{"published": "8080"}],
        },
        "web-b": {"image": "tenfold/app:dev", "build": {"context": "."}},
        "s3": {"image": "tenfold/s3:dev", "build": {"context": "."}},
        "plain": {"image": "debian", "depends_on": {"s3": {"condition": "service_healthy"}}},
        "late": {"depends_on": {"web-b": {"condition": "service_completed_successfully"}}},
    },
    "networks": {"vpc": {"ipam": {"config": [{"subnet": "10.30.0.0/16"}]}}},
}


def test_an_image_is_built_once() -> None:
    assert images.one_an_image(CONFIG) == ["s3", "web-a"]


def test_what_a_stage_wants_of_the_machine() -> None:
    assert compose.images(CONFIG) == ["debian", "tenfold/app:dev", "tenfold/s3:dev"]
    assert compose.published(CONFIG) == {8080: "web-a"}
    assert compose.subnets(CONFIG) == ["10.30.0.0/16"]
    assert compose.one_shots(CONFIG) == {"web-b"}


def test_only_what_the_engine_needs_is_passed_on() -> None:
    given = {
        "PATH": "/bin",
        "POSTGRES_VERSION": "9",
        "DOCKER_HOST": "unix:///x",
        "https_proxy": "p",
    }
    assert compose.environment(given) == {
        "PATH": "/bin",
        "DOCKER_HOST": "unix:///x",
        "https_proxy": "p",
    }


@pytest.mark.parametrize("number", stages.known(Paths(ROOT, ROOT / ".tenfold")))
def test_rehearsals_run_rows_before_their_controls(number: int) -> None:
    cells = rehearse.plan(number)
    assert cells
    first_control = next((n for n, c in enumerate(cells) if c.without), len(cells))
    assert all(c.without for c in cells[first_control:])
    assert all(c.stage == number for c in cells)


def test_the_worst_result_gives_the_exit_code() -> None:
    good = rehearse.Cell("a", 3, "", "S", "S")
    wrong = rehearse.Cell("b", 3, "", "S", "B")
    void = rehearse.Cell("c", 3, "", "S", "", error="void")
    waiting = rehearse.Cell("d", 3, "", "S")
    assert rehearse.exit_code([good, waiting]) == 0
    assert rehearse.exit_code([good, wrong, void]) == 1
    assert rehearse.exit_code([good, void]) == 4
    assert rehearse.exit_code([waiting]) == 4


def test_the_difference_of_two_stages() -> None:
    paths = Paths(ROOT, ROOT / ".tenfold")
    two, three = stages.read(paths, 2), stages.read(paths, 3)
    told = diff.compare(two, three, [three])
    assert {"sqs", "cache", "secretsmanager", "worker-a", "worker-b"} <= set(told["added"])
    assert told["removed"] == []
    back = diff.compare(three, two, [three])
    assert set(back["removed"]) == set(told["added"])


def test_growing_groups_keep_their_size() -> None:
    assert scale(()) == []
