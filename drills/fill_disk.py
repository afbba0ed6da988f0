"""The database's disk fills up."""

from tenfold.alarmed import told_before_writes_fail
from tenfold.drill.model import Control, Drill, Load
from tenfold.faults.fill import FillDisk
from tenfold.measure import Threshold

DRILL = Drill(
    name="fill-disk",
    story="Files pile up on the database's disk until there is no room.",
    rehearses="Stage 1: CloudWatch alarms on CPU and disk, by mail.",
    fault=FillDisk(),
    row={0: "B", 1: "S", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(),
    checks=(told_before_writes_fail("DiskFull"),),
    always=("small-disk",),
    load=Load(users=4, reads=3, writes=6),
    recover=45,
    operator={
        0: "hears of it from the users, and makes room",
        **dict.fromkeys((1, 2, 3), "follows the runbook, and makes room"),
    },
    paged_by=("DiskFull",),
    control={stage: (Control("host-alarms"),) for stage in (1, 2, 3)},
    detected_by=("alarm",),
    saved_by=dict.fromkeys((1, 2, 3), "an alarm's mail came while there was room"),
    broke_by={
        0: "nobody watches the disk: the first to know were the users whose writes failed",
        **dict.fromkeys((1, 2, 3), "nobody watched the disk: writes failed first"),
    },
    fixed_by={0: "stage 1: a CloudWatch alarm on the disk"},
)
