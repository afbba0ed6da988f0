"""The flags app."""

from django.apps import AppConfig


class FlagsConfig(AppConfig):
    """Tables `flags_*`; others use services.py only."""

    name = "flags"
    label = "flags"
