"""Secrets Manager: moto's server with what AWS has and moto has not, a memory.

Secrets are filled in at the first start from the files of the tool; every later version (of a
rotation, a half one too) is kept on the volume with its labels and is there again after a restart.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import uuid
from pathlib import Path
from typing import Any

SEED = Path("/run/secrets")
KEPT = Path("/data/secrets.json")
REGION = "us-east-1"
Versions = dict[str, dict[str, Any]]
"""by id: {"stages": labels, "text": the secret}"""


def main() -> None:
    """Read the seed as root, drop to the server's user, serve for ever on port 5000."""
    secrets, known = _load()
    if os.getuid() == 0:
        os.chown("/data", 10001, 10001)
        os.setgroups([])
        os.setgid(10001)
        os.setuid(10001)
    os.environ.update(
        MOTO_ACCOUNT_ID="000000000000",
        AWS_ACCESS_KEY_ID="instance-role",
        AWS_SECRET_ACCESS_KEY="instance-role",  # noqa: S105 (moto checks none)
    )

    from moto.secretsmanager import secretsmanager_backends
    from moto.secretsmanager.models import SecretsManagerBackend
    from moto.server import create_backend_app
    from werkzeug.serving import make_server

    backend: Any = secretsmanager_backends["000000000000"][REGION]
    for name, versions in secrets.items():
        _restore(backend, name, versions)

    lock = threading.Lock()

    def keep() -> None:
        """Write all versions that have a label where the next start finds them."""
        kept = {}
        for secret in backend.secrets.values():
            # moto moves AWSCURRENT, and goes on answering with the version that had it.
            secret.set_default_version_id(_labelled(secret.versions, "AWSCURRENT"))
            texts = [v["secret_string"] for v in secret.versions.values() if "secret_string" in v]
            known.setdefault(secret.name, set()).update(fingerprint(text) for text in texts)
            kept[secret.name] = {
                "known": sorted(known[secret.name]),
                "versions": {
                    version: {
                        "stages": list(told["version_stages"]),
                        "text": told["secret_string"],
                    }
                    for version, told in secret.versions.items()
                    if told["version_stages"] and "secret_string" in told
                },
            }
        part = KEPT.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(KEPT)

    for verb in ("put_secret_value", "update_secret", "update_secret_version_stage"):
        original = getattr(SecretsManagerBackend, verb)

        def kept(self: Any, *args: Any, _original: Any = original, **named: Any) -> Any:
            with lock:
                answer = _original(self, *args, **named)
                keep()
            return answer

        setattr(SecretsManagerBackend, verb, kept)

    application = create_backend_app("secretsmanager")
    make_server("0.0.0.0", 5000, application, threaded=True).serve_forever()


def _labelled(versions: dict[str, Any], stage: str) -> str | None:
    """The version that has a label."""
    return next((v for v, told in versions.items() if stage in told["version_stages"]), None)


def _restore(backend: Any, name: str, versions: Versions) -> None:
    """A secret with all its versions, as it was kept; the current one first."""
    ordered = sorted(versions.items(), key=lambda item: "AWSCURRENT" not in item[1]["stages"])
    for n, (version, told) in enumerate(ordered):
        if n == 0:
            backend.create_secret(
                name=name,
                secret_string=told["text"],
                secret_binary=None,
                description="",
                tags=[],
                kms_key_id=None,
                client_request_token=version,
                replica_regions=[],
                force_overwrite=False,
            )
        else:
            backend.put_secret_value(name, told["text"], None, version, list(told["stages"]))
        backend.secrets[name].versions[version]["version_stages"] = list(told["stages"])


def _load() -> tuple[dict[str, Versions], dict[str, set[str]]]:
    """What was kept, else the seed, and the fingerprints of all values that there ever were.

    RDS's own maintenance passwords are not handed out.
    """
    rds = json.loads((SEED / "tenfold-rds").read_text())
    seed = {
        "tenfold/rds": {"username": rds["username"], "password": rds["password"]},
        "tenfold/s3": json.loads((SEED / "tenfold-s3").read_text()),
        "tenfold/django": json.loads((SEED / "tenfold-django").read_text()),
    }
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    versions, known = {}, {}
    for name in {**seed, **kept}:
        versions[name], known[name] = versions_of(kept.get(name), seed.get(name))
    return versions, known


def versions_of(
    kept: dict[str, Any] | None, seed: dict[str, Any] | None
) -> tuple[Versions, set[str]]:
    """A secret's versions from what was kept and the seed, and all values' fingerprints.

    A seed that was never a version here was changed while this was away (a stage without Secrets
    Manager ran meanwhile): it is the current one. One that was is old, or the current one itself.
    """
    found: Versions = {}
    known: set[str] = set()
    if kept is not None and isinstance(kept.get("versions"), dict):
        found, known = dict(kept["versions"]), set(kept.get("known", ()))
    elif kept is not None:  # as earlier releases kept it: the current value alone
        found = {str(uuid.uuid4()): {"stages": ["AWSCURRENT"], "text": json.dumps(kept)}}
    known |= {fingerprint(told["text"]) for told in found.values()}
    if seed is None or fingerprint(json.dumps(seed)) in known:
        return found, known
    for told in found.values():
        told["stages"] = ["AWSPREVIOUS"] if "AWSCURRENT" in told["stages"] else []
    found = {version: told for version, told in found.items() if told["stages"]}
    found[str(uuid.uuid4())] = {"stages": ["AWSCURRENT"], "text": json.dumps(seed)}
    return found, known | {fingerprint(json.dumps(seed))}


def fingerprint(text: str) -> str:
    """Of a value, however its JSON is laid out; what somebody put by hand need not be JSON."""
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    main()
