"""SQS: at least once, hidden while in hand, kept over a kill, to the dead letters after five."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from standin import Box, Stand, serves

from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

ACCOUNT = "000000000000"
VISIBILITY = 2
MAX_RECEIVES = 5


@dataclass
class Queue:
    """The task queue of one server, and its dead-letter queue."""

    box: Box
    client: Any
    name: str = "tenfold-tasks"

    @property
    def url(self) -> str:
        """As the client is told it; only the path counts."""
        return f"http://sqs:9324/{ACCOUNT}/{self.name}"

    def send(self, body: str, **options: Any) -> None:
        """Returns when the message is acknowledged."""
        self.client.send_message(QueueUrl=self.url, MessageBody=body, **options)

    def receive(self, wait: int = 0, most: int = 10) -> list[dict[str, Any]]:
        """What is visible now, or within `wait` seconds."""
        got = self.client.receive_message(
            QueueUrl=self.url,
            WaitTimeSeconds=wait,
            MaxNumberOfMessages=most,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return list(got.get("Messages", []))

    def show(self, message: dict[str, Any], after: int = 0) -> None:
        """Change a message's visibility time-out."""
        self.client.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=after
        )

    def delete(self, message: dict[str, Any]) -> None:
        """Done with it."""
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def drain(self, expected: int, bound: float = 20) -> list[str]:
        """Receive and delete until `expected` bodies are there, or the bound has come."""
        bodies: list[str] = []

        def enough() -> bool:
            for message in self.receive(wait=1):
                bodies.append(message["Body"])
                self.delete(message)
            return len(bodies) >= expected

        wait_until(f"{expected} messages", enough, bound, every=0)
        return bodies

    def again(self) -> Queue:
        """The same queue after its server was started again (on another port)."""
        return Queue(self.box, connect(self.box), self.name)


def connect(box: Box) -> Any:
    """A client without retries: what fails is seen."""
    return boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{box.port(9324)}",
        region_name="us-east-1",
        aws_access_key_id="instance-role",
        aws_secret_access_key="instance-role",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=10),
    )


def start(stand: Stand, host: int = 13, **env: str) -> Box:
    """A new server."""
    box = stand.run(
        "tenfold/sqs:dev",
        service=f"sqs{host}",
        host=host,
        env={"SQS_VISIBILITY_SECONDS": str(VISIBILITY), **env},
        ports=[9324],
    )
    serves(box, 9324, "/health")
    return box


@pytest.fixture(scope="module")
def server() -> Iterator[Box]:
    """One server for the tests that leave it alive."""
    with Stand("sqs") as stand:
        yield start(stand)


@pytest.fixture
def queue(server: Box) -> Queue:
    """The task queue, empty."""
    client = connect(server)
    for name in ("tenfold-tasks", "tenfold-tasks-dlq"):
        one = Queue(server, client, name)
        client.purge_queue(QueueUrl=one.url)
    return Queue(server, client)


def test_a_message_in_hand_is_hidden_and_comes_back(queue: Queue) -> None:
    """After the visibility time-out, with its receive count raised; deleted it stays away."""
    queue.send("job")
    (first,) = queue.receive()
    assert queue.receive() == []
    began = time.monotonic()
    (second,) = wait_until("the message again", queue.receive, bound=VISIBILITY + 5)
    assert time.monotonic() - began > VISIBILITY - 1
    assert second["MessageId"] == first["MessageId"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    queue.delete(second)
    assert queue.receive(wait=VISIBILITY + 1) == []


def test_a_visibility_timeout_can_be_changed(queue: Queue) -> None:
    """0 gives the message back at once; a longer one keeps it hidden beyond the default."""
    queue.send("job")
    (message,) = queue.receive()
    queue.show(message, after=0)
    (message,) = queue.receive(wait=1)
    queue.show(message, after=30)
    assert queue.receive(wait=VISIBILITY + 1) == []


def test_dead_letters_after_max_receives(queue: Queue) -> None:
    """The fifth receive is the last; then the message is in the dead-letter queue, once."""
    queue.send("poison")
    for count in range(1, MAX_RECEIVES + 1):
        (message,) = queue.receive(wait=1)
        assert message["Attributes"]["ApproximateReceiveCount"] == str(count)
        queue.show(message, after=0)
    assert queue.receive(wait=1) == []
    dead = Queue(queue.box, queue.client, "tenfold-tasks-dlq")
    assert [message["Body"] for message in dead.receive(wait=2)] == ["poison"]


def test_ten_at_once_and_no_more(queue: Queue) -> None:
    """AWS's batch limit, both ways."""
    entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(10)]
    done = queue.client.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert len(done["Successful"]) == 10
    with pytest.raises(ClientError):
        extra = [*entries, {"Id": "10", "MessageBody": "10"}]
        queue.client.send_message_batch(QueueUrl=queue.url, Entries=extra)
    assert sorted(queue.drain(10)) == sorted(str(n) for n in range(10))
    with pytest.raises(ClientError):
        queue.receive(most=11)


