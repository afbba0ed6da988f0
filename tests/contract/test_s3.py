"""S3: a signature allows just what was signed; without one the bucket's policy decides."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from standin import Answer, Box, Stand, secret, serves

from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

BUCKET = "tenfold-media"
PNG = {"Content-Type": "image/png"}


@dataclass(frozen=True)
class Store:
    """A server with one bucket."""

    box: Box
    keys: Mapping[str, str]

    def client(self, endpoint: str = "", **keys: str) -> Any:
        """With the server's credentials unless others are given; without a retry."""
        return boto3.client(
            "s3",
            endpoint_url=endpoint or f"http://127.0.0.1:{self.box.port(9000)}",
            aws_access_key_id=keys.get("access_key", self.keys["access_key"]),
            aws_secret_access_key=keys.get("secret_key", self.keys["secret_key"]),
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
            ),
        )

    def sign(self, verb: str, key: str, seconds: int = 60, **params: str) -> str:
        """Path and query of a presigned URL, made for the host `s3:9000`."""
        signed = self.client("http://s3:9000").generate_presigned_url(
            verb, Params={"Bucket": BUCKET, "Key": key, **params}, ExpiresIn=seconds
        )
        return str(signed).removeprefix("http://s3:9000")

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        host: str = "s3:9000",
    ) -> Answer:
        """A request by somebody who has no credentials, as if sent to `host`."""
        return self.box.call(9000, method, path, body, {"Host": host, **(headers or {})})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A server; its bucket may be read, not listed, by anybody."""
    mount, keys = secret(tmp_path_factory.mktemp("s3"), "tenfold-s3")
    with Stand("s3") as stand:
        box = stand.run(
            "tenfold/s3:dev",
            service="s3",
            host=12,
            files=mount,
            ports=[9000],
            env={"GOMEMLIMIT": "300MiB", "MINIO_SCANNER_SPEED": "slowest", "HOME": "/tmp"},
            memory="768m",
        )
        serves(box, 9000, "/minio/health/ready")
        made = Store(box, keys)
        made.client().create_bucket(Bucket=BUCKET)
        allow = {
            "Effect": "Allow",
            "Principal": {"AWS": ["*"]},
            "Action": ["s3:GetObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}/public/*"],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        made.client().put_bucket_policy(Bucket=BUCKET, Policy=policy)
        yield made


def name(prefix: str = "public") -> str:
    """A new key."""
    return f"{prefix}/{secrets.token_hex(6)}"


def test_presigned_put_and_get(store: Store) -> None:
    """No credentials but the URL; the object is what was sent, with its type and its tag."""
    key, body = name("private"), secrets.token_bytes(100_000)
    put = store.call("PUT", store.sign("put_object", key, ContentType="image/png"), body, PNG)
    assert put.status == 200, put.text
    got = store.call("GET", store.sign("get_object", key))
    assert (got.status, got.body) == (200, body)
    assert got.headers["content-type"] == "image/png"
    assert got.headers["etag"] == put.headers["etag"]


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/html"}, {}], ids=["another type", "no type"]
)
def test_the_signed_type_is_the_only_one(store: Store, headers: dict[str, str]) -> None:
    """Whoever may upload a picture may not upload a page."""
    key = name()
    signed = store.sign("put_object", key, ContentType="image/png")
    # AWS says 403 in both cases; MinIO 400 where the signed header is missing.
    assert store.call("PUT", signed, b"<script>", headers).status in (400, 403)
    assert store.call("GET", f"/{BUCKET}/{key}").status in (403, 404)


def test_a_signature_is_good_for_one_key_verb_and_host(store: Store) -> None:
    """Changed in any of them, it is refused and nothing is stored."""
    key, other = name(), name()
    signed = store.sign("put_object", key, ContentType="image/png")
    forged = signed[:-1] + ("0" if signed[-1] != "0" else "1")
    tries = [
        store.call("PUT", forged, b"x", PNG),
        store.call("PUT", signed.replace(key, other), b"x", PNG),
        store.call("PUT", signed.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"), b"x", PNG),
        store.call("DELETE", signed, headers=PNG),
        store.call("PUT", signed, b"x", PNG, host="127.0.0.1:8080"),
    ]
    assert [one.status for one in tries] == [403] * len(tries)
    for one in (key, other):
        with pytest.raises(ClientError):
            store.client().head_object(Bucket=BUCKET, Key=one)


def test_a_signature_ends(store: Store) -> None:
    """After its seconds the URL is worth nothing."""
    key = name("private")
    store.client().put_object(Bucket=BUCKET, Key=key, Body=b"x")
    signed = store.sign("get_object", key, seconds=1)
    assert store.call("GET", signed).status == 200
    wait_until("the expiry", lambda: store.call("GET", signed).status == 403, bound=5)


def test_wrong_credentials_are_refused(store: Store) -> None:
    """The right name with another secret."""
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        store.client(secret_key="not the secret").list_buckets()


def test_anybody_may_do_what_the_policy_says(store: Store) -> None:
    """Read what is public; not read the rest, not list, not write, not delete."""
    public, private = name(), name("private")
    for key in (public, private):
        store.client().put_object(Bucket=BUCKET, Key=key, Body=b"x")
    assert store.call("GET", f"/{BUCKET}/{public}").status == 200
    refused = [
        store.call("GET", f"/{BUCKET}/{private}"),
        store.call("GET", f"/{BUCKET}/"),
        store.call("GET", "/"),
        store.call("PUT", f"/{BUCKET}/{public}", b"y"),
        store.call("DELETE", f"/{BUCKET}/{public}"),
    ]
    assert [one.status for one in refused] == [403] * len(refused)
    # Without the right to list, what is missing cannot be told from what is forbidden; on AWS 403.
    assert store.call("GET", f"/{BUCKET}/{name()}").status in (403, 404)


def test_an_object_is_replaced_as_a_whole(store: Store) -> None:
    """Reads after a write see it, at once and for good (S3 is strongly consistent since 2020)."""
    key = name()
    for number in range(20):
        body = f"version {number}".encode()
        store.client().put_object(Bucket=BUCKET, Key=key, Body=body, CacheControl="max-age=60")
        got = store.call("GET", f"/{BUCKET}/{key}")
        assert got.body == body
        assert got.headers["cache-control"] == "max-age=60"


def test_ranges_and_conditions(store: Store) -> None:
    """206 with the part, 304 for the tag one has, 416 beyond the end."""
    key = name()
    tag = store.client().put_object(Bucket=BUCKET, Key=key, Body=b"0123456789")["ETag"]
    path = f"/{BUCKET}/{key}"
    part = store.call("GET", path, headers={"Range": "bytes=2-4"})
    assert (part.status, part.body) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    assert store.call("GET", path, headers={"If-None-Match": tag}).status == 304
    assert store.call("GET", path, headers={"Range": "bytes=20-30"}).status == 416


def test_what_was_stored_survives_a_kill(store: Store) -> None:
    """An acknowledged object is on the disk."""
    key, body = name(), secrets.token_bytes(200_000)
    store.client().put_object(Bucket=BUCKET, Key=key, Body=body)
    store.box.kill()
    store.box.start()
    serves(store.box, 9000, "/minio/health/ready")
    assert store.call("GET", f"/{BUCKET}/{key}").body == body
