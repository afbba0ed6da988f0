"""The table of accounts."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Account(models.Model):
    """Somebody. The id carries the bucket that all rows of this account share."""

    id = models.UUIDField(primary_key=True)
    handle = models.CharField(max_length=30)
    email = models.CharField(max_length=254)
    password = models.CharField(max_length=150)
    plan = models.CharField(max_length=10, default="free")
    home_region = models.CharField(max_length=20)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Both names and addresses are kept in lower case."""

        db_table = "accounts_account"
        constraints = [
            models.UniqueConstraint(fields=["handle"], name="accounts_account_handle"),
            models.UniqueConstraint(fields=["email"], name="accounts_account_email"),
        ]
