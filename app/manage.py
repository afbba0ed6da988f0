#!/usr/bin/env python3
"""Django's command line for the product."""

import os
import sys


def main() -> None:
    """Run a command, and end the pools: a forgotten one keeps its process for 20 s."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line
    from django.db import connections

    try:
        execute_from_command_line(sys.argv)
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()
            if hasattr(connection, "close_pool"):
                connection.close_pool()


if __name__ == "__main__":
    main()
