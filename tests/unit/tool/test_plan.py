"""What would be built, published, rehearsed and told: pure functions of files and catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold import compose, diff, images, rehearse, stages
from tenfold.drill.model import catalogue
from tenfold.paths import Paths
from tenfold.rehearse import Outcome, plan, results
from tenfold.rehearse.page import page
from tenfold.rehearse.plan import Cell
from tenfold.rehearse.results import Result
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


ROW = {0: "B", 1: "B", 2: "S", 3: "S", 5: "·"}


@pytest.mark.parametrize(
    ("stages_there", "expected"),
    [([0, 1, 2, 3], [1, 2]), ([2, 3], [2]), ([0, 1], [1]), ([5], []), ([], [])],
)
def test_the_edge_is_the_last_break_and_the_first_survival(
    stages_there: list[int], expected: list[int]
) -> None:
    assert plan.edge(ROW, stages_there) == expected


def test_all_cells_and_controls_come_when_asked() -> None:
    edges = plan.cells(catalogue(), [2, 3], every=False, controls=False)
    everything = plan.cells(catalogue(), [2, 3], every=True, controls=True)
    assert set(edges) < set(everything)
    assert not any(c.without for c in edges)
    turned = [c for c in everything if c.without]
    survive = {d.name for d in catalogue() if "S" in (d.row[2], d.row[3])}
    assert {c.drill for c in turned} >= survive, "each survival has a control"
    assert all(c.stage in (2, 3) for c in everything)


def test_what_changed_comes_first_then_the_oldest() -> None:
    a, b, c, d = (Cell(name, 3, "", "S") for name in ("a", "b", "c", "d"))
    known = {a.key: result("a", date="2026-01-02"), b.key: result("b", date="2026-01-01")}
    known[c.key] = result("c", date="2025-01-01", hash="other")
    hashes = {cell.key: "now" for cell in (a, b, c, d)}
    assert [x.drill for x in plan.order([a, b, c, d], known, hashes)] == ["c", "d", "b", "a"]


def test_what_was_shown_is_told_from_what_was_not(tmp_path: Path) -> None:
    """A result that is old counts, one that disagreed does not."""
    kept = {"kill-web@3": result("kill-web"), "kill-db@3": result("kill-db", verdict="B")}
    (tmp_path / "docs").mkdir()
    results.write(tmp_path / "docs" / "results.json", kept)
    book = rehearse.Book(Paths(tmp_path, tmp_path / ".tenfold"))
    asked = [Cell(name, 3, "", "S") for name in ("kill-web", "kill-db", "spike")]
    assert [c.drill for c in asked if book.shown(c)] == ["kill-web"]


def test_the_worst_result_gives_the_exit_code() -> None:
    cell = Cell("a", 3, "", "S")
    good = Outcome(cell, result("a"))
    wrong = Outcome(cell, result("a", verdict="B"))
    void, waiting = Outcome(cell, reason="void", void=True), Outcome(cell)
    failed = Outcome(cell, reason="no stage runs")
    assert rehearse.exit_code([good, waiting]) == 0
    assert rehearse.exit_code([good, wrong, void]) == 1
    assert rehearse.exit_code([good, void]) == 0
    assert rehearse.exit_code([void, waiting]) == 4
    assert rehearse.exit_code([good, failed]) == 4
    assert rehearse.exit_code([waiting]) == 4
    assert rehearse.exit_code([]) == 0


def test_results_are_kept_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    kept = {
        "kill-web@2": result("kill-web", stage=2),
        "kill-web@3": result("kill-web", verdict="B"),
        "kill-web@3-health-check": result("kill-web", without="health-check", verdict="B"),
    }
    results.write(path, kept)
    assert results.read(path) == kept
    text = page(catalogue(), [2, 3], kept, {"kill-web@2": "now", "kill-web@3": "now"})
    assert "| [kill-web](drills/kill-web.md) | **S** | S ✗ B |" in text
    assert "health-check" in text.split("Negative controls")[1]
    path.write_text("{torn")
    assert results.read(path) == {}


def test_the_hash_follows_what_a_cell_depends_on() -> None:
    assert results.hash_of(ROOT, "kill-web", 3) != results.hash_of(ROOT, "kill-web", 2)
    assert results.hash_of(ROOT, "kill-web", 3) != results.hash_of(ROOT, "kill-db", 3)
    assert results.hash_of(ROOT, "kill-web", 3) == results.hash_of(ROOT, "kill-web", 3)


def test_what_a_cell_was_judged_by_is_kept() -> None:
    held = {"name": "longest gap", "value": 0.6, "unit": "s", "limit": 3, "holds": True}
    broke = {"name": "writes back", "value": None, "unit": "s", "limit": 35, "holds": False}
    told = dict.fromkeys(Result.__dataclass_fields__, 0) | {"findings": [held, broke]}
    kept = results.of_verdict(told, "now", "", 60.0)
    assert kept.judged == "longest gap 0.6 s (limit 3); writes back never (limit 35) ✗"


def result(drill: str, **changes: object) -> Result:
    """A good run of a drill at stage 3 that differs in `changes`."""
    told: dict[str, object] = dict.fromkeys(Result.__dataclass_fields__, 0)
    told |= {
        "drill": drill,
        "stage": 3,
        "without": "",
        "judged": "",
        "expected": "S",
        "verdict": "S",
    }
    told |= {"hash": "now", "date": "2026-01-01", "machine": "m", "pace": "drill", **changes}
    return Result(**told)  # type: ignore[arg-type]


def test_the_difference_of_two_stages() -> None:
    paths = Paths(ROOT, ROOT / ".tenfold")
    two, three = stages.read(paths, 2), stages.read(paths, 3)
    told = diff.compare(two, three, [three])
    assert {"sqs", "cache", "secretsmanager", "worker-a", "worker-b"} <= set(told["added"])
    assert told["removed"] == ["cron"], "schedules go into the queue"
    back = diff.compare(three, two, [three])
    assert set(back["removed"]) == set(told["added"])
    assert back["added"] == ["cron"]


def test_growing_groups_keep_their_size() -> None:
    assert scale(()) == []
