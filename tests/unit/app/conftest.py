"""The app without anything around it: an environment, secrets in a folder, no database."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="tenfold-unit-"))
_secrets = {
    "tenfold-rds": {"username": "unit", "password": "unit"},
    "tenfold-s3": {"access_key": "unit", "secret_key": "unit"},
    "tenfold-django": {"secret_key": "u" * 50, "jwt_key": "j" * 50},
}
for _name, _value in _secrets.items():
    (_folder / _name).write_text(json.dumps(_value))

_environment = {
    "SECRETS_URL": f"file://{_folder}",
    # Nobody listens there: a test that asks the database fails at once.
    "DATABASE_URL": "postgresql://127.0.0.1:9/unit",
    "MAIL_URL": "smtp://127.0.0.1:9",
    "DATA_DIR": str(_folder / "data"),
}
for _name in ("REPLICA_URLS", "CACHE_URL", "QUEUE_URL", "S3_ENDPOINT", "MAIL_LOOKUP_URL"):
    os.environ.pop(_name, None)
os.environ.pop("SESSION_STORE", None)
os.environ.update(_environment)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django  # noqa: E402 (the environment first)

django.setup()
