"""The box with the cron dies."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults.cron import KillScheduler
from tenfold.measure import Threshold

DRILL = Drill(
    name="lost-cron",
    story="The machine whose cron sends the weekly digest dies before the week ends.",
    rehearses="Stage 2 breaks first by the cron that runs on one box and was not deployed to the "
    "other.",
    fault=KillScheduler(),
    row={0: "·", 1: "B", 2: "B", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(lost=0, doubled=0),
    load=Load(users=3, writes=5, digests=True),
    # A week is a minute at drill pace, and the kill comes in its middle: its end is in the hold.
    hold=60,
    operator={1: "starts the instance again", 2: "starts the machine with the cron again"},
    control={3: (Control("redundant-schedulers"),)},
    saved_by={
        3: "another worker fired the schedule: what was fired is a row of the database, not a "
        "machine's memory"
    },
    broke_by={
        1: "the cron was not there when the week ended, and knows nothing of runs that it missed",
        2: "the cron runs on one machine, and that was not there when the week ended",
        3: "the one scheduler was not there when the week ended, and remembers nothing",
    },
    fixed_by=dict.fromkeys((1, 2), "stage 3: schedules in the queue, redundant schedulers"),
)
