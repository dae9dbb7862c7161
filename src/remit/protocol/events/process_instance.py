"""The life of element instances (rule 92).

`instance` is the process instance key, `scope` the key of the enclosing element instance (-1 for a
process), `kind` the index of the element type in `ELEMENT_KINDS`.
"""

from __future__ import annotations

from typing import Any

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import (
    DEFAULT_TENANT,
    NONE_KEY,
    ActivateInstruction,
    Document,
    MappingInstruction,
    Placement,
)

ELEMENT_KINDS = (
    "UNSPECIFIED",
    "PROCESS",
    "SUB_PROCESS",
    "EVENT_SUB_PROCESS",
    "AD_HOC_SUB_PROCESS",
    "AD_HOC_SUB_PROCESS_INNER_INSTANCE",
    "TRANSACTION",
    "START_EVENT",
    "INTERMEDIATE_CATCH_EVENT",
    "INTERMEDIATE_THROW_EVENT",
    "BOUNDARY_EVENT",
    "END_EVENT",
    "SERVICE_TASK",
    "RECEIVE_TASK",
    "USER_TASK",
    "MANUAL_TASK",
    "TASK",
    "SCRIPT_TASK",
    "BUSINESS_RULE_TASK",
    "SEND_TASK",
    "EXCLUSIVE_GATEWAY",
    "PARALLEL_GATEWAY",
    "EVENT_BASED_GATEWAY",
    "INCLUSIVE_GATEWAY",
    "COMPLEX_GATEWAY",
    "SEQUENCE_FLOW",
    "MULTI_INSTANCE_BODY",
    "CALL_ACTIVITY",
)
"""Element types by the number they have in the log. Append only."""

KIND_NUMBERS = {name: index for index, name in enumerate(ELEMENT_KINDS)}


class ElementEvent(Event, frozen=True):
    """What every step in an element's life tells."""

    key: int
    instance: int
    definition: int
    element: str
    kind: int
    scope: int


@event("SEQUENCE_FLOW_TAKEN")
class SequenceFlowTaken(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 1)):
    """`element` is the flow; `waits`: the token stays at a join until that takes it."""

    waits: bool = False


@event("ELEMENT_ACTIVATING")
class ElementActivating(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 2)):
    """`arrived`: tokens on flows that end here; `joined`: ids of flows whose waiting tokens end here.

    `root` is the aggregate of the whole; `parent_instance` and `parent_element` are set on the process
    of a call activity, and its `business_id` if it has one.
    """

    root: int = NONE_KEY
    arrived: int = 0
    joined: tuple[str, ...] = ()
    loop_counter: int = 0
    parent_instance: int = NONE_KEY
    parent_element: int = NONE_KEY
    tenant: str = DEFAULT_TENANT
    tags: tuple[str, ...] = ()
    business_id: str = ""


@event("ELEMENT_ACTIVATED")
class ElementActivated(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 3)):
    pass


@event("ELEMENT_COMPLETING")
class ElementCompleting(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 4)):
    pass


@event("ELEMENT_COMPLETED")
class ElementCompleted(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 5)):
    """`clears_scope`: a terminate end event, all tokens of its scope end with it (rule 45)."""

    clears_scope: bool = False


@event("ELEMENT_TERMINATING")
class ElementTerminating(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 6)):
    pass


@event("ELEMENT_TERMINATED")
class ElementTerminated(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 7)):
    """`dropped`: ids of flows in the scope whose waiting tokens vanish with it, once per token."""

    dropped: tuple[str, ...] = ()


@event("ELEMENT_MIGRATED")
class ElementMigrated(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 11)):
    """`definition` and `element` are those of the target."""


@event("SUSPENDED")
class InstanceSuspended(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 210)):
    """Nothing goes on in this instance. Told of `by`, which was chosen, and of all it has called."""

    root: int = NONE_KEY
    since: int = 0
    by: int = NONE_KEY


@event("RESUMED")
class InstanceResumed(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 211)):
    """It goes on, and what came due meanwhile happens."""

    root: int = NONE_KEY


