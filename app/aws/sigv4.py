"""AWS Signature Version 4, for the few calls the app makes itself.

An instance has a quarter of a CPU: botocore takes more than a second of it to load, four seconds
of an instance's start. What is signed here is checked against botocore's own signer in the tests.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True)
class Credentials:
    """An access key."""

    access_key: str
    secret_key: str


@dataclass(frozen=True)
class Scope:
    """What a signature is good for."""

    service: str
    region: str = "us-east-1"

    def at(self, when: datetime) -> str:
        """The credential scope of a day."""
        return f"{when:%Y%m%d}/{self.region}/{self.service}/aws4_request"


def sign(
    credentials: Credentials,
    scope: Scope,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    when: datetime | None = None,
) -> dict[str, str]:
    """The headers to send: those given (Host among them), the date, the signature.

    `path` is already percent-encoded.
    """
    when = when or datetime.now(UTC)
    digest = hashlib.sha256(body).hexdigest()
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    signed["x-amz-date"] = _stamp(when)
    if scope.service == "s3":
        signed["x-amz-content-sha256"] = digest
    names = ";".join(sorted(signed))
    signature = _signature(credentials, scope, method, path, query, signed, digest, when)
    signed["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope.at(when)},"
        f" SignedHeaders={names}, Signature={signature}"
    )
    return signed


def presign(
    credentials: Credentials,
    scope: Scope,
    method: str,
    path: str,
    headers: Mapping[str, str],
    expires: int,
    when: datetime | None = None,
) -> str:
    """The query string that lets anybody make this one request for `expires` seconds.

    `headers` (Host among them) must come with the request exactly as they are here.
    """
    when = when or datetime.now(UTC)
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    query = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope.at(when)}",
        "X-Amz-Date": _stamp(when),
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": ";".join(sorted(signed)),
    }
    signature = _signature(credentials, scope, method, path, query, signed, UNSIGNED, when)
    return f"{query_string(query)}&X-Amz-Signature={signature}"


def query_string(query: Mapping[str, str]) -> str:
    """In the order and with the escapes that signatures need."""
    return "&".join(
        f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in sorted(query.items())
    )


def _stamp(when: datetime) -> str:
    return f"{when:%Y%m%dT%H%M%SZ}"


def _signature(
    credentials: Credentials,
    scope: Scope,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    digest: str,
    when: datetime,
) -> str:
    names = sorted(headers)
    canonical = "\n".join(
        [
            method,
            path,
            query_string(query),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            digest,
        ]
    )
    text = "\n".join(
        [ALGORITHM, _stamp(when), scope.at(when), hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (f"{when:%Y%m%d}", scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
