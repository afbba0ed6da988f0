"""The reports app."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Tables `reports_*`; others use services.py only."""

    name = "reports"
    label = "reports"
