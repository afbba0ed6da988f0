"""S3: media is put and read here, browsers upload by presigned URLs, static files are named here.

Without S3_ENDPOINT (one box) the same calls work on the local disk.
"""

from __future__ import annotations

import contextlib
import errno
import json
import mimetypes
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import quote

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

from aws.sigv4 import Credentials, Scope, presign
from aws.wire import Answer, Endpoint, Unreachable

UPLOAD_SECONDS = 600
"""how long an upload's URL is good for"""
CHUNK = 65536
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif"}
"""how a file on the local disk tells its type to whoever serves it"""


class NotFound(Exception):
    """There is no such object."""


class Refused(Exception):
    """An upload that nobody was given a ticket for; the text says what is wrong with it."""


@dataclass(frozen=True)
class Head:
    """What is known of an object without reading it."""

    size: int
    """bytes"""
    content_type: str
    etag: str
    cache_control: str = ""


class Bucket(Protocol):
    """Objects by their keys."""

    def presign_put(self, key: str, content_type: str, size: int) -> tuple[str, dict[str, str]]:
        """See the function of this name."""
        ...

    def get(self, key: str) -> bytes:
        """See the function of this name."""
        ...

    def put(self, key: str, data: bytes, content_type: str, cache_control: str = "") -> None:
        """See the function of this name."""
        ...

    def head(self, key: str) -> Head | None:
        """See the function of this name."""
        ...

    def delete(self, key: str) -> None:
        """See the function of this name."""
        ...


