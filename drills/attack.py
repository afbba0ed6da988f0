"""Injection, cross-site scripting, traversal."""

from tenfold.drill.model import Drill, Load
from tenfold.faults.attack import Attack, none_arrived
from tenfold.measure import Threshold

OPEN = "nothing looks at a request before the instance does: all of the app's code is within reach"

DRILL = Drill(
    name="attack",
    story="Somebody tries injection, cross-site scripting and path traversal on the site.",
    rehearses="Stage 4: WAF and Shield in front; before that each instance meets the internet.",
    fault=Attack(),
    row={0: "B", 1: "B", 2: "B", 3: "B", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(failed_share=0, window=40),
    checks=(none_arrived,),
    load=Load(users=6, reads=5, writes=3),
    hold=35,
    broke_by=dict.fromkeys((0, 1, 2, 3), OPEN),
    fixed_by=dict.fromkeys((0, 1, 2, 3), "stage 4: a WAF that refuses them at the edge"),
)
