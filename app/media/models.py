"""The table of pictures; their bytes are in the object store."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Media(models.Model):
    """A picture that somebody may upload: pending, then ready or failed."""

    id = models.UUIDField(primary_key=True)
    owner_id = models.UUIDField()
    content_type = models.CharField(max_length=50)
    size = models.IntegerField()
    """bytes, as announced; the presigned URL takes no other size"""
    status = models.CharField(max_length=10, default="pending")
    reason = models.CharField(max_length=200, default="")
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Found by id only."""

        db_table = "media_media"
