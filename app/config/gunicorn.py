"""gunicorn: threads, since requests mostly wait for the database."""

from __future__ import annotations

import sys
from typing import Any

from aws import secrets
from config.env import read_or_exit

_env = read_or_exit()
# Said here, a secret that cannot be had ends the instance with one line; in the worker process
# gunicorn would add a traceback and a code of its own.
secrets.get_or_exit(secrets.open_store(_env.secrets_url), "tenfold/django")
if _env.fault == "crash":
    # A release that was made faulty for a drill (aws/faulty.py): it never comes up.
    sys.stderr.write(f"tenfold: release {_env.release} crashes at its start (FAULT=crash)\n")
    raise SystemExit(1)
bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = _env.web_workers
threads = _env.web_threads
# Longer than the load balancer's 60 s, or it meets connections that are just being closed.
keepalive = 75
graceful_timeout = 25
timeout = 60
backlog = 256
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """What the first request need not wait for, and the relay of the outbox.

    Without a queue, effects run in this process, one process of all at a time. With one, this
    process stands by to hand effects to it while no worker is there.
    """
    from django.db import connections

    from aws import relay, telemetry

    telemetry.metrics()
    connections["default"].pool.open()  # type: ignore[attr-defined]
    if _env.queue_url:
        relay.start_thread(relay.publish, standby=True)
    else:
        relay.start_thread(relay.run_now)


def child_exit(server: Any, worker: Any) -> None:
    """A dead process' metrics are counted no more."""
    if _env.web_workers > 1:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
