"""The seams' app."""

from django.apps import AppConfig


class AwsConfig(AppConfig):
    """Holds the tables of the outbox, of idempotency keys and of effects that are done."""

    name = "aws"
    label = "aws"
