"""The instance dies in mid-deploy."""

from tenfold.drill.model import Control, Drill
from tenfold.faults.deploys import DeployDies
from tenfold.measure import Threshold

DRILL = Drill(
    name="deploy-dies",
    story="An instance loses its power in the middle of a deploy.",
    rehearses="Stage 1: the one EC2 dies in mid-deploy and takes the site with it.",
    fault=DeployDies(),
    row={0: "B", 1: "B", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(gap=3),
    hold=30,
    quiet=10,
    operator=dict.fromkeys((0, 1), "starts the instance, deploys the release before"),
    control={2: (Control("health-check"),), 3: (Control("health-check"),)},
    detected_by=("target_unhealthy", "terminating"),
    replaced_by=("in_service",),
    saved_by=dict.fromkeys(
        (2, 3),
        "a deploy changes one instance at a time, out of the load balancer, and goes on only when "
        "that one is healthy; the other one carried the load",
    ),
    broke_by={
        0: "the deploy was on the one instance",
        1: "the deploy was on the one instance",
        2: "nobody saw that the instance was dead: the deploy went on and took the other one out",
        3: "nobody saw that the instance was dead: the deploy went on and took the other one out",
    },
    fixed_by=dict.fromkeys((0, 1), "stage 2: a second instance, and deploys that roll over them"),
)
