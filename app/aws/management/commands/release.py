"""`manage release`: what a release needs before its instances start, safe to repeat.

Migrations (one release at a time, by an advisory lock), the buckets, and the static files in S3:
only what differs is sent.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from aws import objectstore
from aws.wire import Unreachable

LOCK = 0x7E4F01E
DATABASE_SECONDS = 60.0
HASHED = re.compile(r"\.[0-9a-f]{12}\.[^./]+\Z")
FOREVER = "public, max-age=31536000, immutable"
PLAIN = "public, max-age=300"
INTERNAL = "staticfiles.json"


class Command(BaseCommand):
    """Migrate, buckets, static files."""

    help = "Migrate, make the buckets, bring the static files to S3."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """All three, the upload beside the migrations."""
        started = time.monotonic()
        with ThreadPoolExecutor(1) as beside:
            files = beside.submit(publish_static)
            self.migrate()
            try:
                sent = files.result()
            except Unreachable as error:
                raise CommandError(str(error)) from error
        took = time.monotonic() - started
        self.stdout.write(f"released {settings.ENV.release}: {sent} files sent, {took:.1f} s")

    def migrate(self) -> None:
        """Under a lock: two releases at once would both create the same table."""
        wait_for_database()
        with connection.cursor() as cursor:
            # A migration may take longer than a request's query.
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def wait_for_database() -> None:
    """The endpoint's name may lead nowhere for a moment; at most DATABASE_SECONDS."""
    deadline = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError as error:
            if time.monotonic() >= deadline:
                raise CommandError(
                    f"no database after {DATABASE_SECONDS:.0f} s: {error}"
                ) from error
            connection.close()
            time.sleep(0.3)


def publish_static() -> int:
    """Bring STATIC_ROOT to its bucket; how many files were sent."""
    env = settings.ENV
    if not env.s3_endpoint:
        return 0
    endpoint = objectstore.endpoint()
    static = objectstore.S3Bucket(endpoint, env.static_bucket, "")
    for bucket in (objectstore.S3Bucket(endpoint, env.media_bucket, ""), static):
        bucket.create_public()
    root = Path(settings.STATIC_ROOT)
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(lambda path: send(static, root, path), files(root)))


def files(root: Path) -> Iterator[Path]:
    """What browsers may ask for."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != INTERNAL:
            yield path


def send(bucket: objectstore.S3Bucket, root: Path, path: Path) -> bool:
    """Send one file unless it is there already (an object's ETag is its MD5); whether it was."""
    key = path.relative_to(root).as_posix()
    data = path.read_bytes()
    there = bucket.head(key)
    kept = cache_control(key, settings.ENV.static_page_seconds)
    same = there and there.etag == hashlib.md5(data, usedforsecurity=False).hexdigest()
    if there and same and there.cache_control == kept:
        return False
    bucket.put(key, data, content_type(key), kept)
    return True


def content_type(key: str) -> str:
    """What browsers are told."""
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml")
    return f"{kind}; charset=utf-8" if text else kind


def cache_control(key: str, page_seconds: int) -> str:
    """Hashed names never change; pages are looked up by people under their one name."""
    if HASHED.search(key):
        return FOREVER
    return f"public, max-age={page_seconds}" if key.endswith(".html") else PLAIN
