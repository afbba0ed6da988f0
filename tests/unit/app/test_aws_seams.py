"""Secrets, cache, limits, idempotency, the relay, the router: what they do when things are away."""

from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache as django_cache
from django.db import OperationalError, transaction

from aws import (
    cache,
    dbrouter,
    effects,
    idempotency,
    limits,
    outbox,
    relay,
    secrets,
    seen,
    sessions,
    telemetry,
)
from aws.management.commands import release
from aws.sigv4 import Credentials, Scope
from aws.wire import Endpoint, Refused, Unreachable
from config import env
from config.problems import Problem

GOOD = {
    "SECRETS_URL": "file:///run/secrets",
    "DATABASE_URL": "postgresql://rds:5432/tenfold",
    "MAIL_URL": "smtp://inbox:1025",
}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"SECRETS_URL": ""}, "SECRETS_URL is not set"),
        ({"DATABASE_URL": "mysql://rds"}, "DATABASE_URL='mysql://rds' is no postgresql"),
        ({"REPLICA_URLS": "postgresql://a, redis://b"}, "REPLICA_URLS"),
        ({"SESSION_STORE": "cache"}, "needs CACHE_URL"),
        ({"SESSION_STORE": "files"}, "one of signed_cookies"),
        ({"WEB_THREADS": "0"}, "WEB_THREADS='0' is not a number from 1 on"),
        ({"ACKS_EARLY": "yes"}, "ACKS_EARLY='yes' is not 0 or 1"),
    ],
)
def test_a_wrong_environment_is_told_in_one_line(wrong: dict[str, str], says: str) -> None:
    with pytest.raises(env.EnvironmentInvalid) as told:
        env.read({**GOOD, **wrong})
    assert says in str(told.value)
    assert "\n" not in str(told.value)


# -- secrets --


def test_secrets_from_files_are_read_once_and_again_when_asked(tmp_path: Path) -> None:
    (tmp_path / "tenfold-rds").write_text('{"password": "one"}')
    store = secrets.open_store(f"file://{tmp_path}")
    assert store.get("tenfold/rds") == {"password": "one"}
    (tmp_path / "tenfold-rds").write_text('{"password": "two"}')
    assert store.get("tenfold/rds") == {"password": "one"}
    assert store.get("tenfold/rds", fresh=True) == {"password": "two"}


@pytest.mark.parametrize("content", [None, "", "[]", "no json"])
def test_a_secret_that_cannot_be_had_ends_the_start(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "tenfold-rds").write_text(content)
    with pytest.raises(SystemExit) as ended:
        secrets.get_or_exit(secrets.open_store(f"file://{tmp_path}"), "tenfold/rds")
    assert ended.value.code == 78
    said = capsys.readouterr().err
    assert said.startswith("tenfold: no secret tenfold/rds")
    assert said.count("\n") == 1


class Service(BaseHTTPRequestHandler):
    """Answers what the test has prepared."""

    answers: list[tuple[int, dict[str, Any]]] = []
    asked: list[tuple[str, dict[str, Any]]] = []
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.headers["X-Amz-Target"], json.loads(body)))
        status, told = self.answers.pop(0)
        out = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def service() -> Any:
    Service.answers, Service.asked = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    host, port = server.server_address[:2]
    endpoint = Endpoint(f"http://{host!s}:{port}", Scope("secretsmanager"), Credentials("a", "b"))
    yield endpoint
    endpoint.close()
    server.shutdown()
    server.server_close()


def test_secrets_manager_is_waited_for(service: Endpoint) -> None:
    Service.answers = [(500, {}), (200, {"SecretString": '{"password": "x"}'})]
    slept: list[float] = []
    store = secrets.Managed(service, sleep=slept.append)
    assert store.get("tenfold/rds") == store.get("tenfold/rds") == {"password": "x"}
    assert len(slept) == 1
    assert Service.asked == [("secretsmanager.GetSecretValue", {"SecretId": "tenfold/rds"})] * 2


def test_secrets_manager_is_not_waited_for_for_ever() -> None:
    nobody = Endpoint("http://127.0.0.1:9", Scope("secretsmanager"), Credentials("a", "b"))
    clock = iter([0.0, 1.0, 99.0])
    store = secrets.Managed(nobody, bound=5, sleep=lambda _: None, clock=lambda: next(clock))
    with pytest.raises(secrets.SecretUnavailable, match="tenfold/rds from http://127.0.0.1:9"):
        store.get("tenfold/rds")


