"""A release that passes its health check and fails requests."""

from tenfold.drill.model import Drill
from tenfold.faults.deploys import BadDeploy
from tenfold.measure import Threshold

DRILL = Drill(
    name="bad-deploy",
    story="A release is deployed that passes its health check and fails three requests in ten.",
    rehearses="Stage 3: a bad deploy takes all instances down, since they share the broken AMI.",
    fault=BadDeploy(fault="errors"),
    row={0: "B", 1: "B", 2: "B", 3: "B", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(failed_share=0.02, window=60),
    baseline=6,
    hold=60,
    operator=dict.fromkeys((0, 1, 2, 3), "deploys the release before"),
    broke_by={
        0: "the release is on the one instance, and a person must take it back",
        1: "the release is on the one instance, and a person must take it back",
        2: "it passed the check, so it rolled over all instances; a person must take it back",
        3: "it passed the check, so it rolled over all instances; a person must take it back",
    },
    fixed_by=dict.fromkeys(
        (0, 1, 2, 3), "stage 4: blue/green, a few requests first, and back by an alarm"
    ),
)
