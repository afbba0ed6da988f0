"""What the control plane tells CloudWatch of machines and queues."""

from __future__ import annotations

import dataclasses
import io

from controlplane import metrics
from controlplane.cloudwatch import Watch
from controlplane.events import Events
from tenfold.engine import Container
from tenfold.sqs import Depth
from tests.unit.drills.fake_engine import container

MAIN, DEAD = "tenfold-tasks", "tenfold-tasks-dlq"


class Engine:
    """Containers and what they use."""

    def __init__(self, *containers: Container) -> None:
        self.there = list(containers)
        self.oom: list[tuple[float, str]] = []

    def containers(self) -> list[Container]:
        return self.there

    def out_of_memory(self, since: int, until: int) -> list[str]:
        return [one for at, one in self.oom if since <= at < until]

    def usage(self, c: Container) -> tuple[float, float, float, float] | None:
        return None if c.service == "gone" else (12.5, 0.25, 100.0, 200.0)


def watch(engine: Engine, waiting: dict[str, int], now: list[float]) -> Watch:
    def ask(address: str, queue: str) -> Depth:
        if queue not in waiting:
            raise OSError("away")
        return Depth(waiting[queue], 1, 0)

    return Watch(engine, Events(io.StringIO()), ask, lambda: now[0])  # type: ignore[arg-type]


def test_machines_are_told_by_their_own_names() -> None:
    engine = Engine(
        container("web-a", "web"),
        container("gone", "web"),
        container("alb", "alb"),
        container("worker-a", "worker", state="exited"),
    )
    loop = watch(engine, {}, [0.0])
    loop.tick()
    text = metrics.usage(loop.state())
    assert (
        'tenfold_host_cpu_seconds_total{service="web-a",instance="web-a-1",role="web",az="a"} 12.5'
        in text
    )
    assert text.count("tenfold_host_memory_bytes{") == 1
    assert "sqs" not in text, "a stage without a queue has no figures of one"


def test_backlog_counts_from_the_first_look_that_found_a_message() -> None:
    now, waiting = [100.0], {MAIN: 0, DEAD: 0}
    loop = watch(Engine(container("sqs", "sqs")), waiting, now)

    def backlog() -> float:
        loop.tick()
        return float(loop.state()["queues"][MAIN]["backlog_seconds"])

    assert backlog() == 0
    waiting[MAIN] = 5
    now[0] = 110.0
    assert backlog() == 0
    now[0] = 125.0
    assert backlog() == 15
    # A look that SQS does not answer does not set the count back.
    asked = dict(waiting)
    waiting.clear()
    assert loop.tick() is None
    assert loop.state()["sqs_up"] is False
    waiting.update(asked)
    now[0] = 130.0
    assert backlog() == 20
    waiting[MAIN] = 0
    assert backlog() == 0


def test_a_dead_queue_is_told_as_down() -> None:
    loop = watch(Engine(dataclasses.replace(container("sqs", "sqs"), state="exited")), {}, [0.0])
    loop.tick()
    assert 'tenfold_sqs_up{service="sqs",role="sqs"} 0' in metrics.usage(loop.state())


def test_a_kill_for_want_of_memory_is_counted_once() -> None:
    engine, wall = Engine(container("web-a", "web")), [100.0]
    loop = watch(engine, {}, [0.0])
    loop.wall = lambda: wall[0]
    engine.oom = [(99.5, "id-web-a"), (103.2, "id-web-a"), (105.0, "id-web-a")]

    def counted() -> int:
        loop.tick()
        return loop.usage[0].oom_kills

    assert counted() == 0, "what was before the start is not news"
    wall[0] = 105.0
    assert counted() == 1
    wall[0] = 105.4
    assert counted() == 1
    wall[0] = 110.0
    assert counted() == 2
