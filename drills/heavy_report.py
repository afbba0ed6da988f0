"""Analytics queries hammer the database."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import Traffic
from tenfold.measure import Threshold

DRILL = Drill(
    name="heavy-report",
    story="Analysts ask for what people write about, over all posts, five queries at once.",
    rehearses="Stage 2: one read replica, for analytics queries only.",
    fault=Traffic("loadtests.analysts", args=("--rate", "20", "--open", "5"), least=6),
    row={0: "B", 1: "B", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(p95_ratio=2, window=30),
    load=Load(users=4, reads=10, writes=2),
    baseline=15,
    hold=32,
    recover=20,
    control={2: (Control("read-replica"),), 3: (Control("read-replica"),)},
    saved_by=dict.fromkeys(
        (2, 3), "the analysts' queries took the replica's CPU, not the primary's"
    ),
    broke_by={
        **dict.fromkeys((0, 1), "the analysts' queries took the one database's CPU"),
        **dict.fromkeys((2, 3), "the analysts' queries took the primary's CPU"),
    },
    fixed_by=dict.fromkeys((0, 1), "stage 2: a read replica for analytics"),
)
