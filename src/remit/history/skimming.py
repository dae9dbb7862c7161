"""The log as history reads it: of each turn only what is told of it or audited.

What nobody here reads of an event is not decoded: fields at its end are left out, those in between stay
as bytes. All else of a turn is as `remit.partition.log` has it, under the same names.
"""

from collections.abc import Mapping
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Union, cast

import msgspec
import zstandard
from msgspec import NODEFAULT, Raw, Struct, defstruct
from msgspec.structs import fields

from remit.base.errors import RejectionType
from remit.partition.log import Logged
from remit.protocol.events import EVENTS, Event
from remit.protocol.events import governance as g
from remit.protocol.events import job as j
from remit.protocol.events import process_instance as p
from remit.protocol.values import Actor, Header, Job


def _up_to(last: str, kind: type[Struct], **others: Any) -> type[Struct]:
    """The same struct without the fields behind `last`; `others` are types to read fields as."""
    found: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for each in fields(kind):
        read_as = others.get(each.name, each.type)
        default: Any = each.default
        if each.default_factory is not NODEFAULT:
            default = msgspec.field(default_factory=each.default_factory)
        if read_as is Raw and default is not NODEFAULT:
            default = Raw()
        found.append(
            (each.name, read_as) if default is NODEFAULT else (each.name, read_as, default)
        )
        if each.name == last:
            break
    tags = kind.__struct_config__
    return defstruct(
        kind.__name__, found, frozen=True, gc=False, array_like=True, tag=tags.tag,
        tag_field=tags.tag_field,
    )  # fmt: skip


_JOB = _up_to("headers", Job)
_ENDED_JOB, _TAKEN_JOB = _up_to("error_code", Job), _up_to("deadline", Job)

BRIEF: Mapping[type[Event], type[Struct]] = {
    p.ElementActivated: _up_to("definition", p.ElementActivated),
    p.ElementCompleting: _up_to("definition", p.ElementCompleting),
    p.ElementCompleted: _up_to("kind", p.ElementCompleted),
    p.InstanceCreated: _up_to("business_id", p.InstanceCreated, variables=Raw),
    j.JobCreated: _up_to("job", j.JobCreated, job=_JOB),
    j.JobCompleted: _up_to("result", j.JobCompleted, job=_ENDED_JOB, variables=Raw),
    j.JobsActivated: _up_to("jobs", j.JobsActivated, jobs=GenericAlias(tuple, (_TAKEN_JOB, ...))),
    g.StepAdmitted: _up_to("tenant", g.StepAdmitted, clauses=Raw, facts=Raw, slope=Raw, duties=Raw),
    g.OwnStepAdmitted: _up_to("tenant", g.OwnStepAdmitted, clauses=Raw, facts=Raw),
}
"""What is frequent, or long, and of which little is read."""

if TYPE_CHECKING:
    AnyEvent = Event
else:
    AnyEvent = Union[tuple(BRIEF.get(each, each) for each in EVENTS.values())]  # noqa: UP007


class _Turn(Struct, frozen=True, array_like=True, gc=False):
    """A turn as `Logged` has it."""

    position: int
    timestamp: int
    command: str
    key: int
    header: _up_to("actor", Header, actor=_up_to("method", Actor))  # type: ignore[valid-type]
    rejection: tuple[RejectionType, str] | None
    events: tuple[AnyEvent, ...]


class Skimming:
    """Reads the bodies of batches, one after the other; not for two threads at once."""

    def __init__(self) -> None:
        self._decompress = zstandard.ZstdDecompressor().decompress
        self._decode = msgspec.msgpack.Decoder(list[_Turn]).decode

    def __call__(self, body: bytes) -> list[Logged]:
        """Raises `zstandard.ZstdError` or `msgspec.DecodeError`, as `remit.partition.log.Read` does."""
        return cast(list[Logged], self._decode(self._decompress(body)))
