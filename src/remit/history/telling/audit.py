"""Who asked for what, and whether it was done."""

from __future__ import annotations

from remit.history.skimming import BRIEF
from remit.history.telling.frequent import AuditRow
from remit.history.telling.told import Told
from remit.partition.log import Logged
from remit.protocol.events.base import Event
from remit.protocol.events.identity import CircleEvent, MemberEvent
from remit.protocol.events.process_instance import InstanceCreated

OWN = frozenset(
    (
        "Continue", "TriggerTimer", "TimeOutJob", "RecurJob", "ExpireMessage", "ReachListeners",
        "OpenMessageSubscription", "ConfirmSubscription", "CorrelateSubscription",
        "AcknowledgeCorrelation", "RejectCorrelation", "CloseMessageSubscription",
        "ConfirmSubscriptionClosed", "DistributeDeployment", "AcknowledgeDistribution",
        "DeliverMessage", "ActivateJobs", "YieldJob", "ShareIdentity", "RunBatch", "StartBatchPart",
        "SteerBatchPart", "ReportBatchPart", "SignPolicies",
    )
)  # fmt: skip
"""Commands that a partition gives itself, and polling: nobody audits those."""


_RESOURCES, _TASKS, _ADMIN = "DEPLOYED_RESOURCES", "USER_TASKS", "ADMIN"
AUDITED = {
    "CreateInstance": ("PROCESS_INSTANCE", "CREATE", _RESOURCES),
    "CancelInstance": ("PROCESS_INSTANCE", "CANCEL", _RESOURCES),
    "AssignBusinessId": ("PROCESS_INSTANCE", "UPDATE", _RESOURCES),
    "SuspendInstance": ("PROCESS_INSTANCE", "SUSPEND", _RESOURCES),
    "ResumeInstance": ("PROCESS_INSTANCE", "RESUME", _RESOURCES),
    "DeleteDecisionHistory": ("DECISION", "DELETE", _RESOURCES),
    "DeleteInstanceHistory": ("PROCESS_INSTANCE", "DELETE", _RESOURCES),
    "CreateBatch": ("BATCH", "CREATE", _RESOURCES),
    "SteerBatch": ("BATCH", "UPDATE", _RESOURCES),
    "MigrateInstance": ("PROCESS_INSTANCE", "MIGRATE", _RESOURCES),
    "DeleteResource": ("RESOURCE", "DELETE", _RESOURCES),
    "ModifyInstance": ("PROCESS_INSTANCE", "MODIFY", _RESOURCES),
    "ActivateAdHoc": ("PROCESS_INSTANCE", "MODIFY", _RESOURCES),
    "DeployResources": ("RESOURCE", "CREATE", _RESOURCES),
    "ResolveIncident": ("INCIDENT", "RESOLVE", _RESOURCES),
    "SetVariables": ("VARIABLE", "UPDATE", _RESOURCES),
    "EvaluateDecision": ("DECISION", "EVALUATE", _RESOURCES),
    "CompleteJob": ("JOB", "COMPLETE", _RESOURCES),
    "FailJob": ("JOB", "UPDATE", _RESOURCES),
    "ThrowError": ("JOB", "UPDATE", _RESOURCES),
    "UpdateJobRetries": ("JOB", "UPDATE", _RESOURCES),
    "UpdateJobTimeout": ("JOB", "UPDATE", _RESOURCES),
    "AssignUserTask": ("USER_TASK", "ASSIGN", _TASKS),
    "ClaimUserTask": ("USER_TASK", "ASSIGN", _TASKS),
    "UpdateUserTask": ("USER_TASK", "UPDATE", _TASKS),
    "CompleteUserTask": ("USER_TASK", "COMPLETE", _TASKS),
    "SetUpUser": ("USER", "CREATE", _ADMIN),
    "CreateUser": ("USER", "CREATE", _ADMIN),
    "UpdateUser": ("USER", "UPDATE", _ADMIN),
    "DeleteUser": ("USER", "DELETE", _ADMIN),
    "CreateCircle": ("GROUP", "CREATE", _ADMIN),
    "UpdateCircle": ("GROUP", "UPDATE", _ADMIN),
    "DeleteCircle": ("GROUP", "DELETE", _ADMIN),
    "AddMember": ("GROUP", "ASSIGN", _ADMIN),
    "RemoveMember": ("GROUP", "UNASSIGN", _ADMIN),
    "CreateMappingRule": ("MAPPING_RULE", "CREATE", _ADMIN),
    "UpdateMappingRule": ("MAPPING_RULE", "UPDATE", _ADMIN),
    "DeleteMappingRule": ("MAPPING_RULE", "DELETE", _ADMIN),
    "CreateAuthorization": ("AUTHORIZATION", "CREATE", _ADMIN),
    "UpdateAuthorization": ("AUTHORIZATION", "UPDATE", _ADMIN),
    "DeleteAuthorization": ("AUTHORIZATION", "DELETE", _ADMIN),
}
"""Entity, operation and category of a command, in the words of the public API."""

_NOT_SHOWN = (None, "UNKNOWN", _RESOURCES)
"""Commands that the public API has no entity for are kept in the table all the same."""


def audit(told: Told, turn: Logged) -> None:
    actor = turn.header.actor
    name = told.partition << 51 | turn.position
    entity_type, operation, category = AUDITED.get(turn.command, _NOT_SHOWN)
    if entity_type == "GROUP":  # or a role, or a tenant: the event says which
        kinds = (_circle_kind(event) for event in turn.events)
        entity_type = next(filter(None, kinds), entity_type)
    about = _NOTHING
    events = turn.events
    if turn.command == "CreateInstance":  # its first variables are there before it
        events = tuple(each for each in events if each.__class__ in _CREATED) or events
    for event in events:
        if (found := _about(event)) is not None:
            about = found
            break
    entity_key = turn.key
    if entity_key < 0 and events:
        entity_key = events[0].key  # type: ignore[attr-defined]  # every event has one
    rejection = turn.rejection
    result, reason = ("SUCCESS", None) if rejection is None else ("FAIL", rejection[1])
    told.audit.new[name] = AuditRow(
        name, turn.timestamp, turn.command, entity_type, operation, category, entity_key,
        actor.id, actor.method, result, reason, *about,
        entity_key if entity_type == "JOB" else None,
        entity_key if entity_type == "USER_TASK" else None,
    )  # fmt: skip


_CREATED = frozenset((InstanceCreated, BRIEF[InstanceCreated]))


def _circle_kind(event: Event) -> str | None:
    if isinstance(event, CircleEvent):
        return event.circle.kind
    return event.member.kind if isinstance(event, MemberEvent) else None


_About = tuple[int | None, int | None, int | None, str | None, int | None, str | None]
"""Instance, root, definition, process id, element key, tenant."""

_NOTHING: _About = (None, None, None, None, None, None)


def _about(event: Event) -> _About | None:
    """Which instance an event is about; nothing when it is about none."""
    row = getattr(event, "job", None) or getattr(event, "task", None)
    row = row or getattr(event, "incident", None) or event
    instance = getattr(row, "instance", None)
    if instance is None:
        return None
    root = instance if row.__class__ in _CREATED else getattr(row, "root", None)
    return (
        instance, root, getattr(row, "definition", None),
        getattr(row, "process_id", None), getattr(row, "element_key", None),
        getattr(row, "tenant", None),
    )  # fmt: skip
