"""The pages' app."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """No models: what a page shows comes from the other contexts' services."""

    name = "pages"
    label = "pages"
