"""The media app."""

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Tables `media_*`; others use services.py only."""

    name = "media"
    label = "media"
