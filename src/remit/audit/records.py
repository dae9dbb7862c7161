"""The log as the auditor reads it: of each kind of record the fields that count, and no others.

    turn = read_turn(raw)        the same turn as `partition.log.read_turn` gives, with less in it

Each kind is read by a struct that is made here of the event's own: the same number, the same names in
the same places. What no check needs is passed over or, where it stands between what is needed and is no
plain value, left as it is written. So are documents and the values of variables: they are compared as
bytes first.

A kind of record that does not exist can't be read, nor a value of another type than its field's where
the auditor looks. That nothing else was changed, the chain and the checkpoints prove.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import fields

from remit.protocol.brief import brief, tag_of
from remit.protocol.events import EVENTS, Event
from remit.protocol.events.batch import BatchPartCanceled, BatchPartCompleted, BatchPartStarted
from remit.protocol.events.condition import ConditionTriggered
from remit.protocol.events.decision import DecisionEvaluated, DecisionFailed
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.escalation import Escalated, NotEscalated
from remit.protocol.events.governance import (
    GovernanceEvent,
    OwnStepAdmitted,
    PoliciesSigned,
    PolicyAttached,
    RevocationsChanged,
    StepAdmitted,
)
from remit.protocol.events.incident import IncidentResolved
from remit.protocol.events.job import (
    JobCompleted,
    JobCreated,
    JobErrorThrown,
    JobFailed,
    JobRetriesUpdated,
    JobsActivated,
    JobTimedOut,
    JobTimeoutUpdated,
)
from remit.protocol.events.message import ProcessSubscriptionCorrelated
from remit.protocol.events.process_instance import (
    ElementActivating,
    ElementCompleted,
    ElementTerminated,
    ElementTerminating,
    InstanceMigrated,
    InstanceModified,
    SequenceFlowTaken,
)
from remit.protocol.events.timer import TimerTriggered
from remit.protocol.events.user_task import (
    UserTaskAssigning,
    UserTaskClaiming,
    UserTaskCompleting,
    UserTaskUpdating,
)
from remit.protocol.events.variable import VariableCreated, VariablesSet, VariableUpdated
from remit.protocol.values import Actor, Header

_JOB = ("key", "job.type", "job.retries", "job.instance")
_CHANGED_JOB = ("key", "job.instance")
_TASK = (
    "task.key", "task.element", "task.instance", "task.assignee", "task.candidate_groups",
)  # fmt: skip
_DECISION = ("decision.decision_id", "decision.version", "instance")
_ADMITTED = (
    *(each for each in StepAdmitted.__struct_fields__ if each != "also"),
    "also.action", "also.clauses", "also.facts",
)  # fmt: skip
_PLAIN = (int, str, bool, float)

NEEDED: Mapping[type[Event], tuple[str, ...]] = {
    ProcessCreated: (
        "definition.key", "definition.process_id", "definition.version", "definition.tenant",
    ),
    StepAdmitted: _ADMITTED,
    OwnStepAdmitted: OwnStepAdmitted.__struct_fields__,
    ElementActivating: ("key", "instance", "definition", "element", "scope", "parent_instance"),
    ElementCompleted: ("key", "instance", "scope"),
    ElementTerminating: ("key", "instance"),
    ElementTerminated: ("key", "instance", "scope"),
    SequenceFlowTaken: ("instance", "element"),
    TimerTriggered: ("timer.instance", "timer.target"),
    ConditionTriggered: ("subscription.instance", "subscription.target"),
    Escalated: ("instance", "thrown_by"),
    NotEscalated: ("instance", "thrown_by"),
    JobsActivated: ("jobs.key", "jobs.type", "jobs.retries", "jobs.instance"),
    JobCreated: _JOB,
    JobTimedOut: _JOB,
    JobCompleted: (*_JOB, "variables"),
    JobFailed: _CHANGED_JOB,
    JobErrorThrown: _JOB,
    JobRetriesUpdated: _JOB,
    JobTimeoutUpdated: _JOB,
    VariableCreated: ("scope", "instance", "name", "value"),
    VariableUpdated: ("scope", "instance", "name", "value"),
    VariablesSet: ("scope",),
    UserTaskAssigning: _TASK,
    UserTaskClaiming: _TASK,
    UserTaskUpdating: _TASK,
    UserTaskCompleting: _TASK,
    ProcessSubscriptionCorrelated: ("subscription.instance", "subscription.name"),
    DecisionEvaluated: _DECISION,
    DecisionFailed: _DECISION,
    IncidentResolved: ("key", "incident.instance"),
    InstanceModified: ("instance", "activate.element"),
    InstanceMigrated: ("instance",),
    BatchPartStarted: ("key", "header"),
    BatchPartCompleted: ("key",),
    BatchPartCanceled: ("key",),
}  # fmt: skip
"""What is read of a record; all of a governance event that is not named here, nothing of any other."""

AS_WRITTEN: Mapping[type[Struct], frozenset[str]] = {
    StepAdmitted: frozenset({"clauses", "facts", "duties", "also"}),
    OwnStepAdmitted: frozenset({"clauses", "facts"}),
}
"""Of these fields the bytes are compared with what was found right before; they are read where that
is another (see `asking`)."""


def _struct(of: type[Struct], needed: Iterable[str]) -> type[Struct]:
    """A struct with the fields of `of` up to the last of those `needed`; dots lead into structs."""
    inner: dict[str, list[str]] = {}
    for name in needed:
        first, _, rest = name.partition(".")
        inner.setdefault(first, []).extend([rest] if rest else [])
    known = {each.name: each.type for each in fields(of)}
    assert inner.keys() <= known.keys(), (of, inner)
    if not inner:
        return tag_of(of)
    as_written = AS_WRITTEN.get(of, frozenset())
    read_as = {
        name: _read_as(kind, None if name in as_written else inner.get(name))
        for name, kind in known.items()
    }
    return brief(of, up_to=max(inner, key=list(known).index), **read_as)


def _read_as(kind: Any, needed: list[str] | None) -> Any:
    """`needed` are the fields inside; None for what is left as it is written."""
    if needed:
        is_several = get_origin(kind) is tuple
        one = _struct(get_args(kind)[0] if is_several else kind, needed)
        return tuple[one, ...] if is_several else one  # type: ignore[valid-type]
    if kind not in _PLAIN and (needed is None or kind is Any or get_origin(kind) is dict):
        return Raw
    return kind


def _reader(event: type[Event]) -> type[Event]:
    if event not in NEEDED and issubclass(event, GovernanceEvent):
        return event
    return _struct(event, NEEDED.get(event, ()))  # type: ignore[return-value]


READ_AS: Mapping[type[Event], type[Event]] = {each: _reader(each) for each in EVENTS.values()}
"""By kind of record, what it is read as: it has the same fields, as far as they are needed."""

if TYPE_CHECKING:
    AnyRecord = Event
else:
    AnyRecord = Union[tuple(READ_AS.values())]  # noqa: UP007


BEGINNING = frozenset(
    READ_AS[each]
    for each in (
        PolicyAttached, PoliciesSigned, RevocationsChanged, ProcessCreated, BatchPartStarted,
    )
)  # fmt: skip
"""What counts while no governed instance runs."""


class _Header(Struct, frozen=True, array_like=True, gc=False):
    """A command's header: the actor as it is written, since the same people give many commands."""

    actor: Raw = Raw(msgspec.msgpack.encode(Actor()))
    request_id: str = ""
    traceparent: str = ""
    operation_reference: int = -1
    policy_hash: bytes = b""
    slope_head: bytes = b""
    broken_glass: str = ""


