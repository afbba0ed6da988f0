"""The mailer app."""

from django.apps import AppConfig


class MailerConfig(AppConfig):
    """Tables `mailer_*`; others use services.py only."""

    name = "mailer"
    label = "mailer"
