"""One terrible query."""

from tenfold.drill.model import Drill
from tenfold.faults.queries import BadSql
from tenfold.measure import Threshold

# Every post against every like against every like: it ends when somebody ends it.
RUNAWAY = (
    "SELECT count(*) FROM posts_post p, posts_like a, posts_like b "
    "WHERE p.text || a.post_id::text LIKE '%' || b.account_id::text || '%'"
)

DRILL = Drill(
    name="bad-sql",
    story="A job of the search context runs a join without a condition, four times at once.",
    rehearses="Stage 4 breaks first by one bad SQL query that takes the primary down.",
    fault=BadSql("search-job", RUNAWAY),
    row={0: "B", 1: "B", 2: "B", 3: "B", 4: "B", 5: "S", 6: "S", 7: "S"},
    # The noisy context is search; what the probe asks is the other contexts'. At stage 3 its reads
    # are answered by the replica: writes are what shows the primary.
    survives_when=Threshold(p95_ratio=1.5, ratio_of=("read", "write"), failed_share=0.0, window=60),
    operator=dict.fromkeys(range(5), "stops the job, ends its sessions (pg_terminate_backend)"),
    broke_by=dict.fromkeys(range(5), "all contexts share one primary, and its CPU is the query's"),
    fixed_by=dict.fromkeys(range(5), "stage 5: search has a database of its own"),
)
