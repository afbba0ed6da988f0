"""An instance answers slowly."""

from tenfold.drill.model import Drill, Load
from tenfold.faults import Starve
from tenfold.measure import Threshold

# The load is small, so that the slow instance keeps up and its health check passes: one that is
# swamped would be taken out, which is another drill. Half of the requests are its own.
DRILL = Drill(
    name="slow-web",
    story="A web instance has used up its CPU credits: it answers slowly, and passes its checks.",
    rehearses="Stage 2: any request can go to any instance, to a slow one too.",
    fault=Starve(role="web", cpus=0.05),
    row={0: "·", 1: "·", 2: "B", 3: "B", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(p95_ratio=2, ratio_of=("read", "write"), window=58),
    load=Load(users=2, pace=3.0, reads=2, writes=1, sessions=0.5),
    hold=60,
    operator=dict.fromkeys((2, 3), "lets the instance burst without credits (unlimited mode)"),
    broke_by=dict.fromkeys(
        (2, 3), "the ALB takes turns: half of the requests waited for the slow instance"
    ),
    fixed_by=dict.fromkeys(
        (2, 3), "stage 4: the ALB sends to whom has the fewest requests outstanding"
    ),
)
