"""The primary hangs without dying."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import Freeze
from tenfold.measure import Threshold

DRILL = Drill(
    name="freeze-db",
    story="The primary database hangs: its connections stay open and nothing answers.",
    rehearses="Stage 2: Multi-AZ must tell a hanging primary from a slow one, and never have two.",
    fault=Freeze(role="rds", choose="primary"),
    row={0: "B", 1: "B", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(writes_back=35, one_primary=True, lost=0, doubled=0),
    load=Load(writes=10),
    hold=55,
    quiet=8,
    operator={0: "restarts the instance", 1: "restarts the database"},
    control={2: (Control("multi-az"),), 3: (Control("multi-az"),)},
    detected_by=("node_down", "failover_started", "leader_changed"),
    promoted_by=("failover_completed", "leader_changed"),
    saved_by=dict.fromkeys(
        (2, 3),
        "the frozen primary's lease ran out and the standby took over; woken, it stepped down",
    ),
    broke_by={
        0: "the database is on the one instance",
        1: "there is one database node",
        2: "there is no standby that could take the lease",
        3: "there is no standby that could take the lease",
    },
    fixed_by={0: "stage 2: RDS Multi-AZ", 1: "stage 2: RDS Multi-AZ"},
)
