"""The search app."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """No models of its own."""

    name = "search"
    label = "search"