class S3Bucket:
    """A bucket behind S3's API."""

    def __init__(self, endpoint: Endpoint, name: str, upload_url: str) -> None:
        """`upload_url` is the site's path that CloudFront passes on to S3."""
        self._endpoint = endpoint
        self._name = name
        self._upload_url = upload_url

    def presign_put(self, key: str, content_type: str, size: int) -> tuple[str, dict[str, str]]:
        """Signed for S3's own host, which CloudFront sets; length and type are signed as well."""
        path = self._path(key)
        headers = {
            "host": self._endpoint.host,
            "content-length": str(size),
            "content-type": content_type,
        }
        query = presign(
            self._endpoint.credentials, self._endpoint.scope, "PUT", path, headers, UPLOAD_SECONDS
        )
        # Content-Length is every client's own to send; a browser's script may not even set it.
        return f"{self._upload_url.rstrip('/')}{path}?{query}", {"Content-Type": content_type}

    def get(self, key: str) -> bytes:
        """GetObject."""
        got = self._ask("GET", key)
        if got.status == 404:
            raise NotFound(key)
        return self._good(got, "GET", key).body

    def put(self, key: str, data: bytes, content_type: str, cache_control: str = "") -> None:
        """PutObject."""
        headers = {"content-type": content_type}
        if cache_control:
            headers["cache-control"] = cache_control
        self._good(self._ask("PUT", key, headers, data), "PUT", key)

    def head(self, key: str) -> Head | None:
        """HeadObject."""
        got = self._ask("HEAD", key)
        if got.status == 404:
            return None
        told = self._good(got, "HEAD", key).headers
        return Head(
            int(told.get("content-length", "0")),
            told.get("content-type", ""),
            told.get("etag", "").strip('"'),
            told.get("cache-control", ""),
        )

    def delete(self, key: str) -> None:
        """DeleteObject."""
        got = self._ask("DELETE", key)
        if got.status != 404:
            self._good(got, "DELETE", key)

    def create_public(self) -> None:
        """Make the bucket if it is not there; anybody may read its objects, nobody list them."""
        got = self._endpoint.request("PUT", f"/{self._name}")
        if got.status != 409:  # BucketAlreadyOwnedByYou
            self._good(got, "PUT", "")
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": ["*"]},
                    "Action": ["s3:GetObject"],
                    "Resource": [f"arn:aws:s3:::{self._name}/*"],
                }
            ],
        }
        body = json.dumps(policy).encode()
        got = self._endpoint.request("PUT", f"/{self._name}", query={"policy": ""}, body=body)
        self._good(got, "PUT policy", "")

    def ping(self) -> None:
        """Raises Unreachable unless the bucket answers."""
        self._good(self._endpoint.request("HEAD", f"/{self._name}"), "HEAD", "")

    def _path(self, key: str) -> str:
        return f"/{self._name}/{quote(key, safe='/-_.~')}"

    def _ask(
        self, method: str, key: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        return self._endpoint.request(method, self._path(key), headers=headers, body=body)

    def _good(self, got: Answer, method: str, key: str) -> Answer:
        if got.status >= 300:
            said = got.body[:200].decode(errors="replace")
            raise Unreachable(f"S3 {method} {self._name}/{key}: {got.status} {said}")
        return got


class LocalBucket:
    """A folder on the local disk; the app itself takes the uploads, the box's nginx serves them.

    nginx knows a file's type by the end of its name, so a key without one gets it on the disk.
    """

    def __init__(self, folder: Path, upload_url: str) -> None:
        """The folder is made when something is put there."""
        self._folder = folder
        self._upload_url = upload_url

    def presign_put(self, key: str, content_type: str, size: int) -> tuple[str, dict[str, str]]:
        """A path whose ticket Django signs: key, type and size are in it."""
        ticket = _signer().sign(f"{key}|{content_type}|{size}")
        url = f"{self._upload_url.rstrip('/')}/{quote(key)}?ticket={quote(ticket, safe='')}"
        return url, {"Content-Type": content_type}

    def receive(
        self, key: str, ticket: str, content_type: str, size: int, read: Callable[[int], bytes]
    ) -> None:
        """Take an upload that `presign_put` allowed, chunk by chunk; raises Refused.

        `size` is what the client says it sends, in bytes; `read` takes the next of them.
        """
        from django.core.signing import BadSignature, SignatureExpired

        try:
            allowed = _signer().unsign(ticket, max_age=UPLOAD_SECONDS)
        except SignatureExpired:
            raise Refused("The upload's URL has expired: ask for another one.") from None
        except BadSignature:
            raise Refused("The upload's URL was not made here.") from None
        if allowed != f"{key}|{content_type}|{size}":
            raise Refused("The upload's URL is for another name, type or size.")
        with self._replacing(key, content_type) as file:
            left = size
            while left and (chunk := read(min(CHUNK, left))):
                file.write(chunk)
                left -= len(chunk)
            if left:
                raise Refused(f"The upload ended {left} bytes early.")

    def get(self, key: str) -> bytes:
        """Read the file."""
        return self._there(key).read_bytes()

    def put(self, key: str, data: bytes, content_type: str, cache_control: str = "") -> None:
        """Written beside and moved into place."""
        with self._replacing(key, content_type) as file:
            file.write(data)

    def head(self, key: str) -> Head | None:
        """Size and the type its name suggests."""
        try:
            path = self._there(key)
            told = path.stat()
        except (NotFound, FileNotFoundError):
            return None
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return Head(told.st_size, kind, f"{told.st_mtime_ns:x}")

    def delete(self, key: str) -> None:
        """Remove the file."""
        with contextlib.suppress(NotFound):
            self._there(key).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _replacing(self, key: str, content_type: str) -> Iterator[BinaryIO]:
        """A file that takes the key's place when all of it is written, and is gone otherwise."""
        target = self._path(key)
        if not target.suffix:
            target = target.with_name(target.name + SUFFIXES.get(content_type, ""))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
            Path(part).chmod(0o644)
            Path(part).replace(target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise

    def _there(self, key: str) -> Path:
        """The file of a key; raises NotFound."""
        path = self._path(key)
        for end in ("", *SUFFIXES.values()):
            found = path.with_name(path.name + end)
            if found.is_file():
                return found
        raise NotFound(key)

    def _path(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder.resolve()) or not path.name:
            raise NotFound(key)
        return path


def _signer() -> Any:
    from django.core.signing import TimestampSigner

    return TimestampSigner(salt="upload")


@cache
def endpoint() -> Endpoint:
    """S3 as this instance reaches it."""
    told = settings.SECRET_STORE.get("tenfold/s3")
    keys = Credentials(told["access_key"], told["secret_key"])
    return Endpoint(settings.ENV.s3_endpoint, Scope("s3"), keys, timeout=5.0)


@cache
def media() -> Bucket:
    """Where people's pictures and files are."""
    env = settings.ENV
    if not env.s3_endpoint:
        return LocalBucket(Path(env.data_dir) / "media", env.upload_url)
    return S3Bucket(endpoint(), env.media_bucket, env.upload_url)


def presign_put(key: str, content_type: str, size: int) -> tuple[str, dict[str, str]]:
    """Where a client may PUT an object of this type and size (bytes) within 10 minutes.

    Answers a path on the site (`/upload/<bucket>/<key>?X-Amz-…`) and the headers to send along. S3
    refuses another size or type.
    """
    return media().presign_put(key, content_type, size)


def get(key: str) -> bytes:
    """The object's bytes; raises NotFound."""
    return media().get(key)


def put(key: str, data: bytes, content_type: str, cache_control: str = "") -> None:
    """Write an object, whole or not at all."""
    media().put(key, data, content_type, cache_control)


def head(key: str) -> Head | None:
    """Size and type of an object, or None."""
    return media().head(key)


def delete(key: str) -> None:
    """Remove an object; one that is not there is removed already."""
    media().delete(key)


def public_url(key: str) -> str:
    """Where browsers read the object: a path on the site, through CloudFront."""
    return settings.ENV.media_url + quote(key)


def ping() -> None:
    """Raises Unreachable unless S3 answers."""
    bucket = media()
    if isinstance(bucket, S3Bucket):
        bucket.ping()


class ImageManifestStorage(ManifestStaticFilesStorage):
    """Static files' names with their hashes, from the manifest that was built into the image.

    Their bytes are in S3; nothing is looked up over the network. Without a manifest (tests, DEBUG)
    names are used as they are.
    """

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """The hashed name if the manifest has it."""
        return str(self.hashed_files.get(self.hash_key(self.clean_name(name)), name))
