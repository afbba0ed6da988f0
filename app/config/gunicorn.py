"""gunicorn: threads, since requests mostly wait for the database."""

from __future__ import annotations

from typing import Any

from config.env import read_or_exit

_env = read_or_exit()
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
    """Without a queue, effects run in this process, one process of all at a time."""
    from aws import relay

    if not _env.queue_url:
        relay.start_thread(relay.run_now)
