"""The executable graph: what the reader builds from XML and the engine walks.

    Process ── nodes: every flow node, by id          Node ── outgoing: Flow ──▶ Node
       │       flows: every sequence flow, by id        │ └─ boundaries: attached boundary events
       └─ children of a scope: Container.children       └─ scope: the Container it lives in

Everything is resolved once, at deployment: references are objects, expressions are compiled, static
texts are values. The graph is read-only after `read`; nodes compare by identity.
One class per element lives in `remit.model.bpmn.elements.<stem>`; the engine finds the behaviour of a
node under the same stem.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from remit.model.bpmn.notation import Notation
from remit.model.finding import Finding

if TYPE_CHECKING:
    from remit.feel import Expression


class ElementType(StrEnum):
    """Zeebe's `bpmnElementType` of a record, plus those of BPMN that Zeebe lacks."""

    UNSPECIFIED = "UNSPECIFIED"
    PROCESS = "PROCESS"
    SUB_PROCESS = "SUB_PROCESS"
    EVENT_SUB_PROCESS = "EVENT_SUB_PROCESS"
    AD_HOC_SUB_PROCESS = "AD_HOC_SUB_PROCESS"
    AD_HOC_SUB_PROCESS_INNER_INSTANCE = "AD_HOC_SUB_PROCESS_INNER_INSTANCE"
    TRANSACTION = "TRANSACTION"
    START_EVENT = "START_EVENT"
    INTERMEDIATE_CATCH_EVENT = "INTERMEDIATE_CATCH_EVENT"
    INTERMEDIATE_THROW_EVENT = "INTERMEDIATE_THROW_EVENT"
    BOUNDARY_EVENT = "BOUNDARY_EVENT"
    END_EVENT = "END_EVENT"
    SERVICE_TASK = "SERVICE_TASK"
    RECEIVE_TASK = "RECEIVE_TASK"
    USER_TASK = "USER_TASK"
    MANUAL_TASK = "MANUAL_TASK"
    TASK = "TASK"
    SCRIPT_TASK = "SCRIPT_TASK"
    BUSINESS_RULE_TASK = "BUSINESS_RULE_TASK"
    SEND_TASK = "SEND_TASK"
    EXCLUSIVE_GATEWAY = "EXCLUSIVE_GATEWAY"
    PARALLEL_GATEWAY = "PARALLEL_GATEWAY"
    EVENT_BASED_GATEWAY = "EVENT_BASED_GATEWAY"
    INCLUSIVE_GATEWAY = "INCLUSIVE_GATEWAY"
    COMPLEX_GATEWAY = "COMPLEX_GATEWAY"
    SEQUENCE_FLOW = "SEQUENCE_FLOW"
    MULTI_INSTANCE_BODY = "MULTI_INSTANCE_BODY"
    CALL_ACTIVITY = "CALL_ACTIVITY"


class EventType(StrEnum):
    """Zeebe's `bpmnEventType` of a record."""

    UNSPECIFIED = "UNSPECIFIED"
    NONE = "NONE"
    MESSAGE = "MESSAGE"
    TIMER = "TIMER"
    ERROR = "ERROR"
    SIGNAL = "SIGNAL"
    ESCALATION = "ESCALATION"
    CONDITIONAL = "CONDITIONAL"
    COMPENSATION = "COMPENSATION"
    LINK = "LINK"
    TERMINATE = "TERMINATE"
    CANCEL = "CANCEL"
    MULTIPLE = "MULTIPLE"
    PARALLEL_MULTIPLE = "PARALLEL_MULTIPLE"


class Binding(Enum):
    """Which version of a called process, decision or form an element means."""

    LATEST = "latest"
    DEPLOYMENT = "deployment"
    VERSION_TAG = "versionTag"


@dataclass(slots=True, eq=False)
class Flow:
    """A sequence flow. `condition` is compiled FEEL; None means unconditioned."""

    id: str
    name: str | None
    line: int
    source: Node = field(repr=False)
    target: Node = field(repr=False)
    condition: Expression | None = None


