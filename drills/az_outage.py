"""Everything in one AZ is cut off."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import CutAz
from tenfold.measure import Threshold

# AZ a: the one Redis is there, and the database's primary is put there first. A person who is
# logged in by a browser is a user as well, so the gap counts the looks at the session too. AWS
# brings the AZ back, no operator can: after 50 s, longer than any gap that counts as survived.
DRILL = Drill(
    name="az-outage",
    story="AZ a is cut off for 50 s: an instance, the primary database and all else in it.",
    rehearses="Stage 2: a second web instance behind an ALB, in a second AZ; RDS Multi-AZ.",
    fault=CutAz(az="a", lasts=50),
    row={0: "·", 1: "B", 2: "S", 3: "B", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(gap=35, gap_of=("read", "write", "session"), lost=0, doubled=0),
    load=Load(writes=10),
    hold=54,
    control={2: (Control("multi-az"),), 3: (Control("cache-sessions", expect="S"),)},
    detected_by=("target_unhealthy", "failover_started"),
    promoted_by=("failover_completed",),
    replaced_by=("in_service",),
    saved_by={
        2: "the ALB sent everything to the other AZ's instance, and the standby there took over "
        "when the primary's lease had run out",
        3: "sessions were not in the Redis of that AZ; the other AZ had an instance, a worker and "
        "the standby, and Auto Scaling filled the group up there",
    },
    broke_by={
        1: "the one instance and the one database are in that AZ",
        2: "there is no standby in the other AZ",
        3: "the one Redis is in that AZ, and the sessions are in it: nobody is logged in until it "
        "is back",
    },
    fixed_by={
        1: "stage 2: a second instance and a standby in a second AZ",
        3: "stage 4: a Redis replica in another AZ that takes over",
    },
)
