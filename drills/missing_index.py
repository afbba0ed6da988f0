"""The big table's index is dropped."""

from tenfold.alarmed import named_and_mended
from tenfold.drill.model import Control, Drill, Load
from tenfold.faults.index import DropIndex
from tenfold.measure import Threshold

DRILL = Drill(
    name="missing-index",
    story="A migration drops the index by which timelines find an author's newest posts.",
    rehearses="Stage 3: central logs, real dashboards, paging with a runbook for each alert; "
    "indexes on the big table.",
    fault=DropIndex(index="posts_post_author"),
    row={0: "·", 1: "B", 2: "B", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(),
    checks=(named_and_mended(60, "SlowQuery", "posts_post"),),
    load=Load(users=4, reads=4, writes=2),
    hold=70,
    operator=dict.fromkeys((1, 2, 3), "runs the runbook's script: CREATE INDEX CONCURRENTLY"),
    paged_by=("SlowQuery", "posts_post"),
    control={3: (Control("query-alarm"),)},
    detected_by=("alarm",),
    saved_by={3: "an alarm named the query, and its runbook the one command to run"},
    broke_by={
        1: "CPU alarms say that the database works hard, and none says at what",
        2: "no alarm looks at single queries: users wait until they complain",
        3: "no alarm looked at single queries: users waited until they complained",
    },
    fixed_by={
        1: "stage 3: alarms on queries, each with a runbook",
        2: "stage 3: alarms on queries, each with a runbook",
    },
)
