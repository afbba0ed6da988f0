"""The table of who follows whom."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Follow(models.Model):
    """Somebody follows somebody: once, whatever comes twice."""

    pk = models.CompositePrimaryKey("follower_id", "followed_id")
    follower_id = models.UUIDField()
    followed_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """The key answers whom one follows, the index who follows one."""

        db_table = "timeline_follow"
        indexes = [models.Index(fields=["followed_id", "follower_id"], name="timeline_followed")]
