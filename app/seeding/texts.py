"""What the seeded people write: everyday sentences from a grammar of a few hundred words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_SLOTS: dict[str, tuple[str, ...]] = {
    "time": (
        "this morning", "at noon", "before work", "after the rain", "on the way home", "at dawn",
        "late last night", "in the afternoon", "on Sunday", "just now", "while the coffee brewed",
    ),
    "place": (
        "the harbour", "the market", "the old station", "the river", "the garden", "the library",
        "the tower", "the valley", "the corner bakery", "the ferry", "the north beach",
        "the bridge",
        "the kitchen window", "the mountain hut", "the bicycle shop", "platform four",
    ),
    "thing": (
        "a lantern", "a letter", "an umbrella", "a violin", "a map", "a ladder", "a yellow bicycle",
        "a box of oranges", "a paper boat", "a pocket watch", "a silver spoon", "a record player",
        "a ticket from 1974", "a wooden table", "a pair of binoculars", "a notebook",
    ),
    "food": (
        "bread", "lentil soup", "plum cake", "orange marmalade", "fish soup", "pancakes",
        "dumplings",
        "coffee", "green tea", "pickled radish", "tomato salad", "rye bread", "ginger biscuits",
    ),
    "bird": (
        "tern", "heron", "gull", "swift", "kingfisher", "wagtail", "cormorant", "blackbird",
        "crane",
        "sparrow", "owl", "albatross",
    ),
    "adj": (
        "quiet", "bright", "cold", "slow", "golden", "windy", "foggy", "warm", "crowded", "empty",
        "silver", "long", "gentle", "unexpected", "perfect",
    ),
    "who": (
        "my neighbour", "my grandmother", "a stranger", "the postman", "my sister", "an old friend",
        "the ticket inspector", "our teacher", "the baker", "a boy with a kite",
    ),
    "did": (
        "fixed", "found", "lost", "painted", "borrowed", "gave away", "bought", "repaired", "sold",
    ),
    "weather": (
        "rain", "snow", "fog", "wind", "sun", "thunder", "a rainbow", "frost", "a clear sky",
    ),
    "hobby": (
        "knitting", "the violin", "chess", "bread baking", "bird watching", "drawing", "Portuguese",
        "swimming in the lake", "the garden", "repairing radios", "reading the whole encyclopedia",
    ),
    "thought": (
        "Small things.", "Could not stop smiling.", "I should do this more often.",
        "Highly recommended.",
        "Nobody believes me.", "More tomorrow.", "Still thinking about it.", "What a day.",
        "No regrets.", "Summer can come.", "Winter is not so bad.", "Worth the early train.",
    ),
    "n": ("two", "three", "five", "seven", "a dozen", "thirty-one"),
}  # fmt: skip
_SENTENCES = (
    "Saw {n} {bird}s over {place} {time}.",
    "A {bird} sat on {place} and looked at me {time}.",
    "{place} is {adj} {time}. {thought}",
    "{who} {did} {thing} {time}.",
    "{who} told me that {place} was built on {food}. I doubt it.",
    "Made {food} {time}. {thought}",
    "The {food} at {place} is {adj} again.",
    "Does anybody know where to get good {food} near {place}?",
    "First {weather} of the season at {place}.",
    "{weather} all day, so it is {hobby} and {food}.",
    "Day {n} of {hobby}. {thought}",
    "Missed the train, found {thing} at {place}.",
    "Somebody left {thing} at {place}. Is it yours?",
    "Looking for {thing}, can trade {food}.",
    "The window seat, a {adj} morning, {food}. {thought}",
    "Heard a {bird} before I heard the alarm.",
    "{place} in {weather}: {adj} and worth the walk.",
    "Today I learned that a {bird} can sleep while it flies.",
    "Photo of {place} {time}, no filter.",
    "If you are at {place} {time}, say hello.",
    "Reading about {hobby}, understanding half of it. {thought}",
    "Thank you to {who} who {did} {thing} for me.",
    "My bicycle, {place}, {weather}. That is the whole story.",
    "The market had {food}, {thing} and far too many people.",
    "@{handle} you were right about {food}.",
    "Walked to {place} with @{handle} {time}. {thought}",
    "Three words for {place}: {adj}, {adj}, {adj}.",
    "Question for the weekend: {food} or {hobby}?",
)
_HOLE = re.compile(r"\{(\w+)\}")


def text(dice: random.Random, handle: Callable[[], str]) -> str:
    """A sentence, sometimes two; `handle` gives somebody to mention."""

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        return handle() if name == "handle" else dice.choice(_SLOTS[name])

    count = 2 if dice.random() < 0.25 else 1
    parts = [_HOLE.sub(fill, dice.choice(_SENTENCES)) for _ in range(count)]
    return " ".join(part if part[0] == "@" else part[0].upper() + part[1:] for part in parts)
