"""A feature is slow; turn it off."""

from tenfold.drill.model import Drill
from tenfold.faults.deploys import BadDeploy
from tenfold.measure import Threshold

DRILL = Drill(
    name="kill-switch",
    story="A release makes one feature, the home timeline, slow; somebody has to turn it off.",
    rehearses="Stage 4: feature flags in a table. Before that, off means another deploy.",
    fault=BadDeploy(fault="slow"),
    row={0: "B", 1: "B", 2: "B", 3: "B", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(effect=5),
    baseline=6,
    hold=60,
    operator=dict.fromkeys((0, 1, 2, 3), "deploys the release before: nothing can turn it off"),
    broke_by=dict.fromkeys(
        (0, 1, 2, 3), "the feature has no switch: it went away with a deploy, and took its time"
    ),
    fixed_by=dict.fromkeys((0, 1, 2, 3), "stage 4: a table of feature flags"),
)
