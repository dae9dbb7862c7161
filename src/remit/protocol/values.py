"""The nouns that commands, events and tables share.

Fields are only ever appended, with a default: yesterday's log must decode tomorrow.
Times are epoch milliseconds; keys are int64; -1 stands for "none", as in Zeebe's records.
Documents are plain JSON values: None, bool, int, float, str, list, dict.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from msgspec import Struct

DEFAULT_TENANT = "<default>"
NONE_KEY = -1

POLICY = "_policy"
"""The reserved variable: a list of signed blocks. It is never among the variables of an instance."""

RECEIPT = "_receipt"
"""The reserved variable with a worker's receipt, when a job under a policy is answered."""

ASKED = "_asked"
"""Beside the receipt of a denial: the facts of the worker's question that only it knows."""

GLASS_HEADER = "remit-break-glass"
"""With a call, as HTTP header or gRPC metadata: why whoever calls breaks the glass."""

POLICY_HEADER = "gov.policy"
"""The header of a job with the signed blocks, a JSON list; `_policy` has the same."""

STEP_HEADER = "gov.step"
"""The header of a job with where its instance stands (slope, facts): what a worker asks with."""

Document = dict[str, Any]


class Value(Struct, frozen=True, gc=False, array_like=True):
    """Base of the shared structs: immutable, compact, positional.

    None of them, nor of the commands, events and replies, is ever part of a cycle: what they hold is
    older than they are. So the collector need not look at them (`gc=False`), of which there are many.
    """


class Actor(Value, frozen=True):
    """Who asks, as the channel says it. `level` is what policies compare (governance 2.5)."""

    id: str = ""
    method: str = "none"
    level: str = "none"
    claims: Document = {}

    @property
    def channel(self) -> str:
        """How the channel knows the caller, as finely as it can be said: `svid` rather than `mtls`."""
        return self.method if self.level == "none" else self.level


ANONYMOUS = Actor()


class Header(Value, frozen=True):
    """What travels with every command, over the wire between partitions and into the log.

    `policy_hash` and `slope_head` are the chain hash of the instance's policy and the head of its
    trust slope; empty while the instance is not governed. `broken_glass` is why the caller breaks the
    glass, in the caller's words; empty where nobody does.
    """

    actor: Actor = ANONYMOUS
    request_id: str = ""
    traceparent: str = ""
    operation_reference: int = -1
    policy_hash: bytes = b""
    slope_head: bytes = b""
    broken_glass: str = ""


class Phase(IntEnum):
    """Where an element instance is in its life."""

    ACTIVATING = 1
    ACTIVATED = 2
    COMPLETING = 3
    COMPLETED = 4
    TERMINATING = 5
    TERMINATED = 6


class JobState(IntEnum):
    ACTIVATABLE = 1
    ACTIVATED = 2
    FAILED = 3  # out of retries, an incident stands
    BACKOFF = 4
    ERROR_THROWN = 5


class JobKind(IntEnum):
    """The numbers of the gateway protocol."""

    BPMN_ELEMENT = 0
    EXECUTION_LISTENER = 1
    TASK_LISTENER = 2
    AD_HOC_SUB_PROCESS = 3


class Handed(Value, frozen=True):
    """Who got a job under a policy, as the channel says it, and the slope's head at that moment.

    `withheld` are the facts that clauses about the work ask about and that this worker may not read.
    """

    actor: str
    method: str
    domain: str
    head: str
    withheld: tuple[str, ...] = ()


class Job(Value, frozen=True):
    """A piece of work for a worker. `root` is the aggregate that owns it."""

    key: int
    type: str
    retries: int
    element_key: int
    element: str
    instance: int
    definition: int
    process_id: str
    version: int
    root: int
    tenant: str = DEFAULT_TENANT
    state: JobState = JobState.ACTIVATABLE
    worker: str = ""
    deadline: int = -1
    timeout: int = -1
    backoff: int = 0
    recurs_at: int = -1
    error_message: str = ""
    error_code: str = ""
    kind: JobKind = JobKind.BPMN_ELEMENT
    listener_event: str = ""
    headers: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    created: int = -1
    listener_index: int = -1
    user_task: Document | None = None  # a task listener's job: the task, by the gateway's names
    handed: Handed | None = None
    business_id: str = ""  # of the process instance, when the job was created
    lease: str = ""  # the token of its last activation with a lease


class Timer(Value, frozen=True):
    """`element_key` -1 and `definition` set: a timer start event of that process."""

    key: int
    due: int
    element_key: int
    target: str  # element id of the event that it triggers
    instance: int
    definition: int
    root: int
    repetitions: int = 1  # -1 for ever
    interval: str = ""  # the cycle text a repeating timer goes on with
    tenant: str = DEFAULT_TENANT


