"""The table of feature flags."""

from __future__ import annotations

from django.db import models


class Flag(models.Model):
    """A feature that is on for a share of the accounts."""

    name = models.CharField(max_length=64, primary_key=True)
    percent = models.SmallIntegerField(default=0)
    """of the accounts, by a hash of flag and account: an account keeps its answer"""
    paid_only = models.BooleanField(default=False)

    class Meta:
        """See flags/services.py."""

        db_table = "flags_flag"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__gte=0, percent__lte=100), name="flags_percent"
            )
        ]