@event("BUSINESS_ID_ASSIGNED")
class BusinessIdAssigned(Event, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 212)):
    key: int
    instance: int
    definition: int
    process_id: str
    business_id: str
    tenant: str = DEFAULT_TENANT


@event("MIGRATED")
class InstanceMigrated(Event, frozen=True, tag=number(ValueType.PROCESS_INSTANCE_MIGRATION, 1)):
    """`definition` is the target."""

    key: int
    instance: int
    definition: int
    mapping: tuple[MappingInstruction, ...] = ()
    tenant: str = DEFAULT_TENANT


@event("CREATED")
class InstanceCreated(Event, frozen=True, tag=number(ValueType.PROCESS_INSTANCE_CREATION, 1)):
    """`await_request`: the request to answer at the end with these variables of the root."""

    key: int
    instance: int
    definition: int
    process_id: str
    version: int
    tenant: str = DEFAULT_TENANT
    variables: Document = {}
    start: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    business_id: str = ""
    await_request: str = ""
    fetch_variables: tuple[str, ...] = ()
    terminate_after: tuple[str, ...] = ()


@event("MODIFIED")
class InstanceModified(Event, frozen=True, tag=number(ValueType.PROCESS_INSTANCE_MODIFICATION, 1)):
    """`ended` are the keys of element instances; moves are told as placing and ending."""

    key: int
    instance: int
    definition: int
    activate: tuple[ActivateInstruction, ...] = ()
    ended: tuple[int, ...] = ()
    tenant: str = DEFAULT_TENANT


@event("TRIGGERING")
class TriggerSet(Event, frozen=True, tag=number(ValueType.PROCESS_EVENT, 0)):
    """An event fired on `element_key`; `target` follows it.

    `interrupts`: when the element, or what is inside it, has ended (rules 35, 37). Otherwise the
    element has yet to open, and `target` is where it starts. `is_partial`: one of the definitions of
    `target`, which wants them all, has come (B15).
    """

    key: int
    element_key: int
    target: str
    instance: int
    definition: int
    root: int
    variables: Document = {}
    tenant: str = DEFAULT_TENANT
    interrupts: bool = True
    is_partial: bool = False


@event("TRIGGERED")
class TriggerTaken(Event, frozen=True, tag=number(ValueType.PROCESS_EVENT, 1)):
    key: int
    element_key: int
    target: str
    instance: int
    definition: int
    tenant: str = DEFAULT_TENANT


@event("DEFERRED")
class AgendaDeferred(Event, frozen=True, tag=number(ValueType.AGENDA, 0)):
    """A turn grew too long: `items` are played by a CONTINUE before any other command."""

    key: int
    items: tuple[bytes, ...]


@event("RESUMED")
class AgendaResumed(Event, frozen=True, tag=number(ValueType.AGENDA, 1)):
    key: int


@event("PLACED")
class PlacementSet(Event, frozen=True, tag=number(ValueType.AGENDA, 2)):
    """The scope `element_key` begins with `placement`, not with its start event.

    In an ad-hoc sub-process it waits for its turn there.
    """

    key: int
    element_key: int
    placement: Placement
    instance: int
    definition: int
    root: int
    tenant: str = DEFAULT_TENANT


@event("LOOP_STARTED")
class LoopStarted(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 201)):
    """A multi-instance body knows how many items it has."""

    size: int = 0


@event("FULFILLED")
class AdHocFulfilled(ElementEvent, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 203)):
    """An ad-hoc sub-process is to end: nothing more begins in it."""


@event("GATEWAY_FIRED")
class GatewayFired(Event, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 204)):
    """A complex gateway in `scope` goes on with tokens of `flows`, then waits for the others (B2)."""

    key: int
    scope: int
    element: str
    flows: tuple[str, ...]
    root: int


@event("GATEWAY_RESET")
class GatewayReset(Event, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 205)):
    """All that could still come has come: the gateway waits for its next start (B3)."""

    key: int
    scope: int
    element: str
    root: int


@event("RESULT_KEPT")
class ResultKept(Event, frozen=True, tag=number(ValueType.PROCESS_INSTANCE, 202)):
    """The result of one inner instance of the multi-instance body `body`; `index` from 1."""

    key: int
    body: int
    index: int
    value: Any
    root: int
