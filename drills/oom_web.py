"""Requests leak memory until the kernel kills."""

from tenfold.drill.model import Control, Drill
from tenfold.faults.leak import LeakOne
from tenfold.measure import Threshold

DRILL = Drill(
    name="oom-web",
    story="An instance's requests leak memory until the kernel kills, again and again.",
    rehearses="Stage 1: the one EC2 runs out of memory and takes the site with it.",
    fault=LeakOne(),
    row={0: "B", 1: "B", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(gap=3, failed_share=0.05, window=60),
    hold=60,
    operator=dict.fromkeys((0, 1), "deploys the sound build"),
    control={2: (Control("health-check"),), 3: (Control("health-check"),)},
    detected_by=("target_unhealthy", "terminating"),
    replaced_by=("in_service",),
    saved_by={
        2: "the ALB's health check takes the instance out, the other one carries on",
        3: "the health check takes it out, and Auto Scaling starts a sound one in its place",
    },
    broke_by={
        0: "there is one instance, and it is killed each time it is back",
        1: "there is one instance, and it is killed each time it is back",
        2: "nobody takes the instance out: each second request goes to it",
        3: "nobody takes the instance out of the target group",
    },
    fixed_by=dict.fromkeys((0, 1), "stage 2: a second instance behind an ALB"),
)
