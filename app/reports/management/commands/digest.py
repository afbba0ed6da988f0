"""`manage digest`: the cron's job, the digest of the week that has just ended."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand

from aws import schedules
from reports.tasks import DIGEST


class Command(BaseCommand):
    """Promise the digest; whoever does effects sends it. Twice for a week is once."""

    help = "Send the digest of the period that has ended last."

    def handle(self, *args: Any, **options: Any) -> None:
        """Of that period alone: of runs that were missed a cron knows nothing."""
        period = DIGEST.current(time.time()) - 1
        schedules.promise(DIGEST, period)
        self.stdout.write(f"digest of period {period} promised")
