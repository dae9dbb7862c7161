"""Problems as RFC 9457 has them: the only shape of a REST error."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remit.gateway.faults import PROBLEMS, Status, of_fault


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


def of_status(request: Request, status: Status) -> Response:
    twin = PROBLEMS[status.code]
    return problem(twin.http, twin.title, str(status), request.url.path)


async def on_fault(request: Request, fault: Exception) -> Response:
    return of_status(request, of_fault(fault))


async def on_unknown_path(request: Request, fault: Exception) -> Response:
    return problem(
        404, "NOT_FOUND", f"there is no resource at {request.url.path}", request.url.path
    )


async def on_wrong_method(request: Request, fault: Exception) -> Response:
    said = f"{request.url.path} does not answer to {request.method}"
    return problem(405, "Method Not Allowed", said, request.url.path)
