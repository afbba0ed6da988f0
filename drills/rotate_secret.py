"""The database password is changed."""

from tenfold.drill.model import Control, Drill
from tenfold.faults import ChangePassword
from tenfold.measure import Threshold

FILES = "the password is a file that each instance read at its start: new logins are refused"
BY_HAND = "gives the instances the new file and starts them again"
# No change of a password cuts a connection. What makes it felt is that none lives longer than
# DB_MAX_AGE (30 s at drill pace): within half of the hold all have logged in anew.
DRILL = Drill(
    name="rotate-secret",
    story="The database password is changed.",
    rehearses="Stage 3: credentials come only from Secrets Manager, and are rotated under load.",
    fault=ChangePassword(),
    row={0: "B", 1: "B", 2: "B", 3: "S", 4: "S", 5: "S", 6: "S", 7: "S"},
    survives_when=Threshold(failed_share=0, window=60, lost=0, doubled=0),
    hold=62,
    operator=dict.fromkeys((0, 1, 2), BY_HAND),
    control={3: (Control("secret-refresh"),)},
    saved_by={3: "a refused login reads the secret again, and the connection is made with the new"},
    broke_by={
        0: FILES,
        1: FILES,
        2: FILES,
        3: "the instances keep the password that they read at their start",
    },
    fixed_by=dict.fromkeys((0, 1, 2), "stage 3: Secrets Manager, asked again when a login fails"),
)
