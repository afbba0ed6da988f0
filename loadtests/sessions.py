"""Database sessions that one context holds: a runaway query, a lock that is never given back.

Each runs its SQL with the app's own credentials, again and again until SIGTERM, and gives its
application's name, so that it can be told from the others. How many are under way is told in
traffic.json, as of all special traffic: {at, sent, answers}.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import psycopg


def main() -> None:
    """Run until SIGTERM."""
    given = _arguments()
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    answers: Counter[str] = Counter()
    under_way: list[psycopg.Connection] = []
    for _ in range(given.sessions):
        threading.Thread(
            target=_session, args=(given, stopping, answers, under_way), daemon=True
        ).start()
    path = Path(given.out, "traffic.json")
    while not stopping.wait(0.5):
        fresh = path.with_suffix(".new")
        told = {"at": time.time(), "sent": len(under_way), "answers": answers}
        fresh.write_text(json.dumps(told))
        fresh.replace(path)
    for connection in under_way:
        connection.cancel()


def _session(
    given: argparse.Namespace,
    stopping: threading.Event,
    answers: Counter[str],
    under_way: list[psycopg.Connection],
) -> None:
    """One session; what ends it (the operator, a failover) is counted, and it begins again."""
    while not stopping.is_set():
        try:
            secret = json.loads(Path(given.secret).read_text())
            with psycopg.connect(
                given.database,
                user=secret["username"],
                password=secret["password"],
                application_name=given.application,
                connect_timeout=3,
            ) as connection:
                under_way.append(connection)
                try:
                    connection.execute(given.sql)
                    # A lock is kept until the transaction ends.
                    stopping.wait(given.keep)
                finally:
                    under_way.remove(connection)
        except (psycopg.Error, OSError, ValueError) as error:
            answers[type(error).__name__] += 1
            stopping.wait(0.5)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="", help="not used: sessions do not ask the site")
    parser.add_argument("--out", default="/results")
    parser.add_argument("--database", default="postgresql://rds:5432/tenfold")
    parser.add_argument("--secret", default="/run/secrets/tenfold-rds")
    parser.add_argument("--application", required=True)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--keep", type=float, default=0, help="seconds in the transaction after it")
    parser.add_argument("--sql", required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
