"""Activity reports by the API."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema, Status

from config.problems import Problem
from config.rest import Key, Limit, bearer, caller
from reports import services

router = Router(tags=["reports"], auth=bearer)


class ReportOut(Schema):
    """A report: pending, then ready or failed."""

    id: uuid.UUID
    status: str = Field(json_schema_extra={"enum": ["pending", "ready", "failed"]})
    status_url: str = Field(description="Ask here until it is ready.")
    file_url: str | None = Field(description="Null until it is ready.")
    created_at: datetime


@router.post("/reports", response={202: ReportOut}, summary="Ask for a report")
def create(request: HttpRequest, response: HttpResponse, key: Key = "") -> Status[ReportOut]:
    """What the caller wrote, liked and followed, as a file that a worker makes."""
    made = _out(services.request(caller(request).id, key=key))
    response.headers["Location"] = made.status_url
    return Status(202, made)


class TopicOut(Schema):
    """Two words that people write together."""

    words: list[str]
    posts: int
    people: int


@router.get("/reports/topics", response=list[TopicOut], summary="What people write about")
def topics(request: HttpRequest, limit: Limit = 20) -> list[TopicOut]:
    """Over all posts, most people first; may be as old as the replica is behind."""
    return [
        TopicOut(words=list(one.words), posts=one.posts, people=one.people)
        for one in services.topics(limit)
    ]


@router.get("/reports/{report_id}", response=ReportOut, summary="How far a report is")
def read(request: HttpRequest, report_id: uuid.UUID) -> ReportOut:
    """A report of the caller's own."""
    return _out(_own(request, report_id))


@router.get(
    "/reports/{report_id}/file",
    summary="Download a report",
    openapi_extra={
        "responses": {
            200: {
                "description": "The report",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        }
    },
)
def file(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """JSON: {handle, since, made_at, posts, likes, follows}."""
    body = services.content(_own(request, report_id))
    answer = HttpResponse(body, content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="tern-activity.json"'
    return answer


def _own(request: HttpRequest, report_id: uuid.UUID) -> services.Report:
    found = services.get(caller(request).id, report_id)
    if found is None:
        raise Problem(404, detail=f"There is no report {report_id} of yours.")
    return found


def _out(report: services.Report) -> ReportOut:
    here = f"/api/v1/reports/{report.id}"
    ready = report.status == services.READY
    return ReportOut(
        id=report.id,
        status=report.status,
        status_url=here,
        file_url=f"{here}/file" if ready else None,
        created_at=report.created_at,
    )
