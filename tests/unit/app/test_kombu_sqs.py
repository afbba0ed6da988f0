"""A receive whose answer never comes ends, and the worker asks again."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.asynchronous import Hub, get_event_loop, set_event_loop
from kombu.asynchronous.http.base import Request

from aws import kombu_sqs


@pytest.fixture
def hub() -> Any:
    before, loop = get_event_loop(), Hub()
    set_event_loop(loop)
    yield loop
    set_event_loop(before)


def test_a_silent_server_is_given_up(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a network that went away in mid-poll looks: connected, and nothing comes."""
    monkeypatch.setattr(kombu_sqs, "RECEIVE_BOUND", 0.3)
    answers: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        request = Request(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        request.then(answers.append)
        kombu_sqs.BoundedClient(hub).add_request(request)
        end = time.monotonic() + 10
        while not answers and time.monotonic() < end:
            hub.run_once()
    assert [a.code for a in answers] == [599]


def test_the_worker_receives_by_it(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kombu_sqs.SQS.Channel, "asynsqs", lambda self, queue: "connection")
    assert Bare(None).asynsqs() == "connection"
    assert isinstance(hub._current_http_client, kombu_sqs.BoundedClient)


class Bare(kombu_sqs.Channel):
    """A channel that was never connected."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __del__(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(("told", "lives"), [({}, True), ({"Messages": []}, True), ([], False)])
def test_a_receive_that_failed_is_no_sign_of_life(
    told: Any, lives: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty answer is one; kombu hands on a failure as an empty list."""
    monkeypatch.setattr(kombu_sqs, "RECEIVED", tmp_path / "received")
    Bare(SimpleNamespace(_callbacks={}))._on_messages_ready("url", "queue", told)
    assert (tmp_path / "received").exists() is lives
