"""Finding and being told: search, notifications, the activity report."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from notifications import services as notices
from pages import forms
from pages.context import me
from pages.feed import cards, handles_of
from pages.guard import view
from pages.shared import PAGE, cursor, key, older, reader
from reports import services as report_services
from search import services as search_services


@view("GET", "HEAD")
def search(request: HttpRequest) -> HttpResponse:
    """Posts that have the words."""
    form = forms.Search(request.GET)
    context: dict[str, Any] = {"q": request.GET.get("q", ""), "paged": cursor(request) is not None}
    status = 200
    if not form.is_valid():
        context["error"], status = forms.reasons(form), 422
    elif q := form.cleaned_data["q"]:
        found = search_services.posts(q, cursor=cursor(request), limit=PAGE)
        context["posts"] = cards(found.items, me(request))
        context["older"] = older(found.next_cursor, q=q)
    return render(request, "search.html", context, status=status)


KINDS = {"like": "liked your post", "follow": "follows you"}


@view("GET", "HEAD", login=True)
def notifications(request: HttpRequest) -> HttpResponse:
    """What others did."""
    found = notices.page(reader(request).id, cursor=cursor(request), limit=PAGE)
    handles = handles_of(one.actor_id for one in found.items)
    context = {
        "here": "notifications",
        "notices": [
            {
                "actor": handles[one.actor_id],
                "words": KINDS.get(one.kind, one.kind),
                "post_id": one.post_id,
                "at": one.created_at,
                "read": one.read,
            }
            for one in found.items
            if one.actor_id in handles
        ],
        "older": older(found.next_cursor),
    }
    return render(request, "notifications.html", context)


@view("POST", login=True)
def mark_read(request: HttpRequest) -> HttpResponse:
    """All of them are read."""
    notices.mark_read(reader(request).id)
    return HttpResponseRedirect("/notifications")


@view("GET", "HEAD", "POST", login=True)
def reports(request: HttpRequest) -> HttpResponse:
    """Ask for an activity report."""
    if request.method == "POST":
        report = report_services.request(reader(request).id, key=key(request))
        return HttpResponseRedirect(f"/reports/{report.id}")
    return render(request, "reports.html")


REPORT_WORDS = {
    "ready": "Your report is ready.",
    "failed": "The report could not be made. Ask for it again.",
}


def _report(request: HttpRequest, report_id: uuid.UUID) -> Any:
    report = report_services.get(reader(request).id, report_id)
    if report is None:
        raise Http404
    return report


@view("GET", "HEAD", login=True)
def one_report(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """How far a report is."""
    report = _report(request, report_id)
    pending = report.status not in REPORT_WORDS
    context = {
        "id": report.id,
        "at": report.created_at,
        "status": report.status,
        "label": "being made" if pending else report.status,
        "words": REPORT_WORDS.get(report.status, "It is being made; this page looks again."),
        "pending": pending,
        "ready": report.status == "ready",
    }
    return render(request, "report.html", {"report": context})


@view("GET", "HEAD", login=True)
def download_report(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """The report's file."""
    report = _report(request, report_id)
    if report.status != "ready":
        raise Http404
    body = report_services.content(report)
    answer = HttpResponse(body, content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="tern-activity.json"'
    return answer
