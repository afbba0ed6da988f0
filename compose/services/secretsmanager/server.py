"""Secrets Manager: moto's server with what AWS has and moto has not, a memory.

Secrets are filled in at the first start from the files of the tool; every later value (a rotation)
is kept on the volume and is there again after a restart.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

SEED = Path("/run/secrets")
KEPT = Path("/data/secrets.json")
REGION = "us-east-1"


def main() -> None:
    """Read the seed as root, drop to the server's user, serve for ever on port 5000."""
    secrets = _load()
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
    for name, value in secrets.items():
        backend.create_secret(
            name=name,
            secret_string=json.dumps(value),
            secret_binary=None,
            description="",
            tags=[],
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )

    lock = threading.Lock()

    def keep() -> None:
        """Write the current values where the next start finds them."""
        current = {}
        for secret in backend.secrets.values():
            version = secret.versions.get(secret.default_version_id, {})
            current[secret.name] = json.loads(version["secret_string"])
        part = KEPT.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(current))
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


def _load() -> dict[str, Any]:
    """What was kept, else the seed; RDS's own maintenance passwords are not handed out."""
    if KEPT.exists():
        return dict(json.loads(KEPT.read_text()))
    rds = json.loads((SEED / "tenfold-rds").read_text())
    return {
        "tenfold/rds": {"username": rds["username"], "password": rds["password"]},
        "tenfold/s3": json.loads((SEED / "tenfold-s3").read_text()),
        "tenfold/django": json.loads((SEED / "tenfold-django").read_text()),
    }


if __name__ == "__main__":
    main()
