"""The instance that logged you in dies."""

from tenfold.drill.model import Control, Drill
from tenfold.faults import KillWhoLoggedIn
from tenfold.measure import Threshold

LOST = "the session was in the process that made it, and is gone with it"
SELF_CONTAINED = "any instance can read the session"
DRILL = Drill(
    name="forget-me-not",
    story="The instance that logged you in loses its power.",
    rehearses="Stage 2: the app is stateless (signed cookies and JWT, sticky sessions off).",
    fault=KillWhoLoggedIn(),
    row={0: "B", 1: "B", 2: "S", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(logged_out=0),
    hold=30,
    operator={0: "starts the instance again", 1: "starts the instance again"},
    control={2: (Control("stateless"),), 3: (Control("stateless"),)},
    detected_by=("target_unhealthy", "terminating"),
    replaced_by=("in_service",),
    saved_by={
        2: f"the session is in the signed cookie: {SELF_CONTAINED}",
        3: f"the session is in Redis: {SELF_CONTAINED}",
    },
    broke_by=dict.fromkeys((0, 1, 2, 3), LOST),
    fixed_by=dict.fromkeys((0, 1), "stage 2: sessions in signed cookies, on no instance"),
)
