"""What can be asked of a partition: one imperative struct per command.

A command is handled by `remit.engine.commands.<snake_case_name>` in one turn and answered by one
reply of `remit.protocol.replies`. Documents are decoded JSON objects.
The second half are commands the partition gives itself or another partition; no client can send them.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from remit.protocol.values import (
    DEFAULT_TENANT,
    NONE_KEY,
    ActivateInstruction,
    AdHocActivation,
    BatchItem,
    BatchPlan,
    Document,
    MappingInstruction,
    MessageSubscription,
    MoveInstruction,
    Sender,
    StartInstruction,
    TerminateAfter,
    TerminateInstruction,
)


class Command(Struct, frozen=True, gc=False, array_like=True, tag=True, tag_field="command"):
    """Base of all commands. `answers_late`: the reply may come with a later turn."""

    answers_late: ClassVar[bool] = False


# --- from clients ---


class DeployResources(Command, frozen=True):
    """All of them or none (rule 88). A resource is its name and its bytes."""

    resources: tuple[tuple[str, bytes], ...]
    tenant: str = DEFAULT_TENANT


class CreateInstance(Command, frozen=True):
    """By `definition` key, or by `process_id` and `version` (-1: the latest).

    With a `version_tag` the latest of the versions that have it, whatever `version` says.
    """

    definition: int = NONE_KEY
    process_id: str = ""
    version: int = -1
    variables: Document = {}
    tenant: str = DEFAULT_TENANT
    start: tuple[StartInstruction, ...] = ()
    terminate_after: tuple[TerminateAfter, ...] = ()
    tags: tuple[str, ...] = ()
    business_id: str = ""
    await_result: bool = False
    fetch_variables: tuple[str, ...] = ()
    version_tag: str = ""


class CancelInstance(Command, frozen=True):
    key: int


class SuspendInstance(Command, frozen=True):
    """Hold a process instance, with all it has called, until it is resumed."""

    key: int


class ResumeInstance(Command, frozen=True):
    key: int


class AssignBusinessId(Command, frozen=True):
    """To a root process instance that has none."""

    key: int
    business_id: str


class ModifyInstance(Command, frozen=True):
    """All instructions or none."""

    key: int
    activate: tuple[ActivateInstruction, ...] = ()
    terminate: tuple[TerminateInstruction, ...] = ()
    move: tuple[MoveInstruction, ...] = ()


class ActivateAdHoc(Command, frozen=True):
    """Begin elements of the ad-hoc sub-process instance `key`; before that, perhaps, end the others."""

    key: int
    activate: tuple[AdHocActivation, ...]
    cancel_remaining: bool = False


class MigrateInstance(Command, frozen=True):
    """To the definition `target`; every active element needs a mapping."""

    key: int
    target: int
    mapping: tuple[MappingInstruction, ...] = ()


class DeleteInstanceHistory(Command, frozen=True):
    """Forget an instance that has ended, in everything that can be searched.

    `process_id` is what history says of it: the engine does not know it any more.
    """

    key: int
    process_id: str = ""


class DeleteDecisionHistory(Command, frozen=True):
    """Forget an evaluation of a decision, in everything that can be searched."""

    key: int
    decision_id: str = ""


class CreateBatch(Command, frozen=True):
    """Do `plan` to every item, one after the other, beside all other work."""

    plan: BatchPlan
    items: tuple[BatchItem, ...]


class SteerBatch(Command, frozen=True):
    """`action`: "cancel", "suspend" or "resume"."""

    key: int
    action: str


class ActivateJobs(Command, frozen=True):
    """Hand up to `limit` jobs of `type` to `worker` until now + `timeout` milliseconds.

    `with_lease`: each under a token of its own, without which it can't be completed or failed.
    """

    type: str
    worker: str
    timeout: int
    limit: int
    fetch_variables: tuple[str, ...] = ()
    tenants: tuple[str, ...] = (DEFAULT_TENANT,)
    with_lease: bool = False


class CompleteJob(Command, frozen=True):
    """`result` is the JobResult of listener and ad-hoc jobs, as a document.

    `business_id`: what the job's process instance is called from now on; None: as before. `lease` is
    the token of a job that was activated with one, here and in what follows.
    """

    key: int
    variables: Document = {}
    result: Document | None = None
    business_id: str | None = None
    lease: str = ""


class FailJob(Command, frozen=True):
    key: int
    retries: int
    error_message: str = ""
    backoff: int = 0
    variables: Document = {}
    lease: str = ""


class ThrowError(Command, frozen=True):
    key: int
    error_code: str
    error_message: str = ""
    variables: Document = {}
    lease: str = ""


class YieldJob(Command, frozen=True):
    """A pushed job that could not be delivered becomes activatable again."""

    key: int


class UpdateJobRetries(Command, frozen=True):
    key: int
    retries: int
    lease: str = ""


class UpdateJobTimeout(Command, frozen=True):
    key: int
    timeout: int
    lease: str = ""


class PublishMessage(Command, frozen=True):
    name: str
    correlation_key: str = ""
    time_to_live: int = 0
    message_id: str = ""
    variables: Document = {}
    tenant: str = DEFAULT_TENANT


class EvaluateDecision(Command, frozen=True):
    """By `key`, or by `decision_id`: then the latest version."""

    key: int = NONE_KEY
    decision_id: str = ""
    variables: Document = {}
    tenant: str = DEFAULT_TENANT


class CorrelateMessage(Command, frozen=True):
    """Like a published message that is never kept; refused when nobody takes it."""

    name: str
    correlation_key: str
    variables: Document = {}
    tenant: str = DEFAULT_TENANT


class DeleteResource(Command, frozen=True):
    """A process definition, a decision requirements definition or a form, by its key."""

    key: int


class EvaluateConditional(Command, frozen=True):
    """The conditional start events of one definition, or of all processes."""

    definition: int = NONE_KEY
    variables: Document = {}
    tenant: str = DEFAULT_TENANT


class BroadcastSignal(Command, frozen=True):
    name: str
    variables: Document = {}
    tenant: str = DEFAULT_TENANT


class AssignUserTask(Command, frozen=True):
    """An empty `assignee` takes the task from whoever has it."""

    answers_late = True

    key: int
    assignee: str
    action: str = ""


class ClaimUserTask(Command, frozen=True):
    """The same of a task that nobody has, or `assignee` already: from another it is not taken."""

    answers_late = True

    key: int
    assignee: str
    action: str = ""


class UpdateUserTask(Command, frozen=True):
    """`changes` by the names of the REST API; "" and [] clear an attribute, null leaves it."""

    answers_late = True

    key: int
    changes: Document
    action: str = ""


class CompleteUserTask(Command, frozen=True):
    answers_late = True

    key: int
    variables: Document = {}
    action: str = ""


class ResolveIncident(Command, frozen=True):
    key: int


class SetVariables(Command, frozen=True):
    element_key: int
    variables: Document = {}
    local: bool = False


class SetUpUser(Command, frozen=True):
    """The first user, who may do everything; otherwise like `CreateUser`."""

    username: str
    name: str = ""
    email: str = ""
    password_hash: str = ""


class CreateUser(Command, frozen=True):
    """`password_hash` is made by whoever heard the password; the engine never sees that."""

    username: str
    name: str = ""
    email: str = ""
    password_hash: str = ""


class UpdateUser(Command, frozen=True):
    """An empty `password_hash` leaves the password as it is."""

    username: str
    name: str = ""
    email: str = ""
    password_hash: str = ""


class DeleteUser(Command, frozen=True):
    username: str


class CreateCircle(Command, frozen=True):
    """`kind`: "GROUP", "ROLE" or "TENANT"."""

    kind: str
    id: str
    name: str = ""
    description: str = ""


class UpdateCircle(Command, frozen=True):
    kind: str
    id: str
    name: str = ""
    description: str = ""


class DeleteCircle(Command, frozen=True):
    kind: str
    id: str


class AddMember(Command, frozen=True):
    """`member_kind`: "USER", "CLIENT", "GROUP", "ROLE" or "MAPPING_RULE"."""

    kind: str
    circle: str
    member_kind: str
    member: str


class RemoveMember(Command, frozen=True):
    kind: str
    circle: str
    member_kind: str
    member: str


class CreateMappingRule(Command, frozen=True):
    id: str
    claim_name: str
    claim_value: str
    name: str = ""


class UpdateMappingRule(Command, frozen=True):
    id: str
    claim_name: str
    claim_value: str
    name: str = ""


class DeleteMappingRule(Command, frozen=True):
    id: str


class CreateAuthorization(Command, frozen=True):
    """`resource_id`, "*" for all, or `property`, the name of one that names the owner."""

    owner_kind: str
    owner: str
    resource_type: str
    permissions: tuple[str, ...]
    resource_id: str = ""
    property: str = ""


class UpdateAuthorization(Command, frozen=True):
    key: int
    owner_kind: str
    owner: str
    resource_type: str
    permissions: tuple[str, ...]
    resource_id: str = ""
    property: str = ""


class DeleteAuthorization(Command, frozen=True):
    key: int


class PinClock(Command, frozen=True):
    """Time stands still at `timestamp` until it is pinned again or reset."""

    timestamp: int


class ResetClock(Command, frozen=True):
    pass


# --- from the partition itself ---


class TimeOutJob(Command, frozen=True):
    key: int


class RecurJob(Command, frozen=True):
    """The retry back-off of a failed job is over."""

    key: int


class TriggerTimer(Command, frozen=True):
    """`root` owns the timer."""

    key: int
    root: int


class ExpireMessage(Command, frozen=True):
    """`correlation` is (tenant, name, correlation key), where the message lies."""

    key: int
    correlation: tuple[str, str, str]


class RunBatch(Command, frozen=True):
    """Do the next item of a batch operation."""

    key: int


class SignPolicies(Command, frozen=True):
    """Sign, together, the policies that were bound since the last time; the last command of a batch."""


class Continue(Command, frozen=True):
    """Go on with the rest of a turn that grew too long; runs before other commands of that root."""

    root: int


# --- between partitions (rule 30) ---


class OpenMessageSubscription(Command, frozen=True):
    """Instance side to message side: somebody waits."""

    subscription: MessageSubscription


class ConfirmSubscription(Command, frozen=True):
    """Message side to instance side: your subscription is open."""

    key: int
    element_key: int


class CorrelateSubscription(Command, frozen=True):
    """Message side to instance side: here is a message."""

    key: int
    element_key: int
    message: int
    name: str
    correlation_key: str
    process_id: str
    variables: Document
    tenant: str = DEFAULT_TENANT
    sender: Sender | None = None


class AcknowledgeCorrelation(Command, frozen=True):
    """Instance side to message side: taken."""

    key: int
    message: int
    name: str
    correlation_key: str
    tenant: str = DEFAULT_TENANT


class RejectCorrelation(Command, frozen=True):
    """Instance side to message side: nobody waits here any more, or the policy denied it: to another."""

    key: int
    message: int
    name: str
    correlation_key: str
    process_id: str
    tenant: str = DEFAULT_TENANT
    denied: bool = False


class CloseMessageSubscription(Command, frozen=True):
    key: int
    name: str
    correlation_key: str
    tenant: str = DEFAULT_TENANT


class ConfirmSubscriptionClosed(Command, frozen=True):
    key: int
    element_key: int


class ReachListeners(Command, frozen=True):
    """To every partition: this signal was broadcast. `starts`: here it starts instances, too.

    Element `but` has been told already.
    """

    broadcast: int
    name: str
    variables: Document
    tenant: str = DEFAULT_TENANT
    starts: bool = False
    but: int = NONE_KEY


class RenewPolicy(Command, frozen=True):
    """Instance `key` goes on under the signed successor of one of its grants."""

    key: int
    successor: str


class ReanchorTrust(Command, frozen=True):
    """Trust in the data of instance `key` is lifted by a signed statement."""

    key: int
    statement: str


class ShowPolicy(Command, frozen=True):
    """Which policy instance `key` carries, and where its trust stands."""

    key: int


class ShowRevocations(Command, frozen=True):
    """Which lists of revocations are in force."""


class ChangeRevocations(Command, frozen=True):
    """A signed list of what its issuer revokes replaces the one before."""

    token: str


class DeliverMessage(Command, frozen=True):
    """A message from one pool to another (B22): published without anybody waiting for an answer."""

    name: str
    correlation_key: str
    time_to_live: int
    variables: Document
    tenant: str = DEFAULT_TENANT
    sender: Sender | None = None


class StartBatchPart(Command, frozen=True):
    """The leading partition to one that has items of a batch operation."""

    key: int
    plan: BatchPlan
    lead: int
    items: tuple[BatchItem, ...]


class SteerBatchPart(Command, frozen=True):
    """The leading partition to the others; `action` as in `SteerBatch`."""

    key: int
    action: str


class ReportBatchPart(Command, frozen=True):
    """To the leading partition: `partition` has done all its items; some have `failed`."""

    key: int
    partition: int
    completed: int = 0
    failed: int = 0


class ForgetResource(Command, frozen=True):
    """Partition 1 to the others: this was deleted."""

    key: int


class DistributeDeployment(Command, frozen=True):
    """Partition 1 to the others: these definitions, with the keys and versions they got."""

    deployment: int
    definitions: tuple[bytes, ...]  # encoded ProcessDefinition / decision / form values
    tenant: str = DEFAULT_TENANT


class ShareIdentity(Command, frozen=True):
    """Partition 1 to the others: what has changed of users, circles, rules and authorizations."""

    events: tuple[bytes, ...]  # encoded identity events, in order


class AcknowledgeDistribution(Command, frozen=True):
    deployment: int
    partition: int
