"""Documents on the wire: JSON texts that must be objects."""

from __future__ import annotations

from typing import Any

import msgspec

from remit.gateway.faults import Code, Status
from remit.protocol.values import POLICY_HEADER, STEP_HEADER, ActivatedJob, Document

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_INT64 = range(-(1 << 63), 1 << 64)


def document(text: str, what: str = "variables") -> Document:
    """A JSON object; a blank text is an empty one."""
    if not text or text == "{}":
        return {}
    try:
        value = _decode(text)
    except (msgspec.DecodeError, RecursionError) as fault:
        if not text.strip():
            return {}
        raise Status(
            Code.INVALID_ARGUMENT, f"Invalid JSON value in '{what}': {fault}: '{text[:100]}'"
        ) from fault
    if value is None:
        return {}
    if value.__class__ is not dict:
        raise Status(
            Code.INVALID_ARGUMENT,
            f"Property '{what}' is invalid: Expected document to be a root level object, but was "
            f"'{_KINDS.get(value.__class__, 'a value')}'",
        )
    bounded: Document = _bounded(value)
    return bounded


def bounded(value: Document) -> Document:
    """A document that was decoded already, with integers as every other client would have them."""
    found: Document = _bounded(value) if value else value
    return found


def text(value: Document) -> str:
    return _encode(value).decode() if value else "{}"


def headers_of(activated: ActivatedJob) -> dict[str, str]:
    """The headers that a worker gets: those of the model, and the policy that the job comes under."""
    headers = activated.job.headers
    if not activated.policy:
        return headers
    return {
        **headers, POLICY_HEADER: _encode(activated.policy).decode(), STEP_HEADER: activated.step
    }  # fmt: skip


def headers_text(activated: ActivatedJob) -> str:
    """The same as a JSON text. Blocks are letters that JSON writes as they are, so nobody has to look
    at each of them again."""
    headers = activated.job.headers
    if not activated.policy:
        return text(headers)
    if POLICY_HEADER in headers or STEP_HEADER in headers:
        return text(headers_of(activated))
    own = f"{text(headers)[1:-1]}," if headers else ""
    blocks = '\\",\\"'.join(activated.policy)
    step = _encode(activated.step).decode()
    return f'{{{own}"{POLICY_HEADER}":"[\\"{blocks}\\"]","{STEP_HEADER}":{step}}}'


_KINDS = {list: "ARRAY", str: "STRING", int: "INTEGER", float: "FLOAT", bool: "BOOLEAN"}


def _bounded(value: Any) -> Any:
    """Integers beyond 64 bits become floats, as every other client would have them."""
    kind = value.__class__
    if kind is int and value not in _INT64:
        return float(value)
    if kind is dict:
        for name, each in value.items():
            if each.__class__ in (dict, list, int):
                value[name] = _bounded(each)
    elif kind is list:
        for at, each in enumerate(value):
            if each.__class__ in (dict, list, int):
                value[at] = _bounded(each)
    return value
