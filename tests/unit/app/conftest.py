"""The app without anything around it: an environment, secrets in a folder, no database."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tenfold.selftest import app_environment

_folder = Path(tempfile.mkdtemp(prefix="tenfold-unit-"))
for _name in (
    "REPLICA_URLS",
    "CACHE_URL",
    "QUEUE_URL",
    "S3_ENDPOINT",
    "MAIL_LOOKUP_URL",
    "SESSION_STORE",
):
    os.environ.pop(_name, None)
# Nobody listens at its addresses: a test that asks the database fails at once.
os.environ.update(app_environment(_folder) | {"DATA_DIR": str(_folder / "data")})

import django  # noqa: E402 (the environment first)

django.setup()
