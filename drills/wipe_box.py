"""The instance and its disk are gone."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import WipeBox
from tenfold.measure import Threshold

DRILL = Drill(
    name="wipe-box",
    story="A web instance is gone, with the disk that it had.",
    rehearses="Stage 0: rm -rf of the box loses everything. Stage 1: the data survives its loss.",
    fault=WipeBox(),
    row={0: "B", 1: "S", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(lost=0, doubled=0),
    # Downtime is allowed while there is one box.
    stricter={2: Threshold(gap=3, lost=0, doubled=0)},
    load=Load(users=4, reads=4, writes=6),
    hold=30,
    recover=25,
    operator={
        0: "makes a new box, with an empty disk: there is nothing to fill it from",
        1: "makes a new box from the image",
    },
    control={
        1: (Control("rds"),),
        2: (Control("second-instance"),),
        3: (Control("second-instance"),),
    },
    detected_by=("target_unhealthy", "terminating"),
    replaced_by=("in_service",),
    saved_by={
        1: "the rows are on RDS's disk, and the box can be made anew from its image",
        2: "nothing is on the instance, and the other one carries on",
        3: "nothing is on the instance, the other one carries on, and another one is started",
    },
    broke_by={
        0: "the rows were on the one disk",
        1: "the rows were on the box's own disk",
        2: "there was no other instance",
        3: "there was no other instance",
    },
    fixed_by={0: "stage 1: the database on RDS, with a disk of its own"},
)
