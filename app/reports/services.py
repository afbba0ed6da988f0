"""Activity reports as the other contexts know them: asked for, looked at, fetched."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from aws import outbox
from aws.dbrouter import on_replica
from config import ids
from config.problems import Problem
from config.writes import write
from posts import services as posts
from reports.models import Report as Row

PENDING, READY, FAILED = "pending", "ready", "failed"


@dataclass(frozen=True)
class Report:
    """A report, without its file."""

    id: uuid.UUID
    account_id: uuid.UUID
    status: str
    created_at: datetime


def request(account_id: uuid.UUID, *, key: str = "") -> Report:
    """Ask for a report of one's own activity; a worker makes it."""

    def run() -> dict[str, Any]:
        row = Row(id=ids.new_id_for(account_id), account_id=account_id, created_at=timezone.now())
        row.save(force_insert=True)
        outbox.emit("reports.make", {"report_id": str(row.id)})
        return {"id": row.id, "created_at": row.created_at.isoformat()}

    told = write(f"reports.request:{account_id}", key, (), run)
    return Report(
        uuid.UUID(told["id"]), account_id, PENDING, datetime.fromisoformat(told["created_at"])
    )


def get(account_id: uuid.UUID, report_id: uuid.UUID) -> Report | None:
    """A report of one's own."""
    row = Row.objects.defer("body").filter(id=report_id, account_id=account_id).first()
    return Report(row.id, row.account_id, row.status, row.created_at) if row else None


def topics(limit: int) -> Sequence[posts.Topic]:
    """What people write about; asked of the replica, so it may be a little behind."""
    return on_replica(lambda: posts.topics(limit))


def content(report: Report) -> bytes:
    """The file of a report that is ready: JSON. Raises Problem(409) when it is not."""
    rows = Row.objects.filter(id=report.id, account_id=report.account_id, status=READY)
    body = rows.values_list("body", flat=True).first()
    if body is None:
        raise Problem(409, detail=f"The report is {report.status}: ask its status_url first.")
    return zlib.decompress(body)
