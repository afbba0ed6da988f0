"""One context takes all database connections."""

from tenfold.drill.model import Drill, Load
from tenfold.faults.queries import PoolHog
from tenfold.measure import Threshold

DRILL = Drill(
    name="pool-hog",
    story="The notifications' table is locked; their requests wait, and hold every connection.",
    rehearses="Stage 4 breaks first by a noisy service that eats the whole connection pool.",
    fault=PoolHog("notifications-migration", "notifications_notification", "/api/v1/notifications"),
    row={0: "B", 1: "B", 2: "B", 3: "B", 4: "B", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(failed_share=0.0, window=60, lost=0, doubled=0),
    # The page that tells a logged-in person is the notifications': it is the noisy context's own.
    load=Load(sessions=0),
    operator=dict.fromkeys(range(5), "ends the session that holds the lock"),
    broke_by=dict.fromkeys(
        range(5), "an instance has one pool for all contexts, and one context's requests hold it"
    ),
    fixed_by=dict.fromkeys(range(5), "stage 5: a service and a pool for each context"),
)
