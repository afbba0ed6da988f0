"""An origin that answers what a test told it and counts what it was asked.

Runs in a container by itself (standard library only): port 8000 is the origin, port 8001 takes
objects (`PUT /path` with {status, headers, body, delay}) and tells what was seen (`GET /path`).
What nobody has put is answered as KIND says: `s3` with S3's XML and 404, `alb` with an echo.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

XML = "<Error><Code>NoSuchKey</Code><BucketName>tenfold-static</BucketName></Error>"
objects: dict[str, dict[str, Any]] = {}
seen: dict[str, list[dict[str, Any]]] = {}


class Server(ThreadingHTTPServer):
    """With room for a burst."""

    request_queue_size = 256
    daemon_threads = True


class Origin(BaseHTTPRequestHandler):
    """Port 8000."""

    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        """Any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = {"method": self.command, "query": query, "headers": headers, "body": body.decode()}
        seen.setdefault(path, []).append(asked)
        told = objects.get(path) or default(asked)
        time.sleep(told.get("delay", 0))
        data = told.get("body", "").encode()
        answer = {"ETag": f'"{hashlib.sha256(data).hexdigest()[:16]}"', **told.get("headers", {})}
        status = told.get("status", 200)
        if status == 200 and headers.get("if-none-match") == answer["ETag"]:
            status, data = 304, b""
        self.send_response(status)
        for name, value in answer.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_one

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Control(BaseHTTPRequestHandler):
    """Port 8001."""

    def do_PUT(self) -> None:
        """Take an object."""
        size = int(self.headers.get("Content-Length") or 0)
        objects[self.path] = json.loads(self.rfile.read(size))
        self._send(b"{}")

    def do_GET(self) -> None:
        """Tell the requests of a path."""
        self._send(json.dumps(seen.get(self.path, [])).encode())

    def _send(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def default(asked: dict[str, Any]) -> dict[str, Any]:
    """What is said about a path that nobody has put."""
    if os.environ.get("KIND") == "s3":
        return {"status": 404, "body": XML, "headers": {"Content-Type": "application/xml"}}
    headers = {"Content-Type": "application/json", "X-Served-By": "web-1"}
    return {"body": json.dumps(asked), "headers": headers}


if __name__ == "__main__":
    threading.Thread(target=Server(("", 8001), Control).serve_forever, daemon=True).start()
    Server(("", 8000), Origin).serve_forever()
