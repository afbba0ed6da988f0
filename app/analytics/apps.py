"""The analytics app."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Tables `analytics_*`; others use services.py only."""

    name = "analytics"
    label = "analytics"
