"""`PUT /upload/<key>?ticket=…`: where a picture goes while there is no S3 to send it to.

What S3 does with a presigned URL, the app does with a signed ticket; from stage 2 on no picture's
byte passes through it.
"""

from __future__ import annotations

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    UnreadablePostError,
)
from django.views.decorators.csrf import csrf_exempt

from aws import objectstore
from config.problems import Problem


@csrf_exempt  # the ticket is the permission, as a presigned URL's signature is
def receive(request: HttpRequest, key: str) -> HttpResponse:
    """Take the bytes that the ticket is for: 200, or 403 as S3 would refuse them, or 411."""
    bucket = objectstore.media()
    if not isinstance(bucket, objectstore.LocalBucket):
        raise Http404
    if request.method != "PUT":
        return HttpResponseNotAllowed(["PUT"])
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        raise Problem(411, detail="Say how long it is, with Content-Length.")
    ticket = request.GET.get("ticket", "")
    kind = request.content_type or ""
    try:
        bucket.receive(key, ticket, kind, int(length), request.read)
    except objectstore.Refused as refused:
        # All of it is read, or the connection is closed in the middle and nobody gets the reason.
        while request.read(objectstore.CHUNK):
            pass
        raise Problem(403, detail=str(refused)) from refused
    except objectstore.NotFound:
        raise Http404 from None
    except UnreadablePostError:
        raise Problem(400, detail="The upload ended too early.") from None
    except OSError as error:
        if error.errno in objectstore.DISK_FULL:
            raise Problem(507, detail="The disk is full.") from error
        raise
    head = bucket.head(key)
    return HttpResponse(headers={"ETag": f'"{head.etag}"'} if head else {})
