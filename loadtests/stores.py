"""What the real stores hold of the ledger's effects: the database, the inbox, the object store.

The only place outside the app that knows its tables. Each look answers effect -> marker -> times
seen; an effect nobody asks for is not looked for.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from tenfold import sqs

Found = dict[str, dict[str, int]]

QUERIES: dict[str, str] = {
    "post": "SELECT text, count(*) FROM posts_post WHERE text = ANY(%s) GROUP BY text",
    # Posts from before the run, which a drill that destroys data enters.
    "kept": "SELECT id::text, count(*) FROM posts_post WHERE id::text = ANY(%s) GROUP BY 1",
    "like": """
        SELECT l.post_id::text || ':' || a.handle, count(*)
        FROM posts_like l JOIN accounts_account a ON a.id = l.account_id
        WHERE l.post_id::text || ':' || a.handle = ANY(%s) GROUP BY 1""",
    "follow": """
        SELECT a.handle || ':' || b.handle, count(*)
        FROM timeline_follow f
        JOIN accounts_account a ON a.id = f.follower_id
        JOIN accounts_account b ON b.id = f.followed_id
        WHERE a.handle || ':' || b.handle = ANY(%s) GROUP BY 1""",
    "account": "SELECT handle, count(*) FROM accounts_account WHERE handle = ANY(%s) GROUP BY 1",
    "report": """
        SELECT id::text, count(*) FROM reports_report
        WHERE id::text = ANY(%s) AND status = 'ready' GROUP BY 1""",
    "thumbnail": """
        SELECT id::text, count(*) FROM media_media
        WHERE id::text = ANY(%s) AND status = 'ready' GROUP BY 1""",
}
OUTBOX = "SELECT count(*) FROM aws_outbox WHERE sent_at IS NULL"


@dataclass
class Stores:
    """Where to look."""

    database: str
    secret: Path
    inbox: str
    queue: str
    arrived: dict[str, float] = field(default_factory=dict)
    """when each welcome mail that was looked for came, unix time, by the handle"""

    def look(self, wanted: Mapping[str, Mapping[str, str]]) -> Found:
        """All effects that are wanted, as the stores hold them now."""
        found: Found = {}
        with self._connect() as connection:
            for effect, query in QUERIES.items():
                if markers := list(wanted.get(effect, ())):
                    rows = connection.execute(query, (markers,)).fetchall()
                    found[effect] = {str(marker): int(times) for marker, times in rows}
        if wanted.get("mail") or wanted.get("digest"):
            found |= self.mails(wanted.get("mail", ()), wanted.get("digest", ()))
        return found

    def pending(self) -> int:
        """Jobs that may still have an effect: unsent outbox rows, and messages in the queue."""
        with self._connect() as connection:
            row = connection.execute(OUTBOX).fetchone()
        return int(row[0] if row else 0) + self._queued()

    def _queued(self) -> int:
        if not self.queue:
            return 0
        ask = urllib.request.Request(self.queue, sqs.request().encode(), sqs.HEADERS)
        with urllib.request.urlopen(ask, timeout=5) as got:
            return sqs.Depth.of(json.load(got)["Attributes"]).total

    def mails(self, handles: Iterable[str], digests: Iterable[str]) -> Found:
        """Welcomes by the handle in their recipient's address, digests as `PERIOD:HANDLE`.

        What a mail is, and of which period, its Message-ID tells: `<digest.PERIOD.ACCOUNT@…>`.
        """
        with urllib.request.urlopen(f"{self.inbox}/api/email", timeout=20) as got:
            mails = json.load(got)
        wanted = {"mail": set(handles), "digest": set(digests)}
        counted: dict[str, Counter[str]] = {"mail": Counter(), "digest": Counter()}
        for mail in mails:
            occasion = str(mail.get("headers", {}).get("message-id", "")).strip("<>").split(".")
            for to in mail.get("to", []):
                name = str(to.get("address", "")).partition("@")[0]
                if occasion[0] == "welcome" and name in wanted["mail"]:
                    counted["mail"][name] += 1
                    self.arrived[name] = datetime.fromisoformat(str(mail["time"])).timestamp()
                elif occasion[0] == "digest" and f"{occasion[1]}:{name}" in wanted["digest"]:
                    counted["digest"][f"{occasion[1]}:{name}"] += 1
        return {effect: dict(found) for effect, found in counted.items()}

    def _connect(self) -> psycopg.Connection[Any]:
        told = json.loads(self.secret.read_text())
        return psycopg.connect(
            self.database,
            user=told["username"],
            password=told["password"],
            connect_timeout=3,
            autocommit=True,
            options="-c statement_timeout=20000",
        )
