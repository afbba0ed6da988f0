"""The table of notifications."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Notification(models.Model):
    """Somebody (`actor_id`) did something that concerns `account_id`."""

    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    actor_id = models.UUIDField()
    post_id = models.UUIDField(null=True)
    read = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """One row for each thing done, however often it is reported."""

        db_table = "notifications_notification"
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "kind", "actor_id", "post_id"],
                name="notifications_once",
                nulls_distinct=False,
            )
        ]
        indexes = [
            models.Index(fields=["account_id", "-id"], name="notifications_newest"),
            models.Index(
                fields=["account_id"], name="notifications_unread", condition=models.Q(read=False)
            ),
        ]
