"""The timeline app."""

from django.apps import AppConfig


class TimelineConfig(AppConfig):
    """Tables `timeline_*`; others use services.py only."""

    name = "timeline"
    label = "timeline"
