"""A login flood from one address, then from many."""

from tenfold.drill.model import Drill, Load
from tenfold.faults.flood import Flood
from tenfold.measure import Threshold

UNLIMITED = (
    "the app limits one account's logins from one address; many accounts from many addresses "
    "pass, and each costs a password hash"
)
EDGE = "stage 4: the WAF's rate rules, before an instance is asked"

DRILL = Drill(
    name="flood",
    story="A flood of logins, from one address first, then from many.",
    rehearses="Stage 4: WAF and Shield with rate rules at the edge. The app's own limits are late.",
    fault=Flood(),
    row={0: "B", 1: "B", 2: "B", 3: "B", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(p95_ratio=2, window=60),
    load=Load(of_capacity=0.15, pace=2.0, reads=5, writes=2, reads_only=True),
    hold=60,
    broke_by=dict.fromkeys((0, 1, 2, 3), UNLIMITED),
    fixed_by=dict.fromkeys((0, 1, 2, 3), EDGE),
)
