"""What the environment may say, read once and checked: one clear line when it is wrong."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
EX_CONFIG = 78
"""sysexits.h's code for a configuration error"""

SESSION_STORES = ("signed_cookies", "cache", "process")
REPLICA_READS = ("analytics", "product")
SCHEDULERS = ("redundant", "alone")
FAULTS = ("errors", "leak", "slow", "crash")
"""what a release that was made faulty for a drill does wrong (aws/faulty.py)"""


class EnvironmentInvalid(Exception):
    """A variable is missing or wrong; the text names it and what is expected."""


@dataclass(frozen=True)
class Env:
    """The environment of one process of the app."""

    secrets_url: str
    """file:///folder or http://host:port of Secrets Manager"""
    secrets_ttl: float
    """seconds for which a secret of Secrets Manager is not asked for again"""
    secrets_refresh: bool
    """0: what was read at the start is all there is (the negative control of rotate-secret)"""
    database_url: str
    db_max_age: float
    """seconds after which a connection is closed and made anew, with the password of that time"""
    replica_urls: tuple[str, ...]
    analytics_urls: tuple[str, ...]
    """replicas of analytics' own; empty: it shares the others"""
    replica_reads: str
    session_store: str
    cache_url: str
    """redis://…; empty: a cache in each process"""
    queue_url: str
    """http://… of SQS; empty: effects run in the web process, after the commit"""
    queue_name: str
    acks_early: bool
    """acknowledge a job before doing it: the negative control of the kill-worker drill"""
    s3_endpoint: str
    """http://…; empty: files on the local disk"""
    media_bucket: str
    static_bucket: str
    data_dir: str
    static_url: str
    media_url: str
    upload_url: str
    static_page_seconds: int
    """how long caches may keep a static page (a name without a hash in it)"""
    mail_url: str
    mail_lookup_url: str
    """http://…, where the mail provider says what it has taken; empty: it cannot be asked"""
    az: str
    region: str
    release: str
    fault: str
    """one of FAULTS, built into the release for a drill; empty: none"""
    instance: str
    trusted_proxies: int
    """how many before us append to X-Forwarded-For: CloudFront and the ALB are two"""
    web_workers: int
    web_threads: int
    worker_threads: int
    digest_period_seconds: int
    """how often everybody gets a digest: a week, or less at drill pace"""
    scheduler: str
    """redundant: any worker may fire a schedule, all know what was fired; alone: the one in AZ a"""
    debug: bool


def read(environ: Mapping[str, str] = os.environ) -> Env:
    """Read and check all variables; raises EnvironmentInvalid at the first that is wrong."""

    def get(name: str, default: str | None = None) -> str:
        value = environ.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise EnvironmentInvalid(f"{name} is not set")
        return default

    def url(name: str, schemes: tuple[str, ...], default: str | None = None) -> str:
        value = get(name, default)
        if value and (urlsplit(value).scheme not in schemes or "//" not in value):
            raise EnvironmentInvalid(f"{name}={value!r} is no {' or '.join(schemes)} URL")
        return value.rstrip("/")

    def convert(name: str, default: str, to: Callable[[str], T], what: str) -> T:
        value = get(name, default)
        try:
            return to(value)
        except ValueError as error:
            raise EnvironmentInvalid(f"{name}={value!r} is not {what}") from error

    def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
        value = get(name, default)
        if value not in allowed:
            known = ", ".join(word for word in allowed if word)
            raise EnvironmentInvalid(f"{name}={value!r} is not one of {known}")
        return value

    postgres = ("postgresql", "postgres")

    def replicas(name: str) -> tuple[str, ...]:
        found = tuple(part.strip() for part in get(name, "").split(",") if part.strip())
        for one in found:
            if urlsplit(one).scheme not in postgres:
                raise EnvironmentInvalid(f"{name}: {one!r} is no postgresql URL")
        return found

    session_store = one_of("SESSION_STORE", SESSION_STORES, "signed_cookies")
    cache_url = url("CACHE_URL", ("redis",), "")
    if session_store == "cache" and not cache_url:
        raise EnvironmentInvalid("SESSION_STORE=cache needs CACHE_URL")
    return Env(
        secrets_url=url("SECRETS_URL", ("file", "http")),
        secrets_ttl=convert("SECRETS_TTL", "3600", _seconds, "a number of seconds above 0"),
        secrets_refresh=convert("SECRETS_REFRESH", "1", _flag, "0 or 1"),
        database_url=url("DATABASE_URL", postgres),
        db_max_age=convert("DB_MAX_AGE", "300", _seconds, "a number of seconds above 0"),
        replica_urls=replicas("REPLICA_URLS"),
        analytics_urls=replicas("ANALYTICS_URLS"),
        replica_reads=one_of("REPLICA_READS", REPLICA_READS, "analytics"),
        session_store=session_store,
        cache_url=cache_url,
        queue_url=url("QUEUE_URL", ("http", "https"), ""),
        queue_name=get("QUEUE_NAME", "tenfold-tasks"),
        acks_early=convert("ACKS_EARLY", "0", _flag, "0 or 1"),
        s3_endpoint=url("S3_ENDPOINT", ("http", "https"), ""),
        media_bucket=get("S3_MEDIA_BUCKET", "tenfold-media"),
        static_bucket=get("S3_STATIC_BUCKET", "tenfold-static"),
        data_dir=get("DATA_DIR", "/data"),
        static_url=get("STATIC_URL", "/static/"),
        media_url=get("MEDIA_URL", "/media/"),
        upload_url=get("UPLOAD_URL", "/upload/"),
        static_page_seconds=convert("STATIC_PAGE_SECONDS", "60", _positive, "a number from 1 on"),
        mail_url=url("MAIL_URL", ("smtp",)),
        mail_lookup_url=url("MAIL_LOOKUP_URL", ("http", "https"), ""),
        az=get("AZ", "a"),
        region=get("REGION", "us"),
        release=get("RELEASE", "dev"),
        fault=one_of("FAULT", ("", *FAULTS), ""),
        instance=get("INSTANCE_ID", f"i-{socket.gethostname()}"),
        trusted_proxies=convert("TRUSTED_PROXIES", "2", _count, "a number from 0 on"),
        web_workers=convert("WEB_WORKERS", "1", _positive, "a number from 1 on"),
        web_threads=convert("WEB_THREADS", "8", _positive, "a number from 1 on"),
        worker_threads=convert("WORKER_THREADS", "4", _positive, "a number from 1 on"),
        digest_period_seconds=convert(
            "DIGEST_PERIOD_SECONDS", "604800", _positive, "a number from 1 on"
        ),
        scheduler=one_of("SCHEDULER", SCHEDULERS, "redundant"),
        debug=convert("DEBUG", "0", _flag, "0 or 1"),
    )


def read_or_exit() -> Env:
    """Read the environment; a mistake ends the process with one line and code 78."""
    try:
        return read()
    except EnvironmentInvalid as error:
        sys.stderr.write(f"tenfold: the environment is wrong: {error}\n")
        raise SystemExit(EX_CONFIG) from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise ValueError(text)
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"
