"""The table of activity reports."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Report(models.Model):
    """A report that was asked for: pending, then ready or failed.

    The file is in the row, since it is private and what is in the object store is public.
    """

    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    status = models.CharField(max_length=10, default="pending")
    body = models.BinaryField(null=True)
    """compressed by zlib"""
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """Found by id, or all of an account."""

        db_table = "reports_report"
        indexes = [models.Index(fields=["account_id", "-id"], name="reports_report_account")]
