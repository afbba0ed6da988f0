"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Tables `accounts_*`; others use services.py only."""

    name = "accounts"
    label = "accounts"