def test_a_long_poll_answers_when_there_is_something(queue: Queue) -> None:
    """Not before, and not at the end of its wait; an empty one waits its time."""
    began = time.monotonic()
    assert queue.receive(wait=2) == []
    assert 1.8 < time.monotonic() - began < 4
    sent: list[float] = []

    def send() -> None:
        sent.append(time.monotonic())
        queue.again().send("late")

    later = threading.Timer(1, send)
    later.start()
    (message,) = queue.receive(wait=8)
    later.join(5)
    assert message["Body"] == "late"
    assert time.monotonic() - sent[0] < 2


def test_a_delay_hides_a_new_message(queue: Queue) -> None:
    """Up to 15 minutes, as on AWS."""
    began = time.monotonic()
    queue.send("later", DelaySeconds=2)
    assert queue.receive() == []
    wait_until("the message", queue.receive, bound=8)
    assert time.monotonic() - began > 1.5
    with pytest.raises(ClientError):
        queue.send("much later", DelaySeconds=901)


def test_a_message_larger_than_the_limit_is_refused(queue: Queue) -> None:
    """AWS's limit is 1 MiB, and a byte more is too much."""
    queue.send("x" * 1024 * 1024)
    assert len(queue.drain(1)[0]) == 1024 * 1024
    with pytest.raises(ClientError):
        queue.send("x" * (1024 * 1024 + 1))


def test_the_queue_tells_how_full_it_is(queue: Queue) -> None:
    """Visible, in hand, and delayed are counted apart."""
    for body in "abc":
        queue.send(body)
    queue.send("d", DelaySeconds=60)
    queue.receive(most=1)
    told = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])
    attributes = told["Attributes"]
    names = ("Messages", "MessagesNotVisible", "MessagesDelayed")
    assert [attributes[f"ApproximateNumberOf{name}"] for name in names] == ["2", "1", "1"]


def test_what_was_acknowledged_survives_a_kill() -> None:
    """Killed in the middle of sending: each acknowledged message is there, in hand or not."""
    with Stand("sqskill") as stand:
        queue = Queue(box := start(stand), None).again()
        queue.send("in hand")
        assert len(queue.receive()) == 1
        acknowledged: list[str] = []

        def send() -> None:
            for number in itertools.count():
                try:
                    queue.send(str(number))
                except (BotoCoreError, ClientError):
                    return
                acknowledged.append(str(number))

        sender = threading.Thread(target=send)
        sender.start()
        wait_until("100 messages", lambda: len(acknowledged) >= 100, bound=20)
        box.kill()
        sender.join(15)
        assert not sender.is_alive()
        box.start()
        serves(box, 9324, "/health")
        found = queue.again().drain(len(acknowledged) + 1)
        missing = {"in hand", *acknowledged} - set(found)
        assert not missing


def test_without_its_disk_a_kill_loses_them() -> None:
    """SQS_DURABLE=0, the negative control."""
    with Stand("sqsmemory") as stand:
        queue = Queue(box := start(stand, SQS_DURABLE="0"), None).again()
        queue.send("job")
        box.kill()
        box.start()
        serves(box, 9324, "/health")
        assert queue.again().receive(wait=VISIBILITY + 1) == []
