"""The log as history reads it: of each turn only what is told of it or audited.

What nobody here reads of an event is not decoded: fields at its end are left out, those in between stay
as bytes. All else of a turn is as `remit.partition.log` has it, under the same names.
"""

from collections.abc import Mapping
from types import GenericAlias
from typing import TYPE_CHECKING, Union, cast

import msgspec
import zstandard
from msgspec import Raw, Struct

from remit.base.errors import RejectionType
from remit.partition.log import Logged
from remit.protocol.brief import brief
from remit.protocol.events import EVENTS, Event
from remit.protocol.events import governance as g
from remit.protocol.events import job as j
from remit.protocol.events import process_instance as p
from remit.protocol.values import Actor, Header, Job

_JOB = brief(Job, up_to="headers")
_ENDED_JOB, _TAKEN_JOB = brief(Job, up_to="error_code"), brief(Job, up_to="deadline")

BRIEF: Mapping[type[Event], type[Struct]] = {
    p.ElementActivated: brief(p.ElementActivated, up_to="definition"),
    p.ElementCompleting: brief(p.ElementCompleting, up_to="definition"),
    p.ElementCompleted: brief(p.ElementCompleted, up_to="kind"),
    p.InstanceCreated: brief(p.InstanceCreated, up_to="business_id", variables=Raw),
    j.JobCreated: brief(j.JobCreated, up_to="job", job=_JOB),
    j.JobCompleted: brief(j.JobCompleted, up_to="result", job=_ENDED_JOB, variables=Raw),
    j.JobsActivated: brief(
        j.JobsActivated, up_to="jobs", jobs=GenericAlias(tuple, (_TAKEN_JOB, ...))
    ),
    g.StepAdmitted: brief(
        g.StepAdmitted, up_to="tenant", clauses=Raw, facts=Raw, slope=Raw, duties=Raw
    ),
    g.OwnStepAdmitted: brief(g.OwnStepAdmitted, up_to="tenant", clauses=Raw, facts=Raw),
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
    header: brief(Header, up_to="actor", actor=brief(Actor, up_to="method"))  # type: ignore[valid-type]
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
