"""Tables of the seams: the outbox, idempotency keys, effects that are done."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Outbox(models.Model):
    """An effect that was promised; `sent_at` is set after it was handed to the queue."""

    id = models.UUIDField(primary_key=True)
    task = models.CharField(max_length=100)
    payload = models.JSONField()
    key = models.CharField(max_length=200, null=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        """Few rows are unsent at a time: the relay's index holds only those."""

        db_table = "aws_outbox"
        indexes = [
            models.Index(
                fields=["created_at", "id"],
                name="aws_outbox_unsent",
                condition=models.Q(sent_at__isnull=True),
            ),
            models.Index(
                fields=["sent_at"],
                name="aws_outbox_sent",
                condition=models.Q(sent_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "key"],
                name="aws_outbox_key",
                condition=models.Q(key__isnull=False),
            )
        ]


class Idempotency(models.Model):
    """An answer that was given for a key; kept for a day."""

    pk = models.CompositePrimaryKey("scope", "key")
    scope = models.CharField(max_length=150)
    key = models.CharField(max_length=64)
    request_hash = models.CharField(max_length=64)
    response = models.JSONField()
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        """See aws/idempotency.py."""

        db_table = "aws_idempotency"


class EffectDone(models.Model):
    """An effect that has been done; kept for longer than the queue keeps a message (4 days)."""

    effect_id = models.CharField(max_length=100, primary_key=True)
    done_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        """See aws/once.py."""

        db_table = "aws_effect_done"


class Schedule(models.Model):
    """A schedule, and the last of its periods that was fired."""

    name = models.CharField(max_length=100, primary_key=True)
    period = models.BigIntegerField()

    class Meta:
        """See aws/schedules.py."""

        db_table = "aws_schedule"
