"""Expensive searches."""

from tenfold.drill.model import Drill
from tenfold.faults.searches import Searches
from tenfold.measure import Threshold

DRILL = Drill(
    name="heavy-search",
    story="Twelve searches a second for a word of years ago, fifty posts a page.",
    rehearses="Stage 5: search becomes a service with OpenSearch behind it.",
    fault=Searches(),
    row={0: "·", 1: "B", 2: "B", 3: "B", 4: "B", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(p95_ratio=2, window=45),
    hold=47,
    broke_by=dict.fromkeys(
        range(1, 5), "search is SQL on the posts' table: the timeline waits for the same CPUs"
    ),
    fixed_by=dict.fromkeys(range(1, 5), "stage 5: search has a store and instances of its own"),
)
