"""The database's node is killed."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import KillOne
from tenfold.measure import Threshold

DRILL = Drill(
    name="kill-db",
    story="The machine under the primary database is gone.",
    rehearses="Stage 2: RDS Multi-AZ, a synchronous standby that nobody reads.",
    fault=KillOne(role="rds", choose="primary"),
    row={0: "B", 1: "B", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(writes_back=35, lost=0, doubled=0),
    load=Load(writes=10),
    hold=50,
    quiet=10,
    operator={0: "starts the instance again", 1: "starts the database again"},
    control={2: (Control("multi-az"),), 3: (Control("multi-az"),)},
    detected_by=("node_down",),
    promoted_by=("failover_completed",),
    replaced_by=("node_restarted",),
    saved_by=dict.fromkeys(
        (2, 3), "the standby in the other AZ had every acknowledged write, and leads now"
    ),
    broke_by={
        0: "the database is on the one instance",
        1: "there is one database node",
        2: "there is no standby: nothing can lead until the dead node is back",
        3: "there is no standby: nothing can lead until the dead node is back",
    },
    fixed_by={0: "stage 2: RDS Multi-AZ", 1: "stage 2: RDS Multi-AZ"},
)
