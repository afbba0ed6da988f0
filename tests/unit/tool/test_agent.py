"""CloudWatch's agent: the kernel's figures of a container, in both versions of control groups."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def agent() -> ModuleType:
    path = ROOT / "compose" / "services" / "cloudwatch-agent" / "agent.py"
    spec = importlib.util.spec_from_file_location("cloudwatch_agent", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


VERSION1 = {
    "cpuacct/cpuacct.usage": "2500000000\n",
    "cpu/cpu.cfs_quota_us": "50000\n",
    "cpu/cpu.cfs_period_us": "100000\n",
    "memory/memory.usage_in_bytes": "300\n",
    "memory/memory.stat": "cache 90\ntotal_inactive_file 100\n",
    "memory/memory.limit_in_bytes": "400\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
}
VERSION2 = {
    "cgroup.controllers": "cpu memory\n",
    "cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
    "cpu.max": "50000 100000\n",
    "memory.current": "300\n",
    "memory.stat": "inactive_file 100\n",
    "memory.max": "400\n",
    "memory.events": "low 0\noom 3\noom_kill 2\n",
}


@pytest.mark.parametrize("files", [VERSION1, VERSION2])
def test_both_versions_tell_the_same(
    agent: ModuleType, tmp_path: Path, files: dict[str, str]
) -> None:
    assert agent.group(write(tmp_path, files)) == {
        "tenfold_host_cpu_seconds_total": 2.5,
        "tenfold_host_cpu_limit": 0.5,
        "tenfold_host_memory_bytes": 200,
        "tenfold_host_memory_limit_bytes": 400,
        "tenfold_host_oom_kills_total": 2,
    }


def test_no_limit_is_the_machines(agent: ModuleType, tmp_path: Path) -> None:
    told = agent.group(
        write(tmp_path, VERSION2 | {"cpu.max": "max 100000\n", "memory.max": "max\n"})
    )
    assert told["tenfold_host_cpu_limit"] >= 1
    assert told["tenfold_host_memory_limit_bytes"] > 1 << 28


def test_nothing_there_is_no_error(agent: ModuleType, tmp_path: Path) -> None:
    told = agent.group(tmp_path)
    assert "tenfold_host_memory_bytes" not in told
    assert agent.disk(tmp_path / "none", 0) == {}


def test_an_ordered_disk_is_counted_by_its_files(agent: ModuleType, tmp_path: Path) -> None:
    write(tmp_path, {"a/b/one": "x" * 100_000, "two": "y" * 50_000})
    told = agent.disk(tmp_path, 1024 * 1024)
    assert told["tenfold_host_disk_limit_bytes"] == 1024 * 1024
    assert 150_000 <= told["tenfold_host_disk_bytes"] < 200_000
    whole = agent.disk(tmp_path, 0)
    assert whole["tenfold_host_disk_limit_bytes"] > told["tenfold_host_disk_limit_bytes"]


def test_the_page_has_what_others_tell(agent: ModuleType, tmp_path: Path) -> None:
    root = write(tmp_path / "group", VERSION2)
    more = [tmp_path / "more", tmp_path / "not-there", tmp_path / "yet-more"]
    more[0].write_text("tenfold_rds_connections 7\n")
    more[2].write_text("tenfold_rds_restorable_seconds 1\n")
    files = " ".join(map(str, more))
    text = agent.page({"AGENT_DISK": str(tmp_path), "AGENT_MORE": files}, root)
    lines = text.splitlines()
    assert "tenfold_rds_connections 7" in lines
    assert "" not in lines
    assert "tenfold_host_cpu_limit 0.5" in lines
    assert "# TYPE tenfold_host_disk_bytes gauge" in lines
    assert lines[-1] == "tenfold_rds_restorable_seconds 1"
    assert text.endswith("\n")