assert _Header.__struct_fields__ == Header.__struct_fields__


class Turn(Struct, frozen=True, array_like=True, gc=False):
    """A turn of the log: `partition.log.Logged` with the fields that count."""

    position: int
    timestamp: int
    command: str
    key: int
    header: _Header
    rejection: Raw
    events: tuple[AnyRecord, ...]

    @property
    def actor(self) -> Actor:
        """Who gave the command."""
        return _actor(bytes(self.header.actor))

    @property
    def broken_glass(self) -> str:
        """Why its actor broke the glass; empty where nobody did."""
        return self.header.broken_glass


_decode_actor = msgspec.msgpack.Decoder(Actor).decode
_decode_turn = msgspec.msgpack.Decoder(Turn).decode


@lru_cache(maxsize=1024)
def _actor(raw: bytes) -> Actor:
    return _decode_actor(raw)


_KINDS: Mapping[type[Event], type[Struct]] = {each: tag_of(each) for each in EVENTS.values()}
_BEGINNINGS = frozenset(kind for each, kind in _KINDS.items() if READ_AS[each] in BEGINNING)

if TYPE_CHECKING:
    AnyKind = Struct
else:
    AnyKind = Union[tuple(_KINDS.values())]  # noqa: UP007


class Kinds(Struct, frozen=True, array_like=True, gc=False):
    """A turn of the log: of its records nothing but their kinds."""

    position: int
    timestamp: int
    command: str
    key: int
    header: Raw
    rejection: Raw
    events: tuple[AnyKind, ...]

    @property
    def begins_nothing(self) -> bool:
        """Whether no record is among them that counts while no governed instance runs."""
        return _BEGINNINGS.isdisjoint(map(type, self.events))


_decode_kinds = msgspec.msgpack.Decoder(Kinds).decode


def read_kinds(raw: bytes | Raw) -> Kinds:
    """The kinds of one turn's records; raises `msgspec.DecodeError` for other bytes."""
    return _decode_kinds(raw)


def read_turn(raw: bytes | Raw) -> Turn:
    """One turn from its own bytes; raises `msgspec.DecodeError` for other bytes."""
    return _decode_turn(raw)
