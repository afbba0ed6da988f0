"""Which digests the probe's accounts must get: what they did, period by period.

They follow each other and write all the time. For each period in which somebody one follows has
written (well inside of it, so that clocks do not matter) a mail is due: a promise of the product,
put into the ledger when the probe ends, and looked for in the inbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

MONDAY = 4 * 86_400
"""periods are counted from a Monday, as the product does (app/aws/schedules.py)"""
INSIDE_SECONDS = 2.0
LEAST = 2


def period_of(at: float, seconds: float) -> int:
    """The number of the period of a moment, seconds since the epoch."""
    return int((at - MONDAY) // seconds)


def due(
    writes: Iterable[tuple[float, str]], accounts: Sequence[str], seconds: float, until: float
) -> list[tuple[float, int, str]]:
    """(when, period, account) of every mail due, of periods that ended before `until`.

    `writes` are the acknowledged ones: when and by whom. Each account follows all the others.
    """
    wrote: dict[int, Counter[str]] = {}
    for at, account in writes:
        into = (at - MONDAY) % seconds
        if INSIDE_SECONDS <= into <= seconds - INSIDE_SECONDS:
            wrote.setdefault(period_of(at, seconds), Counter())[account] += 1
    found = []
    for period, counted in sorted(wrote.items()):
        end = MONDAY + (period + 1) * seconds
        busy = {account for account, n in counted.items() if n >= LEAST}
        if end < until:
            found += [(end, period, one) for one in accounts if busy - {one}]
    return found
