"""The worker's entry point: Celery on SQS, and the relay of the outbox beside it."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from aws.queue import app  # noqa: E402,F401 (Celery looks for `app` here)
