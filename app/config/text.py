"""What people write, made safe to keep: Postgres takes neither NUL nor broken Unicode."""

from __future__ import annotations

import re

from config.problems import Problem

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean(text: str, what: str, *, longest: int, strip: bool = True) -> str:
    """`text` with one kind of line end; raises Problem(422) with the reason why not.

    `what` begins the reason ("The text …"), `longest` is in characters.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if strip:
        text = text.strip()
    if _CONTROL.search(text):
        raise Problem(422, detail=f"{what} has control characters in it.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Problem(422, detail=f"{what} is no valid Unicode.") from None
    if len(text) > longest:
        raise Problem(
            422, detail=f"{what} has {len(text)} characters; at most {longest} are taken."
        )
    return text