class ProcessSubscription(Value, frozen=True):
    """The waiting side of a message subscription, in the instance (rule 30)."""

    key: int
    element_key: int
    target: str  # element id of the event that the message triggers
    instance: int
    definition: int
    process_id: str
    root: int
    name: str
    correlation_key: str
    interrupting: bool
    partition: int  # where the message lives
    state: str = "CREATING"
    tenant: str = DEFAULT_TENANT


class MessageSubscription(Value, frozen=True):
    """The message side: who waits for (name, correlation key). `key` is that of the waiting side."""

    key: int
    element_key: int
    instance: int
    process_id: str
    name: str
    correlation_key: str
    interrupting: bool
    tenant: str = DEFAULT_TENANT
    correlating: int = -1  # the message on its way, -1 when none
    definition: int = -1
    target: str = ""


class StartSubscription(Value, frozen=True):
    """A message or signal start event of the latest version of a process."""

    key: int
    definition: int
    process_id: str
    start: str  # element id
    name: str
    tenant: str = DEFAULT_TENANT
    together: tuple[str, ...] = ()


class CompensationSubscription(Value, frozen=True):
    """What undoes `activity`: its `handler`, the compensation `sub_process` in it, or those `inner`.

    `scope` is the element instance that it belongs to; `variables` those of the activity's scope when
    it completed. While it runs: `thrower` waits for it, `handler_key` is the handler's instance, and
    `order` says who comes next in reverse.
    """

    key: int
    scope: int
    activity: str
    handler: str
    instance: int
    definition: int
    root: int
    variables: Document = {}
    inner: tuple[CompensationSubscription, ...] = ()
    sub_process: str = ""
    is_triggered: bool = False
    thrower: int = -1
    handler_key: int = -1
    in_reverse: bool = False
    order: int = -1
    tenant: str = DEFAULT_TENANT


class SignalSubscription(Value, frozen=True):
    """Somebody listens to a signal; `element_key` -1: a start event of the definition."""

    key: int
    name: str
    element_key: int
    target: str  # element id of the event that the signal triggers
    instance: int
    definition: int
    root: int
    tenant: str = DEFAULT_TENANT


class ConditionSubscription(Value, frozen=True):
    """The event `target` waits on an element for its condition; `held` when it was last asked.

    `index` is that of the definition among those of the event.
    """

    key: int
    element_key: int
    target: str
    instance: int
    definition: int
    root: int
    held: bool = False
    tenant: str = DEFAULT_TENANT
    index: int = 0


class Sender(Value, frozen=True):
    """Who sent a message: a client by its channel, or an instance with its policy and slope."""

    actor: str
    method: str
    domain: str
    tenant: str
    initiator: str = ""
    tokens: tuple[str, ...] = ()
    slope: bytes = b""


class Message(Value, frozen=True):
    key: int
    name: str
    correlation_key: str
    time_to_live: int
    deadline: int
    variables: Document
    message_id: str = ""
    tenant: str = DEFAULT_TENANT
    header: Header = Header()
    sender: Sender | None = None


class Incident(Value, frozen=True):
    """Where an instance stopped. `stage` is where it goes on when the incident is resolved."""

    key: int
    error_type: str
    error_message: str
    element_key: int
    element: str
    instance: int
    definition: int
    process_id: str
    root: int
    job: int = -1
    scope: int = -1
    stage: str = ""
    tenant: str = DEFAULT_TENANT


class ProcessDefinition(Value, frozen=True):
    """`is_deleted`: nothing new is made of it; it stays for the instances that run."""

    key: int
    process_id: str
    version: int
    resource_name: str
    checksum: bytes
    resource: bytes
    deployment: int
    version_tag: str = ""
    tenant: str = DEFAULT_TENANT
    name: str = ""
    is_deleted: bool = False


class DecisionRequirements(Value, frozen=True):
    """A DMN file as it is deployed."""

    key: int
    requirements_id: str
    name: str
    version: int
    resource_name: str
    checksum: bytes
    resource: bytes
    deployment: int
    tenant: str = DEFAULT_TENANT


class DecisionDefinition(Value, frozen=True):
    key: int
    decision_id: str
    name: str
    version: int
    requirements_key: int
    requirements_id: str
    deployment: int
    version_tag: str = ""
    tenant: str = DEFAULT_TENANT


class FormDefinition(Value, frozen=True):
    """A form-js form as it is deployed."""

    key: int
    form_id: str
    version: int
    resource_name: str
    checksum: bytes
    resource: bytes
    deployment: int
    version_tag: str = ""
    tenant: str = DEFAULT_TENANT


class UserTask(Value, frozen=True):
    """A task of the engine's own. Dates are ISO 8601 text, empty for none.

    While a transition lasts: `changed` are the attributes that it changes, `before` what they were,
    `variables` what a completion brings, `request` whom to answer.
    """

    key: int
    element_key: int
    element: str
    instance: int
    definition: int
    process_id: str
    version: int
    root: int
    tenant: str = DEFAULT_TENANT
    state: str = "CREATING"
    name: str = ""
    assignee: str = ""
    candidate_groups: tuple[str, ...] = ()
    candidate_users: tuple[str, ...] = ()
    due_date: str = ""
    follow_up_date: str = ""
    priority: int = 50
    form_key: int = -1
    external_reference: str = ""
    headers: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    created: int = -1
    action: str = ""
    changed: tuple[str, ...] = ()
    before: Document | None = None
    variables: Document = {}
    request: str = ""


