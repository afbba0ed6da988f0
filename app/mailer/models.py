"""The table of mails: what was claimed, and what the provider has taken."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Mail(models.Model):
    """One mail of one occasion, such as `welcome:<account>`."""

    key = models.CharField(max_length=100, primary_key=True)
    attempts = models.IntegerField(default=1)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Its key makes it one."""

        db_table = "mailer_mail"
