"""The table of events."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """Something a client reports; its own id makes a repeat known."""

    pk = models.CompositePrimaryKey("event_id", "account_id")
    event_id = models.CharField(max_length=64)
    account_id = models.UUIDField()
    name = models.CharField(max_length=64)
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Reports ask for a time and a name."""

        db_table = "analytics_event"
        indexes = [models.Index(fields=["at", "name"], name="analytics_event_at")]
