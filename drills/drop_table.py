"""An operator's DROP TABLE."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import DropTable
from tenfold.measure import Threshold

# RDS ships the log each 5 minutes, 30 s at drill pace (RDS_LOG_SHIP_SECONDS): what may be lost.
DRILL = Drill(
    name="drop-table",
    story="An operator drops the table of all posts, on the wrong database.",
    rehearses="Stage 1: automated backups and point-in-time recovery.",
    fault=DropTable(),
    row={0: "B", 1: "S", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(lost_seconds=30, doubled=0),
    load=Load(users=4, reads=3, writes=5),
    recover=40,
    operator={
        0: "makes the table anew, empty: there is no backup",
        **dict.fromkeys((1, 2, 3), "restores to a second before it, and takes the table over"),
    },
    control={stage: (Control("backups"),) for stage in (1, 2, 3)},
    saved_by=dict.fromkeys(
        (1, 2, 3), "a base backup and the log up to the second before: the table is back"
    ),
    broke_by={
        0: "there is no backup: every post is lost",
        **dict.fromkeys((1, 2, 3), "the backups were switched off: every post is lost"),
    },
    fixed_by={0: "stage 1: RDS's backups, to any second"},
)
