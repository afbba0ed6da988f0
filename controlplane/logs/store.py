"""The log store: lines go in by batches, and it knows how far they are."""

from __future__ import annotations

import http.client
import json
from collections import deque
from collections.abc import Iterable
from urllib.parse import urlencode

from controlplane.logs.lines import Record

KEPT = 20_000
"""lines that wait while the store is away; the oldest go first"""
BATCH = 1000
STREAM = "service,instance,role,az"


class Store:
    """One log store, by HTTP."""

    def __init__(self, host: str, port: int = 9428, kept: int = KEPT) -> None:
        """Nothing is sent yet."""
        self._host, self._port = host, port
        self.waiting: deque[Record] = deque(maxlen=kept)
        self.dropped = 0
        self.sent = 0

    def add(self, lines: Iterable[Record]) -> None:
        """Lines to be sent with the next batch."""
        for one in lines:
            self.dropped += len(self.waiting) == self.waiting.maxlen
            self.waiting.append(one)

    def send(self) -> None:
        """Send what waits; raises OSError while the store is away, and keeps it."""
        query = urlencode({"_stream_fields": STREAM, "_time_field": "_time", "_msg_field": "_msg"})
        while self.waiting:
            batch = [self.waiting[n] for n in range(min(BATCH, len(self.waiting)))]
            body = "\n".join(json.dumps(one) for one in batch).encode()
            self._ask("POST", f"/insert/jsonline?{query}", body)
            for _ in batch:
                self.waiting.popleft()
            self.sent += len(batch)

    def last(self) -> dict[str, str]:
        """The time of the last line of each instance; raises OSError while the store is away."""
        ask = urlencode({"query": "_time:1d | stats by (instance) max(_time) as last"})
        told = self._ask("GET", f"/select/logsql/query?{ask}").decode()
        found = (json.loads(line) for line in told.splitlines() if line.strip())
        return {one["instance"]: one["last"] for one in found if one.get("last")}

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        line = http.client.HTTPConnection(self._host, self._port, timeout=5)
        try:
            line.request(method, path, body)
            answer = line.getresponse()
            told = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"the log store answers nothing sensible: {error}") from error
        finally:
            line.close()
        if answer.status >= 300:
            raise OSError(f"the log store answers {answer.status}: {told[:200]!r}")
        return told