@dataclass(slots=True)
class Mapping:
    """One `zeebe:input` or `zeebe:output`: `source` is evaluated, `target` is a path of names."""

    source: Expression
    target: tuple[str, ...]


@dataclass(slots=True)
class Listener:
    """An execution or task listener: a job of its own at `event` (start, end, creating, …)."""

    event: str
    type: Expression
    retries: Expression
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LinkedResource:
    """`zeebe:linkedResource`: another deployed resource whose key goes along with the job."""

    resource_id: str
    resource_type: str
    link_name: str
    binding: Binding = Binding.LATEST
    version_tag: str | None = None


@dataclass(slots=True)
class JobDefinition:
    """`zeebe:taskDefinition` with its headers. Both expressions may be static text or FEEL."""

    type: Expression
    retries: Expression
    headers: dict[str, str]
    linked_resources: tuple[LinkedResource, ...] = ()


@dataclass(slots=True)
class LoopEvent:
    """What a multi-instance activity throws as an instance completes: as each does, as the first does,
    or whenever a condition holds then."""

    definitions: tuple[SignalDefinition | EscalationDefinition, ...]
    condition: Expression | None = None
    is_first: bool = False


@dataclass(slots=True)
class MultiInstance:
    """`bpmn:multiInstanceLoopCharacteristics` with `zeebe:loopCharacteristics` (rules 61-66).

    `events` are what its `behavior` throws.
    """

    sequential: bool
    input_collection: Expression
    input_element: str | None
    output_collection: str | None
    output_element: Expression | None
    completion_condition: Expression | None
    events: tuple[LoopEvent, ...] = ()


@dataclass(slots=True)
class StandardLoop:
    """`bpmn:standardLoopCharacteristics` (B13, B14)."""

    test_before: bool
    maximum: int | None
    condition: Expression | None


# --- event definitions ---


@dataclass(slots=True)
class MessageDefinition:
    """`correlation_key` is None at process start events and throws."""

    id: str
    name: Expression
    correlation_key: Expression | None


@dataclass(slots=True)
class TimerDefinition:
    """`kind` is "date", "duration" or "cycle"; the expression gives the ISO 8601 or cron text."""

    kind: str
    expression: Expression


@dataclass(slots=True)
class ErrorDefinition:
    """`code` None catches every error."""

    code: Expression | None


@dataclass(slots=True)
class SignalDefinition:
    id: str
    name: Expression


@dataclass(slots=True)
class EscalationDefinition:
    """`code` None catches every escalation."""

    code: Expression | None


@dataclass(slots=True)
class ConditionalDefinition:
    """`zeebe:conditionalFilter`: names and kinds of change ("create", "update"); empty means any."""

    condition: Expression
    variable_names: tuple[str, ...] = ()
    variable_events: tuple[str, ...] = ()


@dataclass(slots=True)
class CompensationDefinition:
    activity: str | None
    wait_for_completion: bool = True


@dataclass(slots=True)
class LinkDefinition:
    name: str


@dataclass(slots=True)
class TerminateDefinition:
    pass


@dataclass(slots=True)
class CancelDefinition:
    pass


EventDefinition = (
    MessageDefinition
    | TimerDefinition
    | ErrorDefinition
    | SignalDefinition
    | EscalationDefinition
    | ConditionalDefinition
    | CompensationDefinition
    | LinkDefinition
    | TerminateDefinition
    | CancelDefinition
)


# --- nodes ---


@dataclass(slots=True, eq=False)
class Node:
    """A flow node. `stem` names its module on every floor, e.g. "service_task"."""

    id: str
    name: str | None
    line: int
    stem: str
    type: ElementType
    event_type: EventType = EventType.UNSPECIFIED
    scope: Container | None = field(default=None, repr=False)
    incoming: list[Flow] = field(default_factory=list, repr=False)
    outgoing: list[Flow] = field(default_factory=list, repr=False)
    default: Flow | None = field(default=None, repr=False)
    inputs: list[Mapping] = field(default_factory=list, repr=False)
    outputs: list[Mapping] = field(default_factory=list, repr=False)
    listeners: list[Listener] = field(default_factory=list, repr=False)
    properties: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True, eq=False)
