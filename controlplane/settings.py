"""What the control plane is told by its environment, and the design switches set while it runs.

The time constants are the pace's (compose/pace), the group's bounds the stage file's. A missing or
senseless value stops the start with one line that names the variable. Switches live in memory: a
restarted control plane has everything on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

SWITCHES = ("health-check", "scale-out", "failover", "replace")


class SettingsError(Exception):
    """The environment is not usable; the text names the variable and says what it should be."""


class Switches:
    """Parts of the design that can be taken away while the loops run."""

    def __init__(self) -> None:
        """Everything is on."""
        self._off = dict.fromkeys(SWITCHES, False)

    def set(self, name: str, *, off: bool) -> None:
        """Take it away or put it back; raises KeyError for an unknown name."""
        if name not in self._off:
            raise KeyError(name)
        self._off[name] = off

    def is_off(self, name: str) -> bool:
        """Whether it is taken away; an unknown one is not."""
        return self._off.get(name, False)

    def as_dict(self) -> dict[str, dict[str, bool]]:
        """For /state: {"health-check": {"off": false}, …}."""
        return {name: {"off": off} for name, off in self._off.items()}


@dataclass
class Settings:
    """All values, times in seconds. Each loop's Protocol names those it needs."""

    project: str
    alb_health_interval: float
    alb_health_timeout: float
    alb_unhealthy_threshold: int
    alb_healthy_threshold: int
    alb_drain_seconds: float
    asg_period: float
    asg_out_periods: int
    asg_in_periods: int
    asg_target_cpu: float
    """percent of an instance's CPU limit"""
    asg_grace: float
    asg_cooldown: float
    rds_detect_seconds: float
    rds_replace_seconds: float
    asg_min: int = 0
    asg_max: int = 0
    asg_services: tuple[str, ...] = ()
    """the group's services, one an AZ; empty: learnt from the containers there are"""
    switches: Switches = field(default_factory=Switches, compare=False)

    def is_off(self, switch: str) -> bool:
        """Whether a design switch is off: one of SWITCHES."""
        return self.switches.is_off(switch)


def read(environ: Mapping[str, str], loops: Collection[str]) -> Settings:
    """The settings of an environment for the loops that will run; raises SettingsError."""
    look = _Reader(environ)
    scaled = "asg" in loops
    found = Settings(
        project=environ.get("TENFOLD_PROJECT") or "tenfold",
        alb_health_interval=look.seconds("ALB_HEALTH_INTERVAL"),
        alb_health_timeout=look.seconds("ALB_HEALTH_TIMEOUT"),
        alb_unhealthy_threshold=look.count("ALB_UNHEALTHY_THRESHOLD"),
        alb_healthy_threshold=look.count("ALB_HEALTHY_THRESHOLD"),
        alb_drain_seconds=look.seconds("ALB_DRAIN_SECONDS"),
        asg_period=look.seconds("ASG_PERIOD"),
        asg_out_periods=look.count("ASG_OUT_PERIODS"),
        asg_in_periods=look.count("ASG_IN_PERIODS"),
        asg_target_cpu=look.seconds("ASG_TARGET_CPU", what="a percentage above 0"),
        asg_grace=look.seconds("ASG_GRACE"),
        asg_cooldown=look.seconds("ASG_COOLDOWN"),
        rds_detect_seconds=look.seconds("RDS_DETECT_SECONDS"),
        rds_replace_seconds=look.seconds("RDS_REPLACE_SECONDS"),
        asg_min=look.count("ASG_MIN") if scaled else 0,
        asg_max=look.count("ASG_MAX") if scaled else 0,
        asg_services=tuple(environ.get("ASG_SERVICES", "").replace(",", " ").split()),
    )
    if found.asg_target_cpu > 100:
        raise SettingsError(f"ASG_TARGET_CPU is {found.asg_target_cpu:g}; it is at most 100")
    if found.asg_min > found.asg_max:
        raise SettingsError(f"ASG_MIN is {found.asg_min}, more than ASG_MAX ({found.asg_max})")
    return found


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def seconds(self, name: str, what: str = "a number of seconds above 0") -> float:
        try:
            value = float(self._text(name, what))
        except ValueError:
            value = 0.0
        if not 0 < value < 1e6:
            raise SettingsError(f"{name} is {self.environ[name]!r}; it should be {what}")
        return value

    def count(self, name: str) -> int:
        what = "a whole number of at least 1"
        text = self._text(name, what)
        if not (text.isascii() and text.isdigit() and int(text) >= 1):
            raise SettingsError(f"{name} is {text!r}; it should be {what}")
        return int(text)

    def _text(self, name: str, what: str) -> str:
        text = self.environ.get(name, "").strip()
        if not text:
            raise SettingsError(f"{name} is not set; it should be {what}")
        return text