def test_a_refusal_has_its_code(service: Endpoint) -> None:
    Service.answers = [(400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"})]
    with pytest.raises(Refused) as told:
        service.call("AmazonSQS.SendMessage", {})
    assert told.value.code == "QueueDoesNotExist"


# -- cache, sessions, limits --


class Gone:
    """A cache whose node is dead."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            self.asked += 1
            raise ConnectionError("no route")

        return call

    def __contains__(self, key: str) -> bool:
        raise ConnectionError("no route")


@pytest.fixture
def circuit(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(cache, "circuit", cache.Circuit(lambda: now[0]))
    django_cache.clear()
    return now


def test_cached_says_hit_and_miss(circuit: list[float]) -> None:
    used = seen.begin()
    assert cache.cached("k", 60, lambda: None) is None
    assert used.cache == "miss"
    used = seen.begin()
    assert cache.cached("k", 60, lambda: 1 / 0) is None
    assert used.cache == "hit"
    cache.forget("k")
    assert cache.cached("k", 60, lambda: 5) == 5


def test_a_dead_cache_is_left_alone_for_a_while(
    circuit: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Gone()
    monkeypatch.setattr(cache, "cache", gone)
    used = seen.begin()
    assert [cache.cached("k", 60, lambda: 7) for _ in range(3)] == [7, 7, 7]
    assert (used.cache, gone.asked) == ("away", 1)
    circuit[0] += cache.AWAY_SECONDS + 0.1
    assert cache.cached("k", 60, lambda: 7) == 7
    assert gone.asked == 2


def test_a_bug_is_no_outage(circuit: list[float]) -> None:
    with pytest.raises(ZeroDivisionError):
        cache.cached("k", 60, lambda: 1 // 0)


def test_without_the_cache_people_are_logged_out_and_nothing_breaks(circuit: list[float]) -> None:
    store: Any = sessions.SessionStore("a" * 32)
    store._cache = Gone()
    assert store.get("account") is None
    assert store.session_key == "a" * 32, "the cookie is kept"
    assert not store.is_empty()
    store["x"] = 1
    store.save()
    store.delete()
    fresh: SessionBase = sessions.SessionStore()
    with pytest.raises(Problem) as told:
        fresh.create()
    assert told.value.status == 503


def test_limits_count_and_let_all_pass_without_the_cache(circuit: list[float]) -> None:
    who = uuid.uuid4().hex
    assert [limits.allow("posts", who, 2) for _ in range(3)] == [True, True, False]
    with pytest.raises(Problem) as told:
        limits.require("posts", who, 2)
    assert told.value.status == 429
    cache.circuit.failed(ConnectionError("gone"))
    assert limits.allow("posts", who, 2)


# -- idempotency, outbox, relay --


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space", "é" * 10, "abcdefgh\n"])
def test_bad_keys(key: str) -> None:
    with pytest.raises(Problem) as told:
        idempotency.check_key(key)
    assert told.value.status == 400


def test_requests_are_told_apart() -> None:
    one = uuid.uuid4()
    assert idempotency.request_hash("a", [one]) == idempotency.request_hash("a", [str(one)])
    assert idempotency.request_hash("a", "b") != idempotency.request_hash("ab", "")


def test_an_effect_needs_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError, match="transaction"):
        outbox.emit("media.thumbnail", {})


def test_two_effects_of_one_name_are_a_mistake() -> None:
    effects.effect("test.same")(lambda payload, effect_id: None)
    with pytest.raises(ValueError, match=r"test\.same"):
        effects.effect("test.same")(lambda payload, effect_id: None)


def test_an_effect_that_fails_comes_again_later_and_not_for_ever() -> None:
    tried: list[str] = []

    def fails(payload: dict[str, Any], effect_id: str) -> None:
        tried.append(effect_id)
        raise RuntimeError("no")

    name = f"test.{uuid.uuid4().hex}"
    effects.effect(name)(fails)
    now = [0.0]
    run = relay.RunNow(lambda: now[0])
    rows = [(uuid.uuid4(), name, {"n": 1})]
    assert list(run(rows)) == []
    assert list(run(rows)) == []
    assert len(tried) == 1, "not at once"
    for _ in range(relay.TRIES):
        now[0] += 60
        if run(rows):
            break
    assert len(tried) == relay.TRIES


# -- routing --


def test_a_replica_that_goes_away_is_replaced_by_the_primary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone: list[str] = []
    monkeypatch.setattr(dbrouter, "replica", lambda *, analytics: "replica0")
    monkeypatch.setattr(dbrouter, "failed", lambda alias, error: gone.append(alias))
    calls: list[bool] = []

    def read() -> str:
        calls.append(dbrouter._asked.get())
        if dbrouter._asked.get():
            raise OperationalError("cut")
        return "rows"

    assert dbrouter.on_replica(read) == "rows"
    assert calls == [True, False]
    assert gone == ["replica0"]


def test_a_query_that_takes_too_long_is_not_repeated_on_the_primary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dbrouter, "replica", lambda *, analytics: "replica0")
    calls: list[bool] = []

    def read() -> str:
        calls.append(dbrouter._asked.get())
        raise OperationalError("statement timeout") from psycopg.errors.QueryCanceled()

    with pytest.raises(OperationalError):
        dbrouter.on_replica(read)
    assert calls == [True]


def test_product_reads_stay_on_the_primary() -> None:
    from analytics.models import Event
    from aws.models import Outbox

    router = dbrouter.Router()
    assert router.db_for_read(Outbox) == "default"
    assert router.db_for_write(Event) == "default"
    assert router.db_for_read(Event) == "default", "no replica is configured here"
    assert not router.allow_migrate("replica0", "posts")


# -- release --


@pytest.mark.parametrize(
    ("key", "kind", "kept"),
    [
        ("css/site.0123456789ab.css", "text/css; charset=utf-8", release.FOREVER),
        ("css/site.css", "text/css; charset=utf-8", release.PLAIN),
        ("pages/landing.html", "text/html; charset=utf-8", "public, max-age=6"),
        ("img/tern.svg", "image/svg+xml; charset=utf-8", release.PLAIN),
    ],
)
def test_static_files_headers(key: str, kind: str, kept: str) -> None:
    assert release.content_type(key) == kind
    assert release.cache_control(key, 6) == kept


def test_unreachable_is_an_os_error() -> None:
    assert issubclass(Unreachable, OSError)


def test_the_parts_of_a_request_are_all_of_its_time() -> None:
    used = seen.begin()
    used.database_answered("primary", 0.020)
    used.waited(0.005)
    used.cache_seconds = 0.002
    found = telemetry.parts(0.050, used)
    assert found == pytest.approx(
        {"app": 0.023, "database": 0.020, "connection": 0.005, "cache": 0.002}
    )
    assert used.db_seconds == pytest.approx(0.025)