class Activity(Node):
    """A task, sub-process or call activity: what boundary events and loop markers sit on.

    It begins when `start_quantity` tokens have come, and sends `completion_quantity` along each flow.
    """

    boundaries: list[BoundaryNode] = field(default_factory=list, repr=False)
    loop: MultiInstance | StandardLoop | None = None
    is_compensation_handler: bool = False
    compensation_handler: Activity | None = field(default=None, repr=False)
    start_quantity: int = 1
    completion_quantity: int = 1


@dataclass(slots=True, eq=False)
class JobActivity(Activity):
    """An activity that may be done by a worker. `job` is None where the engine does it itself."""

    job: JobDefinition | None = None


@dataclass(slots=True, eq=False)
class EventNode(Node):
    """An event with its definitions: none, one, or several (multiple, parallel multiple).

    `job`: a message throw event is done by a worker. Without one, `delivery` is the message that the
    engine itself sends along a message flow to another pool of the file (B22).
    `link_target`: of a link throw event, the catch event of the same name in its scope.
    """

    definitions: list[EventDefinition] = field(default_factory=list)
    parallel_multiple: bool = False
    job: JobDefinition | None = None
    delivery: MessageDefinition | None = None
    link_target: EventNode | None = field(default=None, repr=False)


@dataclass(slots=True, eq=False)
class StartNode(EventNode):
    """Start events. `interrupting` matters only in an event sub-process."""

    interrupting: bool = True
    form: FormLink | None = None


@dataclass(slots=True, eq=False)
class BoundaryNode(EventNode):
    """A boundary event. `handler` is the activity that a compensation event is associated with."""

    attached_to: Activity | None = field(default=None, repr=False)
    interrupting: bool = True
    handler: Activity | None = field(default=None, repr=False)


@dataclass(slots=True, eq=False)
class Container(Activity):
    """What holds flow nodes: the process itself and every kind of sub-process.

    `start` is the none start event; `event_sub_processes` those directly inside; `data` the initial
    values of data objects by variable name (B21); one without an initial value is None and makes no
    variable.
    """

    children: dict[str, Node] = field(default_factory=dict, repr=False)
    flows: dict[str, Flow] = field(default_factory=dict, repr=False)
    start: StartNode | None = field(default=None, repr=False)
    event_starts: list[StartNode] = field(default_factory=list, repr=False)
    event_sub_processes: list[Container] = field(default_factory=list, repr=False)
    data: dict[str, Expression | None] = field(default_factory=dict, repr=False)


@dataclass(slots=True, eq=False)
class Process(Container):
    """One executable process of a file. `nodes` and `all_flows` reach through every scope, by id.

    `event_starts` are its message, timer, signal and conditional start events; `instantiating` the
    receive tasks and event-based gateways that start it in the middle (B18, B19).
    `user_task_forms` are forms inside the file, by id; `parallel_compensation` False asks for the
    standard's reverse order (B9); `reaching` is what `remit.model.bpmn.reachability` has found so far.
    """

    version_tag: str | None = None
    nodes: dict[str, Node] = field(default_factory=dict, repr=False)
    all_flows: dict[str, Flow] = field(default_factory=dict, repr=False)
    form: FormLink | None = None
    is_executable: bool = True
    instantiating: list[Node] = field(default_factory=list, repr=False)
    user_task_forms: dict[str, str] = field(default_factory=dict, repr=False)
    parallel_compensation: bool = True
    reaching: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class FormLink:
    """`zeebe:formDefinition`: one of the three is given."""

    form_id: Expression | None = None
    form_key: str | None = None
    external_reference: Expression | None = None
    binding: Binding = Binding.LATEST
    version_tag: str | None = None


@dataclass(slots=True)
class Definitions:
    """A whole BPMN file: its processes, what the reader found wrong, and what is drawn beside them."""

    processes: list[Process]
    findings: list[Finding]
    notation: Notation = field(default_factory=Notation)
