"""Events that clients report, by the API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import AwareDatetime

from analytics import services
from config.rest import Body, JsonString, Key, bearer, caller

router = Router(tags=["analytics"], auth=bearer)


class EventIn(Body):
    """Something that happened; its `id` makes a repeat known."""

    id: str = Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")
    name: str = Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$", examples=["timeline.opened"])
    at: Annotated[AwareDatetime, JsonString] = Field(
        examples=["2026-05-12T07:30:00Z"], json_schema_extra={"pattern": r"^20\d\d-"}
    )


class Events(Body):
    """Several events; all are kept, or none."""

    events: list[EventIn] = Field(min_length=1, max_length=services.MAX_EVENTS)


class Taken(Schema):
    """Each event is either new or a repeat."""

    accepted: int
    duplicates: int


@router.post("/events", response={202: Taken}, summary="Report events")
def record(request: HttpRequest, body: Events, key: Key = "") -> Status[services.Taken]:
    """Each id is kept once for each account."""
    events = [services.Event(one.id, one.name, one.at) for one in body.events]
    return Status(202, services.record(caller(request).id, events, key=key))
