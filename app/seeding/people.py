"""Who the seeded people are: some well-known ones, then as many as are asked for."""

from __future__ import annotations

import random
from dataclasses import dataclass

KNOWN = (
    "maria",
    "jonas",
    "amira",
    "kenji",
    "lucia",
    "tomasz",
    "ines",
    "oluwaseun",
    "freya",
    "rafael",
)
"""log in as any of them: `make seed` says how"""
DOMAIN = "people.example"
"""seeded accounts are known by it"""

_FIRST = """
ada alba alec amal anna anton ayla bea ben bo cara carl chiara cleo dana daria david dora edith elia
elif emil emma erik esra eva fadi felix finn flora gina greta hana hugo ida ilya ines ivo jana jean
joao jule kai kaya klara lars lea leo lila lina loic luca maja malik marek marta mateo maya mila
mina mira nadia nils noa nora olga omar oskar otto paul pia priya remy rosa ruth sami sara selma
silas sofia sven tara theo tilda timo una vera viktor wanda yara yusuf zoe
""".split()  # noqa: SIM905 (a list of literals is no easier to read)
_LAST = """
alder ash bay beck birch brook cape cliff cove dale dune elm fen ferry field firth ford gale glen
grove harbor heath hill holm isle kiln knoll lake lane marsh mead mill moor north oak pike pine
point pond quay reed ridge river rock sand shaw shore sky south stone tarn thorn tide vale west wood
""".split()  # noqa: SIM905


@dataclass(frozen=True)
class Person:
    """One of them; the same for the same number, always."""

    number: int
    handle: str
    plan: str
    home_region: str

    @property
    def email(self) -> str:
        """An address that reaches nobody."""
        return f"{self.handle}@{DOMAIN}"


def person(number: int) -> Person:
    """The person of this number, from 0 on: the smaller, the better known."""
    dice = random.Random(number * 7919 + 17)
    plan = "paid" if dice.random() < 0.08 else "free"
    region = dice.choices(("us", "eu", "ap"), (60, 30, 10))[0]
    return Person(number, _handle(number), plan, region)


def _handle(number: int) -> str:
    if number < len(KNOWN):
        return KNOWN[number]
    rest = number - len(KNOWN)
    # A step that shares no factor with the number of pairs visits each of them once.
    pairs = len(_FIRST) * len(_LAST)
    pair = rest * 2741 % pairs
    again = rest // pairs
    name = f"{_FIRST[pair % len(_FIRST)]}_{_LAST[pair // len(_FIRST)]}"
    return f"{name}{again + 1}" if again else name
