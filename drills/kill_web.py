"""A web instance is killed."""

from tenfold.drill.model import Control, Drill
from tenfold.faults import KillOne
from tenfold.measure import Threshold

DRILL = Drill(
    name="kill-web",
    story="One of the web instances loses its power in mid-request.",
    rehearses="Stage 1: the one EC2 dies and takes the site with it. From stage 2 on it does not.",
    fault=KillOne(role="web"),
    row={0: "B", 1: "B", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(gap=3, failed_share=0.05, window=60, lost=0, doubled=0),
    hold=62,
    operator={0: "starts the instance again", 1: "starts the instance again"},
    control={2: (Control("health-check"),), 3: (Control("health-check"),)},
    detected_by=("target_unhealthy", "terminating"),
    replaced_by=("in_service",),
    saved_by={
        2: "the ALB's health check takes the dead instance out, the other one carries on",
        3: "the health check takes it out, and Auto Scaling starts another one",
    },
    broke_by={
        0: "there is one instance",
        1: "there is one instance",
        2: "nobody takes the dead instance out: each second request goes to it",
        3: "nobody takes the dead instance out of the target group",
    },
    fixed_by={
        0: "stage 2: a second instance behind an ALB",
        1: "stage 2: a second instance behind an ALB",
    },
)
