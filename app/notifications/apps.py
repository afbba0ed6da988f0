"""The notifications app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Tables `notifications_*`; others use services.py only."""

    name = "notifications"
    label = "notifications"
