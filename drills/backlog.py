"""Jobs come faster than workers work."""

from tenfold.drill.model import Drill, Load
from tenfold.faults import Traffic
from tenfold.measure import Threshold

DRILL = Drill(
    name="backlog",
    story="Somebody imports albums: ten large pictures a second, and two workers make thumbnails.",
    rehearses="Stage 4: e-mail, image processing and report generation on the worker tier, with "
    "back-pressure.",
    fault=Traffic("loadtests.backlog", ("--rate", "10", "--open", "30")),
    row={0: "·", 1: "·", 2: "·", 3: "B", 4: "S", 5: "S", 6: "S", 7: "S"},
    # A mail that comes within a visibility timeout is not stuck behind anything.
    survives_when=Threshold(
        p95_ratio=1.2, window=40, failed_share=0, mail_within=10, lost=0, doubled=0
    ),
    load=Load(users=4, reads=5, writes=2, jobs=2),
    hold=40,
    broke_by={
        3: "nobody slows the producers: their requests take the instances' time from all others, "
        "and their jobs share the one queue with everybody's mails"
    },
    fixed_by={3: "stage 4: a queue for each kind of work, and producers that are slowed down"},
)