class User(Value, frozen=True):
    """A person who logs in with a password; `password_hash` is empty where another service checks it."""

    key: int
    username: str
    name: str = ""
    email: str = ""
    password_hash: str = ""


class Circle(Value, frozen=True):
    """A group, a role or a tenant: what has members. `kind` is "GROUP", "ROLE" or "TENANT"."""

    key: int
    kind: str
    id: str
    name: str = ""
    description: str = ""


class Member(Value, frozen=True):
    """`member`, a "USER", "CLIENT", "GROUP", "ROLE" or "MAPPING_RULE", is in a circle."""

    key: int
    kind: str
    circle: str
    member_kind: str
    member: str


class MappingRule(Value, frozen=True):
    """Whoever's token holds this claim with this value is a member of what the rule is a member of."""

    key: int
    id: str
    claim_name: str
    claim_value: str
    name: str = ""


class Authorization(Value, frozen=True):
    """An owner may do `permissions` with one resource of a type, with all ("*"), or with those where
    `property` of the resource names the owner.
    """

    key: int
    owner_kind: str
    owner: str
    resource_type: str
    permissions: tuple[str, ...]
    resource_id: str = ""
    property: str = ""


class StartInstruction(Value, frozen=True):
    element: str


class TerminateAfter(Value, frozen=True):
    """Runtime instruction: end the instance when this element completes."""

    element: str


class Placement(Value, frozen=True):
    """A token to place at `element`, or a scope to open with what is placed `inner`.

    `variables` become local to it.
    """

    element: str
    variables: Document = {}
    inner: tuple[Placement, ...] = ()


class VariableInstruction(Value, frozen=True):
    """Variables for `scope`, an element id; empty: the process instance."""

    variables: Document
    scope: str = ""


class ActivateInstruction(Value, frozen=True):
    """Place a token at `element`, in the scope with the key `ancestor` or one that is found."""

    element: str
    ancestor: int = NONE_KEY
    variables: tuple[VariableInstruction, ...] = ()


class AdHocActivation(Value, frozen=True):
    """Begin `element` of an ad-hoc sub-process; `variables` become local to its inner instance."""

    element: str
    variables: Document = {}


class TerminateInstruction(Value, frozen=True):
    """End the element instance `key`, or all active ones of `element`."""

    key: int = NONE_KEY
    element: str = ""


class MoveInstruction(Value, frozen=True):
    """End the instance `source_key`, or all of `source`, and place as many tokens at `target`.

    `ancestor_from`: "direct" takes `ancestor`, "inferred" the source's own scopes as far as they fit,
    "sourceParent" the source's scope; empty: as for a token that is placed.
    """

    target: str
    source: str = ""
    source_key: int = NONE_KEY
    ancestor_from: str = ""
    ancestor: int = NONE_KEY
    variables: tuple[VariableInstruction, ...] = ()


class MappingInstruction(Value, frozen=True):
    """The active instances of `source` become instances of `target` in the other definition."""

    source: str
    target: str


class BatchPlan(Value, frozen=True):
    """What a batch operation does to each of its items; `kind` is one of `BATCH_KINDS`.

    `target` and `mapping` are those of a migration, `moves` those of a modification, `retries` and
    `timeout` (ms; -1: leave it) what jobs are given.
    """

    kind: str
    target: int = NONE_KEY
    mapping: tuple[MappingInstruction, ...] = ()
    moves: tuple[MoveInstruction, ...] = ()
    retries: int = -1
    timeout: int = -1


BATCH_KINDS = (
    "CANCEL_PROCESS_INSTANCE",
    "SUSPEND_PROCESS_INSTANCE",
    "RESUME_PROCESS_INSTANCE",
    "MIGRATE_PROCESS_INSTANCE",
    "MODIFY_PROCESS_INSTANCE",
    "RESOLVE_INCIDENT",
    "DELETE_PROCESS_INSTANCE",
    "DELETE_DECISION_INSTANCE",
    "UPDATE_JOB",
)
"""Kinds of batch operations, in the words of the REST API."""


class BatchItem(Value, frozen=True):
    """`key` is what the batch acts on: an incident, a job, an evaluation, else the instance itself.

    `of` is the id of the process or decision, where the engine does not know it any more.
    """

    key: int
    instance: int = NONE_KEY
    root: int = NONE_KEY
    of: str = ""


class ActivatedJob(Value, frozen=True):
    """A job as a worker gets it: the job, the variables it asked for, and the policy's blocks.

    `step` is what a worker needs beside them to ask the policy itself (JSON).
    """

    job: Job
    variables: Document
    policy: tuple[str, ...] = ()
    step: str = ""
