"""Who served this: the footer of each page, and /whoami."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from aws import seen


@dataclass(frozen=True)
class Who:
    """The instance and what it has used for this request."""

    instance: str
    az: str
    region: str
    release: str
    database: str
    """primary, replica, or empty: not asked"""
    cache: str
    """hit, miss, away, or empty: not asked"""


def whoami() -> Who:
    """As of now: read it when the page's own queries are done."""
    env, used = settings.ENV, seen.now()
    return Who(env.instance, env.az, env.region, env.release, used.database, used.cache)
