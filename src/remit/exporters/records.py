"""Turns of the log as records in Zeebe's shape (rules 90-92).

A turn becomes the record of its command, or of its rejection, followed by its events; all of them
name the command's position as their source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from remit.exporters.contract import Record
from remit.exporters.personal import Personal
from remit.model.bpmn import read
from remit.partition.log import Logged
from remit.protocol.events import INTENT_NAMES, Event, value_type_and_intent
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.job import JobsActivated
from remit.protocol.events.process_instance import ELEMENT_KINDS, ElementActivating, ElementEvent
from remit.protocol.values import DEFAULT_TENANT, Job, ProcessDefinition

BROKER_VERSION = "8.9.0"
RECORD_VERSION = 1

COMMANDS: dict[str, tuple[str, str]] = {
    "DeployResources": ("DEPLOYMENT", "CREATE"),
    "CreateInstance": ("PROCESS_INSTANCE_CREATION", "CREATE"),
    "CancelInstance": ("PROCESS_INSTANCE", "CANCEL"),
    "SuspendInstance": ("PROCESS_INSTANCE", "SUSPEND"),
    "ResumeInstance": ("PROCESS_INSTANCE", "RESUME"),
    "AssignBusinessId": ("PROCESS_INSTANCE", "ASSIGN_BUSINESS_ID"),
    "MigrateInstance": ("PROCESS_INSTANCE_MIGRATION", "MIGRATE"),
    "ModifyInstance": ("PROCESS_INSTANCE_MODIFICATION", "MODIFY"),
    "ActivateAdHoc": ("AD_HOC_SUB_PROCESS_INSTRUCTION", "ACTIVATE"),
    "ActivateJobs": ("JOB_BATCH", "ACTIVATE"),
    "CompleteJob": ("JOB", "COMPLETE"),
    "FailJob": ("JOB", "FAIL"),
    "ThrowError": ("JOB", "THROW_ERROR"),
    "YieldJob": ("JOB", "YIELD"),
    "TimeOutJob": ("JOB", "TIME_OUT"),
    "RecurJob": ("JOB", "RECUR_AFTER_BACKOFF"),
    "UpdateJobRetries": ("JOB", "UPDATE_RETRIES"),
    "UpdateJobTimeout": ("JOB", "UPDATE_TIMEOUT"),
    "PublishMessage": ("MESSAGE", "PUBLISH"),
    "CorrelateMessage": ("MESSAGE_CORRELATION", "CORRELATE"),
    "DeliverMessage": ("MESSAGE", "PUBLISH"),
    "RenewPolicy": ("GOVERNANCE", "RENEW"),
    "ReanchorTrust": ("GOVERNANCE", "REANCHOR"),
    "ShowPolicy": ("GOVERNANCE", "SHOW"),
    "SignPolicies": ("GOVERNANCE", "SIGN"),
    "ShowRevocations": ("GOVERNANCE", "SHOW"),
    "ChangeRevocations": ("GOVERNANCE", "REVOKE"),
    "AssignUserTask": ("USER_TASK", "ASSIGN"),
    "ClaimUserTask": ("USER_TASK", "CLAIM"),
    "UpdateUserTask": ("USER_TASK", "UPDATE"),
    "CompleteUserTask": ("USER_TASK", "COMPLETE"),
    "DeleteResource": ("RESOURCE_DELETION", "DELETE"),
    "ForgetResource": ("RESOURCE_DELETION", "DELETE"),
    "EvaluateConditional": ("CONDITION", "EVALUATE"),
    "BroadcastSignal": ("SIGNAL", "BROADCAST"),
    "ReachListeners": ("SIGNAL", "BROADCAST"),
    "ExpireMessage": ("MESSAGE", "EXPIRE"),
    "ResolveIncident": ("INCIDENT", "RESOLVE"),
    "EvaluateDecision": ("DECISION_EVALUATION", "EVALUATE"),
    "SetVariables": ("VARIABLE_DOCUMENT", "UPDATE"),
    "TriggerTimer": ("TIMER", "TRIGGER"),
    "SetUpUser": ("USER", "CREATE"),
    "CreateUser": ("USER", "CREATE"),
    "UpdateUser": ("USER", "UPDATE"),
    "DeleteUser": ("USER", "DELETE"),
    "CreateCircle": ("GROUP", "CREATE"),
    "UpdateCircle": ("GROUP", "UPDATE"),
    "DeleteCircle": ("GROUP", "DELETE"),
    "AddMember": ("GROUP", "ADD_ENTITY"),
    "RemoveMember": ("GROUP", "REMOVE_ENTITY"),
    "CreateMappingRule": ("MAPPING_RULE", "CREATE"),
    "UpdateMappingRule": ("MAPPING_RULE", "UPDATE"),
    "DeleteMappingRule": ("MAPPING_RULE", "DELETE"),
    "CreateAuthorization": ("AUTHORIZATION", "CREATE"),
    "UpdateAuthorization": ("AUTHORIZATION", "UPDATE"),
    "DeleteAuthorization": ("AUTHORIZATION", "DELETE"),
    "ShareIdentity": ("COMMAND_DISTRIBUTION", "DISTRIBUTE"),
    "PinClock": ("CLOCK", "PIN"),
    "ResetClock": ("CLOCK", "RESET"),
    "OpenMessageSubscription": ("MESSAGE_SUBSCRIPTION", "CREATE"),
    "AcknowledgeCorrelation": ("MESSAGE_SUBSCRIPTION", "CORRELATE"),
    "RejectCorrelation": ("MESSAGE_SUBSCRIPTION", "REJECT"),
    "CloseMessageSubscription": ("MESSAGE_SUBSCRIPTION", "DELETE"),
    "ConfirmSubscription": ("PROCESS_MESSAGE_SUBSCRIPTION", "CREATE"),
    "CorrelateSubscription": ("PROCESS_MESSAGE_SUBSCRIPTION", "CORRELATE"),
    "ConfirmSubscriptionClosed": ("PROCESS_MESSAGE_SUBSCRIPTION", "DELETE"),
    "DistributeDeployment": ("DEPLOYMENT", "DISTRIBUTE"),
    "AcknowledgeDistribution": ("COMMAND_DISTRIBUTION", "ACKNOWLEDGE"),
    "CreateBatch": ("BATCH_OPERATION_CREATION", "CREATE"),
    "SteerBatch": ("BATCH_OPERATION_LIFECYCLE_MANAGEMENT", "STEER"),
    "StartBatchPart": ("BATCH_OPERATION_PARTITION_LIFECYCLE", "INITIALIZE"),
    "SteerBatchPart": ("BATCH_OPERATION_PARTITION_LIFECYCLE", "STEER"),
    "ReportBatchPart": ("BATCH_OPERATION_LIFECYCLE_MANAGEMENT", "COMPLETE_PARTITION"),
    "RunBatch": ("BATCH_OPERATION_EXECUTION", "EXECUTE"),
    "DeleteDecisionHistory": ("HISTORY_DELETION", "DELETE"),
    "DeleteInstanceHistory": ("HISTORY_DELETION", "DELETE"),
    "Continue": ("PROCESS_INSTANCE_BATCH", "ACTIVATE"),
}
"""Value type and intent of each command's record."""

