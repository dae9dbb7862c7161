"""The OpenAPI 3.1 document of what is served, made of the declarations, and a page to try it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import msgspec

from remit.gateway.broker import VERSION
from remit.gateway.rest.frame import Call, Operation, Page
from remit.gateway.rest.problems import TITLES
from remit.history.searching import ALLOWED, MAX_LIMIT, Entity, Field

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
    schemas, components = _schemas(types)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _described(operation, schemas)
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


Schemas = Mapping[Any, dict[str, Any]]
"""By the type of a request or an answer: its schema, or the reference to it."""


def _schemas(types: Sequence[Any]) -> tuple[Schemas, dict[str, Any]]:
    """The schemas of all these types at once, so that each name means one of them; and the components.

    Types of one name in several modules are told apart by the module's name before it.
    """
    found, components = msgspec.json.schema_components(types, ref_template=f"{_PLACE}{{name}}")
    names = {name: _short(name) for name in components}
    assert len(set(names.values())) == len(names), "two components would have one name"
    named = [_renamed(each, names) for each in found]
    return (
        dict(zip(types, named, strict=True)),
        {names[name]: _renamed(each, names) for name, each in components.items()},
    )


_PLACE = "#/components/schemas/"


def _short(name: str) -> str:
    """
    >>> _short("remit.gateway.rest.user_tasks.Changes"), _short("Reference")
    ('UserTasksChanges', 'Reference')
    """
    *rooms, last = name.split(".")
    return "".join(word.capitalize() for word in rooms[-1].split("_")) + last if rooms else last


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """A schema whose references have these names."""
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"{_PLACE}{names[value.removeprefix(_PLACE)]}"
        if key == "$ref"
        else _renamed(value, names)
        for key, value in schema.items()
    }


def _is_type(kind: Any) -> bool:
    return kind is not None and kind is not dict and kind is not list


def _described(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.path.split("/")[1]],
        "responses": {str(operation.success): _success(operation, schemas), **_faults()},
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _parameter(name)}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ] + [
        {"name": each.name, "in": "query", "required": each.is_required, "schema": each.schema}
        for each in operation.query
    ]
    if parameters:
        found["parameters"] = parameters
    if operation.searched is not None:
        content = {"application/json": {"schema": search_of(operation.searched)}}
        found["requestBody"] = {"content": content}
    elif operation.request is not None:
        content = {"application/json": {"schema": schemas[operation.request]}}
        found["requestBody"] = {"content": content}
    elif not operation.reads_body:
        form = {
            "type": "object",
            "properties": {"resources": {"type": "string", "format": "binary"}},
        }
        found["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}}
    return found


_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "enum": {"type": "string"},
    "key": {"type": "string", "pattern": "^-?[0-9]{1,18}$"},
    "integer": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "date": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
}
_LISTS, _FLAGS = ("$in", "$notIn"), ("$exists",)
_PAGES = (("limit",), ("from", "limit"), ("after", "limit"), ("before", "limit"))


def search_of(entity: Entity) -> dict[str, Any]:
    """The request of a search: filters by the properties of `entity`, an order, one form of page."""
    filters: dict[str, Any] = {
        name: _filter(entity.field(name))
        for name in (*entity.fields, *entity.hidden)
        if name not in entity.extras and entity.field(name).kind in _SCALARS
    }
    others: dict[str, Any] = {name: {} for name in entity.extras}
    others["$or"] = {"type": "array", "items": {"type": "object"}}
    sorts = [name for name, field in entity.fields.items() if field.kind in _SCALARS]
    order = {"enum": ["ASC", "DESC"]}
    return _object(
        {
            "filter": _object({**filters, **others}),
            "sort": {
                "type": "array",
                "items": _object({"field": {"enum": sorts}, "order": order}, required=["field"]),
            },
            "page": {"oneOf": [_page(form) for form in _PAGES]},
        }
    )


def _object(properties: dict[str, Any], *, required: Sequence[str] = ()) -> dict[str, Any]:
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _filter(field: Field) -> dict[str, Any]:
    """A value, or operators with their operands."""
    scalar = _SCALARS[field.kind]
    if field.words:
        scalar = {**scalar, "enum": list(field.words)}
    operators: dict[str, Any] = {}
    for operator in ALLOWED[field.kind]:
        operators[operator] = _SCALARS["string"] if operator == "$like" else scalar
        if operator in _LISTS:
            operators[operator] = {"type": "array", "items": scalar}
        elif operator in _FLAGS:
            operators[operator] = {"type": "boolean"}
    return {"anyOf": [scalar, _object(operators)]}


def _page(form: tuple[str, ...]) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
        "from": {"type": "integer", "minimum": 0},
        "after": {"type": "string"},
        "before": {"type": "string"},
    }
    return _object({name: kinds[name] for name in form}, required=form[:1])


def _parameter(name: str) -> dict[str, Any]:
    if _KEYS.search(name):
        return {"type": "string", "pattern": "^-?[0-9]{1,19}$"}
    return {"type": "string"}


def _success(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    if operation.success == 204:
        return {"description": "done"}
    schema = schemas[operation.answer] if _is_type(operation.answer) else {"type": "object"}
    return {"description": "the answer", "content": {"application/json": {"schema": schema}}}


def _faults() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDetail"}
    content = {"application/problem+json": {"schema": schema}}
    return {str(code): {"description": said, "content": content} for code, said in TITLES.items()}


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
