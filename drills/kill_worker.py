"""A worker dies in mid-job."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import KillOne
from tenfold.measure import Threshold

DRILL = Drill(
    name="kill-worker",
    story="A worker loses its power while it makes a thumbnail, a report or sends a mail.",
    rehearses="Stage 3: whatever may wait goes through the queue, and is done exactly once.",
    fault=KillOne(role="worker", choose="busy"),
    row={0: "·", 1: "·", 2: "·", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(lost=0, doubled=0),
    load=Load(users=6, reads=3, writes=3, jobs=5),
    hold=25,
    control={3: (Control("acks-late"),)},
    saved_by={3: "a job is acknowledged when it is done: SQS gave it to the other worker again"},
    broke_by={3: "a job is acknowledged before it is done: what the worker held is gone"},
)
