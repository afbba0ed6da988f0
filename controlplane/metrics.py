"""The control plane's own figures in Prometheus' text format, written out by hand.

Pure: from what the loops say of themselves, the runners' clocks, the events' counts, the switches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from controlplane.runner import Runner

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
TARGET_STATES = ("initial", "healthy", "unhealthy", "draining")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

Sample = tuple[Mapping[str, str], float]


class Page:
    """A page of metrics in the making."""

    def __init__(self) -> None:
        """Empty."""
        self._lines: list[str] = []

    def add(self, name: str, kind: str, about: str, samples: Iterable[Sample]) -> None:
        """One family; without samples it is left out. `kind`: gauge or counter."""
        lines = [f"{name}{_labels(labels)} {value:.10g}" for labels, value in samples]
        if lines:
            self._lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}", *lines]

    def text(self) -> str:
        """The page."""
        return "\n".join([*self._lines, ""])


def page(
    states: Mapping[str, Mapping[str, Any]],
    runners: Iterable[Runner],
    counts: Mapping[tuple[str, str], int],
    switches: Mapping[str, Mapping[str, bool]],
) -> str:
    """All figures of this moment."""
    out = Page()
    _alb(out, states.get("alb") or {})
    _asg(out, states.get("asg") or {})
    _rds(out, states.get("rds") or {})
    runners = list(runners)
    for name, kind, about, pick in (
        ("ticks_total", "counter", "ticks of a loop", lambda r: r.ticks),
        ("tick_failures_total", "counter", "ticks that met an error", lambda r: r.failures),
        ("tick_seconds_total", "counter", "time spent in ticks", lambda r: r.seconds),
        ("tick_age_seconds", "gauge", "time since the last tick ended", lambda r: r.age),
    ):
        samples = [({"loop": r.name}, pick(r)) for r in runners]
        out.add(f"tenfold_controlplane_{name}", kind, about, samples)
    out.add(
        "tenfold_events_total",
        "counter",
        "what the loops did, by kind",
        [({"loop": loop, "event": event}, n) for (loop, event), n in sorted(counts.items())],
    )
    out.add(
        "tenfold_switch_off",
        "gauge",
        "whether a design switch is off",
        [({"switch": name}, float(s["off"])) for name, s in sorted(switches.items())],
    )
    return out.text()


def usage(state: Mapping[str, Any]) -> str:
    """What machines use and how full the queues are; the names are those of CloudWatch's agent."""
    out = Page()
    for name, kind, about, pick in (
        ("cpu_seconds_total", "counter", "CPU time used", lambda u: u.cpu_seconds),
        ("cpu_limit", "gauge", "CPUs that may be used", lambda u: u.cpu_limit),
        ("memory_bytes", "gauge", "memory in use, without droppable cache", lambda u: u.memory),
        ("memory_limit_bytes", "gauge", "memory that may be used", lambda u: u.memory_limit),
        ("oom_kills_total", "counter", "kills for want of memory", lambda u: u.oom_kills),
    ):
        samples = [(u.labels, pick(u)) for u in state.get("usage", ())]
        out.add(f"tenfold_host_{name}", kind, about, samples)
    if state.get("sqs_up") is None:
        return out.text()
    queues = sorted(state.get("queues", {}).items())
    whose = {"service": "sqs", "role": "sqs"}
    out.add("tenfold_sqs_up", "gauge", "whether SQS answers", [(whose, float(state["sqs_up"]))])
    out.add(
        "tenfold_sqs_messages",
        "gauge",
        "messages of a queue (ApproximateNumberOfMessages, NotVisible, Delayed)",
        [
            ({**whose, "queue": name, "state": kind}, float(told[kind]))
            for name, told in queues
            for kind in ("waiting", "in_flight", "delayed")
        ],
    )
    out.add(
        "tenfold_sqs_backlog_seconds",
        "gauge",
        "for how long there has been a message waiting at each look",
        [({**whose, "queue": name}, told["backlog_seconds"]) for name, told in queues],
    )
    return out.text()


def _alb(out: Page, state: Mapping[str, Any]) -> None:
    if "targets" not in state:
        return
    found = Counter(str(t.get("state")) for t in state["targets"].values())
    samples = [({"state": name}, float(found[name])) for name in TARGET_STATES]
    out.add("tenfold_alb_targets", "gauge", "targets of the ALB by state", samples)


def _asg(out: Page, state: Mapping[str, Any]) -> None:
    for key, about in (
        ("desired", "instances the group should have"),
        ("min", "the least it may have"),
        ("max", "the most it may have"),
        ("in_service", "instances that serve"),
        ("cpu_percent", "average CPU of the last period, percent of the instances' limit"),
    ):
        if state.get(key) is not None:
            out.add(f"tenfold_asg_{key}", "gauge", about, [({}, float(state[key]))])


def _rds(out: Page, state: Mapping[str, Any]) -> None:
    nodes = state.get("nodes") or {}
    for name, about, value in (
        ("up", "whether a database node runs", lambda n, d: d.get("state") == "running"),
        ("leader", "whether a node is the primary", lambda n, d: n == state.get("leader")),
        ("standby", "whether it is the standby", lambda n, d: n == state.get("standby")),
    ):
        samples = [
            ({"node": n, "role": str(d.get("role", ""))}, float(value(n, d)))
            for n, d in sorted(nodes.items())
        ]
        out.add(f"tenfold_rds_{name}", "gauge", about, samples)
    if "failing_over" in state:
        out.add(
            "tenfold_rds_failing_over",
            "gauge",
            "whether leadership is on the move",
            [({}, float(bool(state["failing_over"])))],
        )


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{k}="{v.translate(_ESCAPES)}"' for k, v in labels.items() if v)
    return f"{{{told}}}" if told else ""
