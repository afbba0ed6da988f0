"""kombu's SQS transport and what 5.6.2 lacks: it survives an outage, and shows that it lives.

Its receive has no bound: it sets none of the request's time-outs. A worker whose network was away
in mid-poll would wait for an answer that was sent into the void, and be idle from then on.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pycurl
from botocore.exceptions import BotoCoreError
from kombu.asynchronous import get_event_loop
from kombu.asynchronous.http.curl import CurlClient
from kombu.transport import SQS

RECEIVED = Path("/dev/shm/tenfold-received")
"""touched at each successful receive; the container's health check looks at its age"""
LOOK_AGAIN = 0.05
"""seconds"""
CONNECT_BOUND = 2.0
RECEIVE_BOUND = 12.0
"""seconds; longer than a long poll (5 s) and what may delay its answer"""


class BoundedClient(CurlClient):  # type: ignore[misc]  # kombu has no types
    """kombu's HTTP client; what has no answer in time has failed (599), and is asked anew."""

    def _setup_request(self, curl: Any, *given: Any, **named: Any) -> None:
        super()._setup_request(curl, *given, **named)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_BOUND * 1000))
        curl.setopt(pycurl.TIMEOUT_MS, int(RECEIVE_BOUND * 1000))


class Channel(SQS.Channel):
    """See the module."""

    def asynsqs(self, queue: str | None = None) -> Any:
        """The connection for receiving, on the bounded client: kombu takes the event loop's."""
        loop = get_event_loop()
        if loop is not None and not hasattr(loop, "_current_http_client"):
            loop._current_http_client = BoundedClient(loop)
        return super().asynsqs(queue)

    def _message_to_python(self, message: Any, queue_name: str, q_url: str) -> Any:
        """With `delete_on_receive` a message is gone before its job begins: at most once.

        Celery's own early acknowledgement comes with the event loop's next turn, which may be
        after the job's end.
        """
        if self.transport_options.get("delete_on_receive"):
            self.sqs(queue=queue_name).delete_message(
                QueueUrl=q_url, ReceiptHandle=message["ReceiptHandle"]
            )
        return super()._message_to_python(message, queue_name, q_url)

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """An acknowledgement that does not reach SQS gives its prefetch slot back.

        kombu releases it for SQS's own refusals only; each outage would cost a slot, until the
        worker consumes nothing and stays up. The message comes again: effects are idempotent.
        """
        try:
            super().basic_ack(delivery_tag, multiple)
        except (BotoCoreError, OSError):
            self.qos.ack(delivery_tag)
            raise

    def _on_messages_ready(self, queue: str, qname: str, messages: Any) -> None:
        # No dictionary: kombu's word for a receive that failed.
        if isinstance(messages, dict):
            with contextlib.suppress(OSError):
                RECEIVED.touch()
        super()._on_messages_ready(queue, qname, messages)

    def _schedule_queue(self, queue: str) -> None:
        """With all threads at work look again soon: kombu would at the loop's next turn, 1 s."""
        if queue in self._active_queues and not self.qos.can_consume():
            self.hub.call_later(LOOK_AGAIN, self._schedule_queue, queue)
        else:
            super()._schedule_queue(queue)


class Transport(SQS.Transport):
    """kombu's, with the channel above."""

    Channel = Channel
