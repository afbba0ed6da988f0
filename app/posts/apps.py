"""The posts app."""

from django.apps import AppConfig


class PostsConfig(AppConfig):
    """Tables `posts_*`; others use services.py only."""

    name = "posts"
    label = "posts"
