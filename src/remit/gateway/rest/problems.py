"""Problems as RFC 9457 has them outside /v2; below it, `frame.py` makes them."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remit.gateway.faults import of_fault

TITLES = {
    400: "the request is wrong",
    401: "who are you?",
    403: "not permitted",
    404: "not found",
    409: "not in a state for this",
    413: "too large",
    429: "too many at once",
    500: "an unexpected fault",
    503: "not now",
    504: "not in time",
}
"""The statuses that any operation may answer with, and what they mean."""


def problem(http: int, title: str, detail: str, instance: str) -> Response:
    body = msgspec.json.encode(
        {
            "type": "about:blank",
            "title": title,
            "status": http,
            "detail": detail,
            "instance": instance,
        }
    )
    return Response(body, http, media_type="application/problem+json")


async def on_fault(request: Request, fault: Exception) -> Response:
    status = of_fault(fault)
    twin = status.problem
    return problem(twin.http, twin.title, str(status), request.url.path)


async def on_unknown_path(request: Request, fault: Exception) -> Response:
    return problem(
        404, "NOT_FOUND", f"there is no resource at {request.url.path}", request.url.path
    )


async def on_wrong_method(request: Request, fault: Exception) -> Response:
    said = f"{request.url.path} does not answer to {request.method}"
    return problem(405, "Method Not Allowed", said, request.url.path)