_RENAMED = {
    "instance": "processInstanceKey",
    "definition": "processDefinitionKey",
    "element": "elementId",
    "element_key": "elementInstanceKey",
    "process_id": "bpmnProcessId",
    "tenant": "tenantId",
    "due": "dueDate",
    "target": "targetElementId",
    "job": "jobKey",
    "scope": "variableScopeKey",
    "message": "messageKey",
    "start": "startEventId",
    "name": "messageName",
    "message_id": "messageId",
    "headers": "customHeaders",
    "kind": "jobKind",
    "backoff": "retryBackoff",
    "recurs_at": "recurringTime",
}
_HIDDEN = frozenset(
    ("root", "stage", "state", "header", "resource", "created", "listener_index", "password_hash")
)


class Translator:
    """Turns of one partition to records. Knows the definitions that it has seen, or was given.

    `personal` keeps back what policies call personal.
    """

    def __init__(
        self,
        partition: int,
        definitions: list[ProcessDefinition],
        personal: Personal | None = None,
    ) -> None:
        self._partition = partition
        self._personal = personal or Personal(None)
        self._definitions = {row.key: row for row in definitions}
        self._event_types: dict[tuple[int, str], str] = {}

    def records(self, turn: Logged) -> Iterator[Record]:
        value_type, intent = COMMANDS.get(turn.command, ("UNKNOWN", turn.command))
        if value_type == "GROUP" and turn.events:  # or a role, or a tenant: the event says which
            tag = turn.events[-1].__struct_config__.tag
            assert isinstance(tag, int)
            value_type = value_type_and_intent(tag)[0].name
        yield self._record(turn, turn.position, turn.key, "COMMAND", value_type, intent, {})
        if turn.rejection is not None:
            rejected = self._record(
                turn, turn.position, turn.key, "COMMAND_REJECTION", value_type, intent, {}
            )
            rejected["rejectionType"] = turn.rejection[0].value
            rejected["rejectionReason"] = turn.rejection[1]
            yield rejected
        for offset, event in enumerate(turn.events, 1):
            if isinstance(event, ProcessCreated):
                self._definitions[event.key] = event.definition
            self._personal.follow(turn.position, event)
            tag = event.__struct_config__.tag
            assert isinstance(tag, int)
            value_type = value_type_and_intent(tag)[0].name
            value = self._personal.withhold(value_type, self._value(event))
            yield self._record(
                turn, turn.position + offset, _key(event), "EVENT", value_type, INTENT_NAMES[tag],
                value,
            )  # fmt: skip

    def _record(
        self,
        turn: Logged,
        position: int,
        key: int,
        record_type: str,
        value_type: str,
        intent: str,
        value: dict[str, Any],
    ) -> Record:
        actor = turn.header.actor
        who = {"actor": actor.id, "method": actor.method, "level": actor.level}
        if turn.header.broken_glass:
            who["brokenGlass"] = turn.header.broken_glass
        return {
            "position": position,
            "sourceRecordPosition": turn.position if position != turn.position else -1,
            "key": key,
            "timestamp": turn.timestamp,
            "recordType": record_type,
            "valueType": value_type,
            "intent": intent,
            "partitionId": self._partition,
            "rejectionType": "NULL_VAL",
            "rejectionReason": "",
            "brokerVersion": BROKER_VERSION,
            "recordVersion": RECORD_VERSION,
            "authorizations": who,
            "operationReference": turn.header.operation_reference,
            "value": value,
        }

    def _value(self, event: Event) -> dict[str, Any]:
        if isinstance(event, ElementEvent):
            return self._element(event)
        if isinstance(event, JobsActivated):
            return {
                "type": event.type,
                "worker": event.worker,
                "timeout": event.timeout,
                "maxJobsToActivate": event.limit,
                "truncated": event.truncated,
                "jobKeys": [job.key for job in event.jobs],
                "jobs": [self._job(job) for job in event.jobs],
                "tenantId": event.tenant,
            }
        fields = {name: getattr(event, name) for name in event.__struct_fields__ if name != "key"}
        inner = fields.pop("job", None) if isinstance(fields.get("job"), Job) else None
        value = {} if inner is None else self._job(inner)
        for name, each in fields.items():
            if isinstance(each, msgspec.Struct):
                value.update(self._flat(each))
            elif name not in _HIDDEN:
                value[_shown(event, name)] = _plain(each)
        return self._with_process(value)

    def _element(self, event: ElementEvent) -> dict[str, Any]:
        value = {
            "bpmnElementType": ELEMENT_KINDS[event.kind],
            "bpmnEventType": self._event_type(event.definition, event.element),
            "elementId": event.element,
            "flowScopeKey": event.scope,
            "processInstanceKey": event.instance,
            "processDefinitionKey": event.definition,
            "parentProcessInstanceKey": -1,
            "parentElementInstanceKey": -1,
            "tenantId": self._tenant(event.definition),
        }
        if isinstance(event, ElementActivating):
            value["parentProcessInstanceKey"] = event.parent_instance
            value["parentElementInstanceKey"] = event.parent_element
            value["tenantId"] = event.tenant
        return self._with_process(value)

    def _job(self, job: Job) -> dict[str, Any]:
        value = self._flat(job)
        value["processDefinitionVersion"] = value.pop("version")
        value["jobKind"] = job.kind.name
        value["listenerEventType"] = (job.listener_event or "unspecified").upper()
        return value

    def _flat(self, row: msgspec.Struct) -> dict[str, Any]:
        return {
            _shown(row, name): _plain(getattr(row, name))
            for name in row.__struct_fields__
            if name not in _HIDDEN
        }

    def _with_process(self, value: dict[str, Any]) -> dict[str, Any]:
        """Add what the definition says: id and version of the process."""
        row = self._definitions.get(value.get("processDefinitionKey", -1))
        if row is not None:
            value.setdefault("bpmnProcessId", row.process_id)
            value.setdefault("version", row.version)
        return value

    def _tenant(self, definition: int) -> str:
        """An instance is in the tenant of its definition."""
        row = self._definitions.get(definition)
        return DEFAULT_TENANT if row is None else row.tenant

    def _event_type(self, definition: int, element: str) -> str:
        """`bpmnEventType` is in the model alone."""
        if not any(known[0] == definition for known in self._event_types):
            row = self._definitions.get(definition)
            if row is None:
                return "UNSPECIFIED"
            for process in read(row.resource, row.resource_name).processes:
                if process.id == row.process_id:
                    for node in process.nodes.values():
                        self._event_types[(definition, node.id)] = node.event_type.value
            self._event_types[(definition, "")] = "UNSPECIFIED"
        return self._event_types.get((definition, element), "UNSPECIFIED")


def _key(event: Event) -> int:
    key: int = getattr(event, "key", -1)
    return key


def _shown(row: object, name: str) -> str:
    """The name of a field in Zeebe's records."""
    if name == "name" and type(row).__name__ in ("VariableCreated", "VariableUpdated"):
        return "name"
    if name == "scope" and type(row).__name__ in ("VariableCreated", "VariableUpdated"):
        return "scopeKey"
    if name == "name" and type(row).__name__ in ("Message", "ProcessDefinition"):
        return "name"
    renamed = _RENAMED.get(name)
    if renamed is not None:
        return renamed
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
