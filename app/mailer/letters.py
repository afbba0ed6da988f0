"""What the mails say."""

from __future__ import annotations

import uuid

from django.utils.html import escape

from mailer.services import Letter

_TEXT = """\
Hello {handle},

good to have you here. Three things to begin with:

  - Write your first post: a sentence about what you see will do.
  - Search for a word you like, and follow whoever wrote it.
  - Your profile is /@{handle}: that is what others see of you.

See you there,
Tern
"""
_HTML = """\
<!doctype html>
<html lang="en">
<body style="margin:0;background:#f3f6f8;font:16px/1.5 system-ui,sans-serif;color:#1d2b36">
<div style="max-width:34rem;margin:0 auto;padding:2rem 1rem">
<div style="background:#fff;border-radius:12px;padding:1.75rem">
<p style="margin:0 0 1rem;font-weight:700;color:#0b6e8f">Tern</p>
<h1 style="margin:0 0 .75rem;font-size:1.4rem">Hello {handle}</h1>
<p style="margin:0 0 1rem">Good to have you here. Three things to begin with:</p>
<ul style="margin:0 0 1rem;padding-left:1.2rem">
<li>Write your first post: a sentence about what you see will do.</li>
<li>Search for a word you like, and follow whoever wrote it.</li>
<li>Your profile is <b>@{handle}</b>: that is what others see of you.</li>
</ul>
<p style="margin:0">See you there!</p>
</div>
<p style="margin:1rem .5rem 0;font-size:.8rem;color:#6b7a86">
You get this once, because you signed up.</p>
</div></body></html>
"""


def welcome(account_id: uuid.UUID, handle: str, address: str) -> Letter:
    """For whoever has just signed up."""
    return Letter(
        key=f"welcome:{account_id}",
        to=address,
        subject=f"Welcome, {handle}",
        text=_TEXT.format(handle=handle),
        html=_HTML.format(handle=escape(handle)),
    )
