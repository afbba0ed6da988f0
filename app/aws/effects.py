"""Effects: what happens after a write, elsewhere. Contexts register them in their `tasks` module.

An effect may come more than once (SQS delivers at least once): make it idempotent, with `once`
or by what it does. It must be done well within the queue's visibility timeout (10 s at drill
pace). A plain exception makes the queue deliver it again, up to its maxReceiveCount.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

Effect = Callable[[dict[str, Any], str], None]
_effects: dict[str, Effect] = {}


class UnknownEffect(Exception):
    """No installed context has registered an effect of this name."""


def effect(task: str) -> Callable[[Effect], Effect]:
    """Register `function(payload, effect_id)` under a name such as `media.thumbnail`."""

    def register(function: Effect) -> Effect:
        if _effects.get(task, function) is not function:
            raise ValueError(f"two effects are called {task!r}")
        _effects[task] = function
        return function

    return register


def run(task: str, payload: dict[str, Any], effect_id: str) -> None:
    """Do an effect; raises UnknownEffect, or whatever it raises."""
    load()
    try:
        function = _effects[task]
    except KeyError:
        raise UnknownEffect(task) from None
    function(payload, effect_id)


@cache
def load() -> None:
    """Import every installed context's `tasks` module; only who does effects needs them."""
    from django.utils.module_loading import autodiscover_modules

    autodiscover_modules("tasks")


def known() -> list[str]:
    """All registered names."""
    return sorted(_effects)
