"""Where the engine is: the client's word counts, for the SDK and for the control plane's mount."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tenfold import settings
from tenfold.paths import Paths


@pytest.mark.parametrize(
    ("host", "system", "mounted"),
    [
        ("unix:///var/run/docker.sock", "Linux", "/var/run/docker.sock"),
        ("unix:///run/user/1000/docker.sock", "Linux", "/run/user/1000/docker.sock"),
        ("unix:///home/m/.docker/desktop/docker.sock", "Linux", "/var/run/docker.sock"),
        ("unix:///Users/m/.docker/run/docker.sock", "Darwin", "/var/run/docker.sock"),
        ("unix:///Users/m/.colima/default/docker.sock", "Darwin", "/var/run/docker.sock"),
        ("tcp://127.0.0.1:2375", "Linux", "/var/run/docker.sock"),
        ("unix://", "Linux", "/var/run/docker.sock"),
    ],
)
def test_the_socket_is_named_as_the_engine_sees_it(host: str, system: str, mounted: str) -> None:
    assert settings.socket_to_mount(host, system) == mounted


@pytest.mark.parametrize(
    ("environ", "code", "told", "host"),
    [
        ({"DOCKER_HOST": "tcp://here"}, 0, "unix:///context", "tcp://here"),
        ({}, 0, "unix:///run/user/1000/docker.sock\n", "unix:///run/user/1000/docker.sock"),
        ({}, 1, "", "unix:///var/run/docker.sock"),
        ({}, 0, "\n", "unix:///var/run/docker.sock"),
    ],
)
def test_the_engine_is_where_its_client_says(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], code: int, told: str, host: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/docker")
    monkeypatch.setattr(
        "subprocess.run",
        lambda words, **_options: subprocess.CompletedProcess(words, code, told, ""),
    )
    assert settings.engine_host(environ) == host


def test_the_socket_is_written_for_compose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/7/docker.sock")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    paths = Paths(tmp_path, tmp_path / ".tenfold")
    settings.ensure(paths)
    assert settings.read(paths.env)["TENFOLD_SOCKET"] == "/run/user/7/docker.sock"
