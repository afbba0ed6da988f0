"""SQS goes away and comes back."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import QueueAway
from tenfold.measure import Threshold

DRILL = Drill(
    name="kill-queue",
    story="The queue goes away for 15 s with messages in it, and comes back.",
    rehearses="Stage 3: the web tier does only fast synchronous work; no job is lost on the way.",
    fault=QueueAway(lasts=15),
    row={0: "·", 1: "·", 2: "·", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(gap=3, failed_share=0.02, window=40, lost=0, doubled=0),
    load=Load(users=6, reads=3, writes=3, jobs=5),
    hold=30,
    control={3: (Control("durable-queue"),)},
    saved_by={
        3: "the outbox kept new jobs, the queue's disk kept its own, and the workers went on by "
        "themselves"
    },
    broke_by={3: "the queue kept its messages in memory: what it held is gone"},
)
