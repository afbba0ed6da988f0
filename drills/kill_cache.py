"""The Redis node dies."""

from tenfold.drill.model import Control, Drill
from tenfold.faults import KillOne
from tenfold.measure import Threshold

DRILL = Drill(
    name="kill-cache",
    story="The one Redis node dies: sessions, rate limits and cached queries with it.",
    rehearses="Stage 3: sessions in ElastiCache; one node of it is one too few.",
    fault=KillOne(role="cache"),
    row={0: "·", 1: "·", 2: "·", 3: "B", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(logged_out=0, failed_share=0.02, window=60, lost=0, doubled=0),
    hold=60,
    operator={3: "starts Redis again"},
    control={3: (Control("cache-sessions", expect="S"),)},
    saved_by={3: "sessions are not in Redis, and what is cached can be read from the database"},
    broke_by={3: "the sessions were in the one node, and are gone with it"},
    fixed_by={3: "stage 4: a Redis replica that takes over"},
)
