"""S3, then the ALB, is away for a while."""

from tenfold.drill.model import Control, Drill, Load
from tenfold.faults import OriginsAway
from tenfold.measure import Threshold

# Pages live 6 s at drill pace, so each of them is stale for most of the time that S3 is away. The
# row's "100 % served, <= 50 ms" is read as: no request failed, and 99 of 100 took 50 ms at most.
DRILL = Drill(
    name="origin-down",
    story="S3 is away for 18 s, then the ALB: what CloudFront has kept must not notice.",
    rehearses="Stage 2: all static files and media in S3 behind CloudFront.",
    fault=OriginsAway(each=18),
    row={0: "·", 1: "·", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(cached_failed=0, cached_ms=50),
    load=Load(users=4, reads=3, writes=2, cached=12),
    hold=40,
    control={2: (Control("stale-cache"),), 3: (Control("stale-cache"),)},
    saved_by=dict.fromkeys(
        (2, 3), "CloudFront served what it had kept, the expired too, and waited for nobody"
    ),
    broke_by=dict.fromkeys(
        (2, 3), "what had expired was asked for again from an S3 that was not there"
    ),
)
