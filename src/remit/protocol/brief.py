"""Records with fewer fields: what nobody needs of them is not decoded.

JobBrief = brief(Job, up_to="headers")
brief(JobCreated, up_to="job", job=JobBrief)     reads what `JobCreated` is written as
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import NODEFAULT, Raw, Struct, defstruct
from msgspec.structs import FieldInfo, fields

_encode = msgspec.msgpack.Encoder().encode


def brief(kind: type[Struct], /, *, up_to: str, **read_as: Any) -> type[Struct]:
    """A struct with the number of `kind` and its fields as far as `up_to`, in the same places.

    `read_as` are other types to read some of them as; `Raw` leaves a field as it is written.
    """
    found: list[tuple[str, Any, Any]] = []
    for each in fields(kind):
        found.append(_field(each, read_as.get(each.name, each.type)))
        if each.name == up_to:
            break
    return _made(kind, found)


def tag_of(kind: type[Struct]) -> type[Struct]:
    """A struct that tells records of `kind` from others, and nothing more."""
    return _made(kind, [])


def _made(kind: type[Struct], found: list[tuple[str, Any, Any]]) -> type[Struct]:
    config = kind.__struct_config__
    return defstruct(
        kind.__name__, found, frozen=True, gc=False, array_like=True, tag=config.tag,
        tag_field=config.tag_field,
    )  # fmt: skip


def _field(of: FieldInfo, kind: Any) -> tuple[str, Any, Any]:
    """Name, type and default, as `defstruct` takes them."""
    default = of.default
    if of.default_factory is not NODEFAULT:
        default = of.default_factory()
    if kind is Raw and default is not NODEFAULT:
        default = Raw(_encode(default))
    return of.name, kind, msgspec.field(default=default)
