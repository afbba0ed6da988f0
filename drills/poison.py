"""A message that kills its worker."""

from tenfold.alarmed import named
from tenfold.drill.model import Control, Drill, Load
from tenfold.faults.poison import Poison
from tenfold.measure import Threshold

DRILL = Drill(
    name="poison",
    story="A job kills the worker that does it, comes back, and kills the next one.",
    rehearses="Stage 3: SQS with a dead-letter queue and a worker pool.",
    fault=Poison(),
    row={0: "·", 1: "·", 2: "·", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(lost=0, doubled=0),
    # Five receives, a visibility timeout of 10 s apart, and the alarm's own time.
    checks=(named(85, "DeadLetters"),),
    load=Load(users=4, reads=3, writes=2, jobs=3),
    hold=85,
    control={3: (Control("dead-letter-queue"),)},
    detected_by=("alarm",),
    saved_by={
        3: "after five tries SQS put the message away into the dead-letter queue, an alarm told, "
        "and every other job was done once"
    },
    broke_by={3: "the message comes again for ever: the workers die of it as long as it is there"},
)
