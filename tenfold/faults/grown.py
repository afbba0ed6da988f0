"""The posts' table as big as a grown product's, for faults that a small seed would hide.

The rows added belong to nobody and sort before all others, so that nobody is shown one.
"""

from __future__ import annotations

from tenfold import sql
from tenfold.engine import Engine

OLDEST = "00000001-0000-0000-0000-000000000000"
"""ids of the rows that make the table big are before it, those of real posts (UUIDv7) after"""


def grow(engine: Engine, rows: int, once_said: str = "") -> None:
    """Add so many posts; those that are there already are left.

    The older half of them is about `once_said`, a word that nobody uses any more.
    """
    sql.run(
        engine,
        f"""
        INSERT INTO posts_post (id, author_id, text, media_ids, likes)
        SELECT ('00000000' || lpad(to_hex(n), 8, '0') || left(md5(n::text), 16))::uuid,
            gen_random_uuid(),
            'an older post, number ' || n || CASE
                WHEN n <= {rows} / 2 THEN ' {once_said}' ELSE '' END,
            '{{}}', 0
        FROM generate_series(1, {rows}) AS n ON CONFLICT DO NOTHING""",
        seconds=60,
    )
    sql.run(engine, "ANALYZE posts_post")


def shrink(engine: Engine) -> int:
    """Take them away again; how many there were."""
    gone = f"WITH gone AS (DELETE FROM posts_post WHERE id < '{OLDEST}' RETURNING 1)"
    count = int(sql.run(engine, f"{gone} SELECT count(*) FROM gone", seconds=60))
    if count:
        sql.run(engine, "VACUUM ANALYZE posts_post", seconds=60)
    return count
