"""Signatures and SQS messages, held against the libraries they stand in for."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from celery import Celery
from kombu.transport.SQS import Channel

from aws import objectstore, sqs
from aws.sigv4 import Credentials, Scope, presign, sign
from aws.wire import Endpoint

WHEN = datetime(2026, 11, 25, 3, 28, 15, tzinfo=UTC)
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore signs with the same moment."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: WHEN, raising=False)


def boto() -> BotoCredentials:
    return BotoCredentials(KEYS.access_key, KEYS.secret_key)


@pytest.mark.usefixtures("frozen")
def test_a_request_is_signed_as_botocore_does() -> None:
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "AmazonSQS.SendMessage",
    }
    body = b'{"a": 1}'
    request = AWSRequest("POST", "http://sqs:9324/", headers=headers, data=body)
    SigV4Auth(boto(), "sqs", "us-east-1").add_auth(request)
    ours = sign(KEYS, Scope("sqs"), "POST", "/", {}, {"host": "sqs:9324", **headers}, body, WHEN)
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("path", ["/bucket/a/b.png", "/bucket/a%20b/%C3%A9~-_.png"])
def test_an_upload_is_signed_as_botocore_does(path: str) -> None:
    headers = {"content-type": "image/png", "content-length": "5"}
    request = AWSRequest("PUT", f"http://s3:9000{path}", headers=headers)
    S3SigV4QueryAuth(boto(), "s3", "us-east-1", expires=600).add_auth(request)
    ours = presign(KEYS, Scope("s3"), "PUT", path, {"host": "s3:9000", **headers}, 600, WHEN)
    theirs = dict(parse_qsl(request.url.partition("?")[2]))
    assert dict(parse_qsl(ours)) == theirs


def test_an_upload_goes_through_the_sites_own_address() -> None:
    bucket = objectstore.S3Bucket(
        Endpoint("http://s3:9000", Scope("s3"), KEYS), "media", "/upload/"
    )
    url, headers = bucket.presign_put("ab/c d.png", "image/png", 12)
    assert url.startswith("/upload/media/ab/c%20d.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost" in url
    assert headers == {"Content-Type": "image/png"}


def test_the_relays_messages_are_celerys() -> None:
    """Kombu unpacks the envelope, Celery's worker would find the task and its arguments."""
    body = sqs.Message("3f0c", "media.thumbnail", {"id": 7}).envelope("tenfold-tasks")
    channel: Any = object.__new__(Channel)
    text = channel._decode_python_message_body(body).decode()
    payload = channel._prepare_json_payload(text)
    app = Celery(set_as_current=False)
    theirs = app.amqp.as_task_v2("3f0c", sqs.TASK, kwargs={})
    assert set(payload["headers"]) <= set(theirs.headers) | {"origin"}
    assert payload["headers"]["task"] == sqs.TASK
    assert payload["headers"]["id"] == payload["properties"]["correlation_id"] == "3f0c"
    args, kwargs, embed = json.loads(base64.b64decode(payload["body"]))
    assert args == []
    assert kwargs == {"task": "media.thumbnail", "payload": {"id": 7}, "effect_id": "3f0c"}
    assert set(embed) == set(theirs.body[2])


def test_batches_keep_the_order_and_the_limits() -> None:
    bodies = [(str(n), "x" * 60_000) for n in range(7)]
    batches = sqs._batches(bodies)
    assert [one for batch in batches for one in batch] == bodies
    assert all(sum(len(body) for _, body in batch) <= sqs.BATCH_BYTES for batch in batches)
    small = sqs._batches([(str(n), "x") for n in range(23)])
    assert [len(batch) for batch in small] == [10, 10, 3]
