"""Django's settings. They read the environment (config/env.py) and the secrets, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aws import secrets
from config import env as environment

ENV = environment.read_or_exit()
BASE = Path(__file__).resolve().parent.parent
SECRET_STORE = secrets.open_store(ENV.secrets_url, ENV.secrets_ttl, ENV.secrets_refresh)
_django = secrets.get_or_exit(SECRET_STORE, "tenfold/django")

SECRET_KEY = _django["secret_key"]
JWT_KEY = _django["jwt_key"]
DEBUG = ENV.debug
# The load balancer in front takes any name, as an ALB without a host rule does.
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "ninja",
    "aws",
    "accounts",
    "posts",
    "timeline",
    "media",
    "notifications",
    "search",
    "analytics",
    "mailer",
    "reports",
    "flags",
    "pages",
]
MIDDLEWARE = [
    "aws.middleware.Telemetry",
    "aws.middleware.Problems",
    "aws.faulty.Faulty",
    "aws.readafter.ReadAfterWrite",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "pages.context.everywhere",
            ]
        },
    }
]

# -- databases: a pool a process, errors soon rather than hangs ---------------------------------


def _database(url: str, patience: float = 4) -> dict[str, Any]:
    """`patience`: seconds that a request waits for a connection, before it answers 503."""
    parts = urlsplit(url)
    credentials = secrets.get_or_exit(SECRET_STORE, "tenfold/rds")
    return {
        "ENGINE": "aws.postgres",
        "HOST": parts.hostname,
        "PORT": parts.port or 5432,
        "NAME": parts.path.lstrip("/") or "tenfold",
        "USER": credentials["username"],
        "PASSWORD": credentials["password"],
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": max(ENV.web_threads, ENV.worker_threads) + 2,
                "timeout": patience,
                # A rotated password cuts no connection: by this age all have logged in with it.
                "max_lifetime": ENV.db_max_age,
                # Somebody waits: try each second (the pool's own back-off would grow to 16 s).
                "reconnect_timeout": 1,
            },
            "connect_timeout": 2,
            # A frozen server's kernel still acknowledges, and never answers: seconds a query may
            # take as seen from here (statement_timeout is the server's own). 0: no bound.
            "answer_timeout": 6,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 6000,
            "application_name": ENV.instance,
            "options": "-c statement_timeout=5000 -c lock_timeout=3000",
        },
    }


DATABASES = {"default": _database(ENV.database_url)}
# A replica that is away is not waited for: the primary has the same rows.
for _n, _url in enumerate(ENV.replica_urls):
    DATABASES[f"replica{_n}"] = _database(_url, patience=0.5)
for _n, _url in enumerate(ENV.analytics_urls):
    DATABASES[f"replica_analytics{_n}"] = _database(_url, patience=0.5)
DATABASE_ROUTERS = ["aws.dbrouter.Router"]

# -- cache and sessions --------------------------------------------------------------------------

if ENV.cache_url:
    _redis = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENV.cache_url,
        # A dead node's address does not refuse, it hangs: give up soon.
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
    CACHES = {"default": _redis}
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 2000},
        }
    }
SESSION_ENGINE = {
    "signed_cookies": "django.contrib.sessions.backends.signed_cookies",
    "cache": "aws.sessions",
    "process": "django.contrib.sessions.backends.cache",
}[ENV.session_store]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "pages.views.csrf_failure"

# OWASP's smallest recommended Argon2id: 19 MiB, two passes (an instance has 256 MiB).
PASSWORD_HASHERS = ["accounts.passwords.SmallArgon2"]

# -- files ----------------------------------------------------------------------------------------

STATIC_URL = ENV.static_url
STATIC_ROOT = "/srv/static"
STATICFILES_DIRS = [BASE / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # The manifest is in the image, so that no name is looked up over the network.
    "staticfiles": {"BACKEND": "aws.objectstore.ImageManifestStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

_mail = urlsplit(ENV.mail_url)
EMAIL_HOST = _mail.hostname or ""
EMAIL_PORT = _mail.port or 25
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = "Tenfold <hello@tenfold.example>"

SILENCED_SYSTEM_CHECKS = ["ninja.W001"]
LOGGING_CONFIG = "aws.telemetry.configure_logging"
# Django calls it for settings that are not empty.
LOGGING: dict[str, Any] = {"version": 1}
