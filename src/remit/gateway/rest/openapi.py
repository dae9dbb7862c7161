"""The OpenAPI 3.1 document of what is served, made of the declarations, and a page to try it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec

from remit.gateway.broker import VERSION
from remit.gateway.rest.frame import Call, Operation, Page
from remit.gateway.rest.problems import TITLES

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "instance"],
}
_KEYS = re.compile(r"Key$")


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """`operations` are those that are served; others are left out."""
    types = [each for o in operations for each in (o.request, o.answer) if _is_type(each)]
    _, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _described(operation)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Remit: Orchestration Cluster REST API",
            "version": VERSION,
            "description": "What this broker serves of the API that Camunda 8 clients speak.",
        },
        "servers": [{"url": "/v2"}],
        "paths": paths,
        "components": {"schemas": {**components, "ProblemDetail": _PROBLEM}},
    }


def _is_type(kind: Any) -> bool:
    return kind is not None and kind is not dict and kind is not list


def _described(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.path.split("/")[1]],
        "responses": {str(operation.success): _success(operation), **_faults()},
    }
    names = re.findall(r"\{(\w+)\}", operation.path)
    if names:
        found["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": _parameter(name)}
            for name in names
        ]
    if operation.request is not None:
        content = {"application/json": {"schema": _reference(operation.request)}}
        found["requestBody"] = {"content": content}
    elif not operation.reads_body:
        form = {
            "type": "object",
            "properties": {"resources": {"type": "string", "format": "binary"}},
        }
        found["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}}
    return found


def _parameter(name: str) -> dict[str, Any]:
    if _KEYS.search(name):
        return {"type": "string", "pattern": "^-?[0-9]{1,19}$"}
    return {"type": "string"}


def _success(operation: Operation) -> dict[str, Any]:
    if operation.success == 204:
        return {"description": "done"}
    schema = _reference(operation.answer) if _is_type(operation.answer) else {"type": "object"}
    return {"description": "the answer", "content": {"application/json": {"schema": schema}}}


def _faults() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDetail"}
    content = {"application/problem+json": {"schema": schema}}
    return {str(code): {"description": said, "content": content} for code, said in TITLES.items()}


def _reference(kind: Any) -> dict[str, Any]:
    schema, _ = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    return dict(schema[0])


def operations(served: Sequence[Operation]) -> tuple[Operation, ...]:
    """The document, and the page."""
    content = msgspec.json.encode(document(served))

    async def tell(call: Call, body: None) -> Page:
        return Page(content, "application/json")

    async def show(call: Call, body: None) -> Page:
        return Page(_PAGE, "text/html; charset=utf-8")

    return (
        Operation("GET", "/openapi.json", "getOpenApi", tell),
        Operation("GET", "/docs", "getDocs", show),
    )


_PAGE = files(__package__).joinpath("docs.html").read_bytes()
