"""`manage seed --size S|M|L`: a believable network, in bulk."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from seeding.load import seed
from seeding.network import SIZES


class Command(BaseCommand):
    """Makes people, posts, follows, likes and some pictures; a second run changes nothing."""

    help = "Seed a believable network. A larger size grows a smaller one."

    def add_arguments(self, parser: CommandParser) -> None:
        """The size."""
        sizes = ", ".join(f"{name}: {size.accounts} accounts" for name, size in SIZES.items())
        parser.add_argument("--size", choices=sorted(SIZES), default="S", help=sizes)

    def handle(self, *args: Any, **options: Any) -> None:
        """The last line says what there is."""

        def say(line: str) -> None:
            self.stdout.write(line)
            self.stdout.flush()

        say(seed(options["size"], say))
