"""Settling: the ledger of a run, read back against the real stores once the system has recovered.

Asynchronous effects get their time: it waits until everything acknowledged is there, or until
nothing is under way any more and still nothing came for a visibility timeout, or until the bound.
Nothing under way means an empty outbox and an empty queue, in flight included: then no redelivery
can double an effect later. Writes settle.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import psycopg

from loadtests.stores import Stores
from tenfold import ledger
from tenfold.wait import WaitTimeout, wait_until


def main() -> None:
    """Settle and write."""
    given = _arguments()
    results = Path(given.results)
    writes = list(ledger.read(*sorted(results.glob("ledger-*.jsonl"))))
    wanted = ledger.expected(writes)
    stores = Stores(given.database, Path(given.secret), given.inbox, given.queue)
    begun = time.monotonic()
    quiet_since = [begun]

    def settled() -> bool:
        gone = ledger.missing(wanted, stores.look(wanted))
        pending = stores.pending()
        if pending:
            quiet_since[0] = time.monotonic()
        if not gone:
            return pending == 0
        return time.monotonic() - quiet_since[0] > given.quiet

    ended = "settled"
    try:
        wait_until(
            "the acknowledged effects",
            settled,
            given.bound,
            every=1,
            tolerate=(psycopg.Error, OSError, ValueError),
        )
    except WaitTimeout as error:
        ended = str(error)
    tallies = ledger.tally(wanted, stores.look(wanted), ledger.asked_at(writes))
    asked = ledger.asked_at(writes)
    for one in tallies:
        if one.effect == "mail":
            waits = [
                stores.arrived[m] - asked["mail"][m] for m in wanted["mail"] if m in stores.arrived
            ]
            one.slowest_s = round(max(waits, default=0.0), 1)
    told = {
        "tallies": [t.as_dict() for t in tallies],
        "seconds": round(time.monotonic() - begun, 1),
        "ended": ended,
    }
    (results / "settle.json").write_text(json.dumps(told, indent=2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", default="/results")
    parser.add_argument("--database", default="postgresql://rds:5432/tenfold")
    parser.add_argument("--secret", default="/run/secrets/tenfold-rds")
    parser.add_argument("--inbox", default="http://inbox:1080")
    parser.add_argument("--queue", default="", help="SQS, http://sqs:9324")
    parser.add_argument("--bound", type=float, default=90)
    parser.add_argument(
        "--quiet", type=float, required=True, help="seconds; longer than the visibility timeout"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
