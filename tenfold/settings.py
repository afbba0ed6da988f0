"""`.tenfold/env`: what this machine and this start add to the tables that Compose reads.

Ports, the user that containers run as, the engine's socket for the control plane, the release that
was deployed last, and the host's CA bundle for builds (a build secret, never part of an image).
Written at each `up`, read by every later command.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tenfold import inputs, secrets
from tenfold.paths import Paths

PORTS = {
    "TENFOLD_PORT": 8080,
    "TENFOLD_PORT_INBOX": 8025,
    "TENFOLD_PORT_S3": 8026,
    "TENFOLD_PORT_CLOUDWATCH": 8027,
}
"""what is published on 127.0.0.1, by the variable that moves it"""
SPOKEN = {"TENFOLD_PORT": "PORT"}
"""how a person says it on make's command line"""
CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
RELEASE = ("TENFOLD_RELEASE", "TENFOLD_FAULT")
"""which release the instances are made from; `make deploy` sets it, everything else keeps it"""
SOCKET = "/var/run/docker.sock"
"""where the engine listens unless told otherwise"""


def spoken(variable: str) -> str:
    """The name a person uses for a port's variable."""
    return SPOKEN.get(variable, variable)


def ports(environ: Mapping[str, str], before: Mapping[str, str]) -> dict[str, int]:
    """The ports by variable: as asked for, else as they were, else the usual ones."""
    found = {}
    for variable, usual in PORTS.items():
        name = spoken(variable)
        asked = environ.get(name) or environ.get(variable) or ""
        known = before.get(variable, "")
        default = int(known) if known.isdigit() else usual
        found[variable] = inputs.integer(name, asked, default, 1, 65535)
    for variable, port in found.items():
        same = [spoken(v) for v, p in found.items() if p == port]
        if len(same) > 1:
            raise inputs.wrong(
                f"{' and '.join(same)} are both {port}", f"choose another {spoken(variable)}"
            )
    return found


def read(path: Path) -> dict[str, str]:
    """An env file's variables; empty when there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def ca_bundle(environ: Mapping[str, str]) -> str:
    """The host's CA bundle; empty when it has none."""
    for path in (environ.get("TENFOLD_CA_BUNDLE"), environ.get("SSL_CERT_FILE"), *CA_BUNDLES):
        if path and Path(path).is_file():
            return str(Path(path).resolve())
    return ""


def engine_host(environ: Mapping[str, str]) -> str:
    """The engine's address as its client has it: DOCKER_HOST, else the current context's."""
    if environ.get("DOCKER_HOST"):
        return environ["DOCKER_HOST"]
    usual = f"unix://{SOCKET}"
    if not shutil.which("docker"):
        return usual
    words = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return usual
    return (done.stdout.strip() if done.returncode == 0 else "") or usual


def socket_to_mount(host: str, system: str) -> str:
    """The path of the engine's socket where the engine itself runs.

    On macOS and with Docker Desktop that is a virtual machine, which has the usual one; `system` is
    platform.system().
    """
    path = host.removeprefix("unix://")
    if path == host or system == "Darwin" or "/.docker/desktop/" in path:
        return SOCKET
    return path or SOCKET


def ensure(paths: Paths, chosen: Mapping[str, int] | None = None) -> dict[str, str]:
    """Write the file; ports as chosen, else as they were. Returns what is in it."""
    paths.make_state()
    bundle = ca_bundle(os.environ)
    if not bundle:
        # Compose wants a file behind every secret it is told of; builds leave an empty one alone.
        empty = paths.state / "no-ca.pem"
        empty.touch()
        bundle = str(empty)
    given = chosen or ports({}, read(paths.env))
    values = {name: str(port) for name, port in given.items()}
    values |= {"TENFOLD_UID": str(secrets.container_uid()), "TENFOLD_CA_BUNDLE": bundle}
    values["TENFOLD_SOCKET"] = socket_to_mount(engine_host(os.environ), platform.system())
    before = read(paths.env)
    values |= {name: before[name] for name in RELEASE if name in before}
    write(paths, values)
    return values


def write(paths: Paths, values: Mapping[str, str]) -> None:
    """Replace the file in one step."""
    paths.make_state()
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    fresh = paths.env.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(paths.env)
