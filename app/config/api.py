"""The public API: its routers, and every refusal as an RFC 9457 problem document.

OpenAPI at /api/openapi.json, a page to read it at /api/docs. Paths and shapes are the same at every
stage.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from accounts.api import router as accounts
from analytics.api import router as analytics
from aws import seen
from config.problems import CONTENT_TYPE, Problem, phrase, response
from media.api import router as media
from notifications.api import router as notifications
from posts.api import router as posts
from reports.api import router as reports
from search.api import router as search
from timeline.api import router as timeline

log = logging.getLogger(__name__)
REFUSALS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503)
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "Why a request was refused or not served (RFC 9457).",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for whoever asked."},
        "request_id": {"type": "string"},
    },
}


class JsonParser(Parser):
    """JSON as RFC 8259 has it, declared as such."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body; raises Problem 400 (no JSON) or 415 (declared as something else)."""
        kind = (request.content_type or "").lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise Problem(415, detail="Send JSON, with Content-Type: application/json.")
        try:
            return json.loads(request.body.decode(), parse_constant=_no_constant)
        except UnicodeDecodeError:
            raise Problem(400, detail="The body is no UTF-8.") from None
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, json.JSONDecodeError) else "too deep or large"
            raise Problem(400, detail=f"The body is no JSON: {reason[:100]}.") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


class Api(NinjaAPI):
    """Ninja's, whose OpenAPI document also says what each operation may refuse."""

    _document: OpenAPISchema | None = None

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The document, made once."""
        if self._document is None:
            document = super().get_openapi_schema(**options)
            document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
            document["components"]["responses"] = _refusals()
            for operations in document["paths"].values():
                for operation in operations.values():
                    operation["responses"].update(
                        {one: {"$ref": f"#/components/responses/{one}"} for one in REFUSALS}
                    )
            self._document = document
        return self._document


def _refusals() -> dict[str, Any]:
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        str(status): {"description": phrase(status), "content": {CONTENT_TYPE: schema}}
        for status in REFUSALS
    }


api = Api(
    title="Tenfold",
    version="1.0.0",
    description="A small social network. Lists are newest first, with cursors. Every write takes"
    " an `Idempotency-Key` and repeats safely. Refusals are problem documents (RFC 9457).",
    urls_namespace="api",
    parser=JsonParser(),
)
for _router in (accounts, posts, timeline, media, notifications, search, reports, analytics):
    api.add_router("/v1/", _router)


def _answer(problem: Problem) -> HttpResponse:
    return response(problem, seen.now().request_id)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return _answer(problem)


# What is not handled here goes on to aws.middleware.Problems: a dependency that is away is a 503.
@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    # Ninja wraps whatever the parser raises.
    if isinstance(error.__cause__, Problem):
        return _answer(error.__cause__)
    return _answer(Problem(error.status_code, detail=error.message))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _answer(Problem(422, detail="; ".join(_reason(one) for one in error.errors[:5])))


def _reason(one: dict[str, Any]) -> str:
    """`text: String should have at most 500 characters`, without what was sent."""
    # Where it is begins with its source and, in a body, the name of our own parameter.
    where = [str(part)[:40] for part in one["loc"]]
    where = where[2:] if where[0] == "body" else where[1:]
    message = str(one["msg"]).removeprefix("Value error, ")
    if not where and one["type"] == "missing":
        message = "Send JSON, with Content-Type: application/json"
    return ": ".join(filter(None, (".".join(where), message)))[:300]


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return _answer(Problem(404))


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return _answer(Problem(413, detail="The body is larger than 1 MiB."))


@api.exception_handler(UnreadablePostError)
def _cut(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    return _answer(Problem(400, detail="The body ended too early."))


@api.exception_handler(SuspiciousOperation)
def _suspicious(request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
    return _answer(Problem(400))


@api.exception_handler(DataError)
def _data(request: HttpRequest, error: DataError) -> HttpResponse:
    log.warning("the database refused a value: %s", error)
    return _answer(Problem(422, detail="A value is out of its range."))
