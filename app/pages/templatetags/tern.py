"""What the templates need beyond Django's own: icons, avatars, ages, links in a text."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from typing import Any

from django import template
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from pages.forms import new_key

register = template.Library()

HUES = 12
"""how many avatar colours the style sheet has"""
LINK = re.compile(
    r"(?P<url>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)])|(?<![\w@/])@(?P<handle>[a-z0-9_-]{2,40})\b"
)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of the icon sheet."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def avatar(handle: str, size: str = "") -> SafeString:
    """The first letter on the handle's colour, linked to the profile."""
    hue = zlib.crc32(handle.encode()) % HUES
    return format_html(
        '<a class="av h{} {}" href="/@{}" tabindex="-1" aria-hidden="true">{}</a>',
        hue,
        size,
        handle,
        handle[:1],
    )


@register.simple_tag(takes_context=True)
def write_fields(context: dict[str, Any], key: str | None = None) -> SafeString:
    """The hidden fields of a form that writes: CSRF token and idempotency key.

    A form that is shown again after a mistake passes its old key, since nothing was written by it.
    """
    return format_html(
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="idempotency_key" value="{}">',
        get_token(context["request"]),
        key or new_key(),
    )


@register.filter
def ago(at: datetime | None) -> str:
    """`at` as a reader says it: now, 5 min, 3 h, 12 May, 12 May 2025."""
    if at is None:
        return ""
    now = datetime.now(UTC)
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    if seconds < 24 * 3600:
        return f"{seconds // 3600:.0f} h"
    day = f"{at.day} {at:%b}"
    return day if at.year == now.year else f"{day} {at.year}"


@register.filter
def linked(text: str) -> SafeString:
    """The text, escaped, with its addresses and @handles as links."""
    parts: list[str] = []
    end = 0
    for found in LINK.finditer(text):
        parts.append(escape(text[end : found.start()]))
        shown = escape(found.group())
        if found["url"]:
            parts.append(f'<a href="{shown}" rel="nofollow noopener ugc">{shown}</a>')
        else:
            parts.append(f'<a href="/@{escape(found["handle"])}">{shown}</a>')
        end = found.end()
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts))
