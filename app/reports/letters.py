"""What the digest says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape

from mailer.services import Letter

_FRAME = """\
<!doctype html>
<html lang="en">
<body style="margin:0;background:#f3f6f8;font:16px/1.5 system-ui,sans-serif;color:#1d2b36">
<div style="max-width:34rem;margin:0 auto;padding:2rem 1rem">
<div style="background:#fff;border-radius:12px;padding:1.75rem">
<p style="margin:0 0 1rem;font-weight:700;color:#0b6e8f">Tern</p>
{body}
</div>
<p style="margin:1rem .5rem 0;font-size:.8rem;color:#6b7a86">
You get this once a week, when something happened.</p>
</div></body></html>
"""


@dataclass(frozen=True)
class Line:
    """A post in a digest."""

    author: str
    text: str
    likes: int


def digest(
    key: str, handle: str, address: str, counted: Sequence[str], lines: Sequence[Line], link: str
) -> Letter:
    """What happened in a week: `counted` in words, then the posts that people liked."""
    news = " and ".join(counted)
    text = [f"Hello {handle},", ""]
    text += [f"this week you have {news}.", ""] if news else []
    text += ["What the people you follow wrote:", ""] if lines else []
    text += [f"  @{one.author}: {one.text} ({_likes(one.likes)})" for one in lines]
    text += ["", f"All of it: {link}", "", "Tern", ""]
    html = [f"<h1 style='font-size:1.3rem;margin:0 0 .75rem'>Hello {escape(handle)}</h1>"]
    html += [f"<p>This week you have <b>{escape(news)}</b>.</p>"] if news else []
    html += ["<p>What the people you follow wrote:</p>"] if lines else []
    html += [
        f"<p style='margin:.75rem 0;padding-left:.75rem;border-left:3px solid #0b6e8f'>"
        f"<b>@{escape(one.author)}</b> {escape(one.text)}"
        f"<br><span style='color:#6b7a86;font-size:.85rem'>{_likes(one.likes)}</span></p>"
        for one in lines
    ]
    html += [f"<p style='margin:1.25rem 0 0'><a href='{escape(link)}'>Your timeline</a></p>"]
    return Letter(
        key=key,
        to=address,
        subject=f"Your week: {news}" if news else "Your week on Tern",
        text="\n".join(text),
        html=_FRAME.format(body="\n".join(html)),
    )


def _likes(n: int) -> str:
    return "1 like" if n == 1 else f"{n} likes"
