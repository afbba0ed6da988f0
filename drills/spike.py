"""Ten times the users within a minute."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import Spike
from tenfold.measure import Threshold

# p95 objective: 500 ms is what a person still takes for "at once" with the network on top.
# Scale-out time at drill pace: 3 periods of 5 s above the target, a launch and its health checks,
# twice over (2 to 4 to 6 instances) with the cooldown of 10 s between.
DRILL = Drill(
    name="spike",
    story="Ten times the users within a minute (6 s at drill pace).",
    rehearses="Stage 3: load comes in waves; an auto-scaling group of 2 to 6 instances rides them.",
    fault=Spike(times=10),
    row={0: "B", 1: "B", 2: "B", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(p95_ms=500, p95_within=45, lost=0, doubled=0),
    load=Load(of_capacity=0.4, pace=1.0, reads=5, writes=1, sessions=0, reads_only=True),
    hold=65,
    control={3: (Control("scale-out"),)},
    detected_by=("capacity_changed",),
    replaced_by=("in_service",),
    saved_by={3: "Auto Scaling started instances until the CPU target was met"},
    broke_by={
        0: "one instance is one instance",
        1: "one instance is one instance",
        2: "two instances are two instances",
        3: "the group does not scale out",
    },
    fixed_by=dict.fromkeys((0, 1, 2), "stage 3: an auto-scaling group"),
)
