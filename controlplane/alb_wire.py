"""The ALB loop's two kinds of HTTP: the ALB's own inside door, and health checks of targets.

Health checks run in threads of their own, one at most for a target, so that a target that hangs
delays no other; a check that has not ended by its time-out has failed, whatever it does later.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.alb_health import Check, Target

ADMIN_PORT = 9001
ADMIN_TIMEOUT = 1.0
AGENT = "ELB-HealthChecker/2.0"
PATH = "/healthz"
AWAY = (OSError, ValueError, KeyError, http.client.HTTPException)


@dataclass(frozen=True)
class Listed:
    """The target list as the ALB has it."""

    generation: str
    """another one after each start of nginx, which forgets the list"""
    targets: tuple[Target, ...]


class Admin:
    """The ALB's inside door; every call raises one of AWAY when it does not answer."""

    def __init__(self, ip: str) -> None:
        """Nothing is asked yet."""
        self.ip = ip

    def read(self) -> Listed:
        """The list and the generation it belongs to."""
        return self._listed(self._ask("GET", "/targets"))

    def put(self, targets: Sequence[Target]) -> Listed:
        """Replace the whole list."""
        body = json.dumps({"targets": [t.wire() for t in targets]})
        return self._listed(self._ask("PUT", "/targets", body))

    def inflight(self) -> dict[str, int]:
        """Requests in flight by target id."""
        return {str(k): int(v) for k, v in self._ask("GET", "/inflight").items()}

    @staticmethod
    def _listed(found: dict[str, Any]) -> Listed:
        return Listed(
            str(found["generation"]), tuple(Target.from_wire(t) for t in found["targets"])
        )

    def _ask(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        line = http.client.HTTPConnection(self.ip, ADMIN_PORT, timeout=ADMIN_TIMEOUT)
        try:
            line.request(method, path, body)
            answer = line.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            line.close()
        if answer.status != 200:
            raise ValueError(f"{method} {path} answered {answer.status}: {text[:200].strip()}")
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError(f"{method} {path} answered no object")
        return found


def check(address: str, timeout: float) -> Check:
    """One health check as an ALB makes it: GET on a connection of its own, 200 passes."""
    host, _, port = address.partition(":")
    line = http.client.HTTPConnection(host, int(port), timeout=timeout)
    try:
        line.putrequest("GET", PATH, skip_accept_encoding=True)
        line.putheader("User-Agent", AGENT)
        line.putheader("Connection", "close")
        line.endheaders()
        answer = line.getresponse()
        answer.read()
    except TimeoutError:
        return timed_out(timeout)
    except (OSError, http.client.HTTPException) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Check(False, f"Target.FailedHealthChecks: {words}")
    finally:
        line.close()
    if answer.status != 200:
        return Check(False, f"Target.ResponseCodeMismatch: {answer.status}")
    return Check(True)


def timed_out(timeout: float) -> Check:
    """What a check is worth that did not end in time."""
    return Check(False, f"Target.Timeout: no answer within {timeout:g} s")


@dataclass(frozen=True)
class _Running:
    number: int
    address: str
    deadline: float
    timeout: float


class Checker:
    """Health checks under way; used from one thread."""

    def __init__(
        self,
        probe: Callable[[str, float], Check] = check,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`probe` makes one check of an address within a time-out; `clock` answers seconds."""
        self.probe = probe
        self.clock = clock
        self.made = 0
        self.failed = 0
        self._running: dict[str, _Running] = {}
        self._done: queue.SimpleQueue[tuple[str, int, Check]] = queue.SimpleQueue()

    def busy(self, name: str) -> bool:
        """Whether a check of this target is under way."""
        return name in self._running

    def start(self, name: str, address: str, timeout: float) -> None:
        """Begin a check."""
        self.made += 1
        number = self.made
        self._running[name] = _Running(number, address, self.clock() + timeout, timeout)
        threading.Thread(
            target=lambda: self._done.put((name, number, self._probe(address, timeout))),
            name=f"check-{name}",
            daemon=True,
        ).start()

    def forget(self, name: str) -> None:
        """Whatever its check says no longer counts."""
        self._running.pop(name, None)

    def results(self) -> list[tuple[str, str, Check]]:
        """Name, address and outcome of each check that has ended or run out of time."""
        found = []
        while True:
            try:
                name, number, outcome = self._done.get_nowait()
            except queue.Empty:
                break
            running = self._running.get(name)
            if running is not None and running.number == number:
                found.append((name, running.address, outcome))
        for name, running in self._running.items():
            if self.clock() > running.deadline + 0.1 and not any(f[0] == name for f in found):
                found.append((name, running.address, timed_out(running.timeout)))
        for name, _, outcome in found:
            self._running.pop(name)
            self.failed += not outcome.ok
        return found

    def _probe(self, address: str, timeout: float) -> Check:
        try:
            return self.probe(address, timeout)
        except Exception as error:  # noqa: BLE001 (a thread has nobody to raise to)
            return Check(False, f"Target.FailedHealthChecks: {type(error).__name__}: {error}")
