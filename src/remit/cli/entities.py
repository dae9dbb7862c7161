"""What can be listed, searched and looked at: names and short names, paths, the columns of a table."""

from __future__ import annotations

from dataclasses import dataclass

import click

from remit.history import entities
from remit.history.searching import Entity


@dataclass(frozen=True, slots=True)
class Kind:
    """`newest` is the property that the newest come first by; `one` whether one can be asked for."""

    name: str
    short: str
    path: str
    entity: Entity
    key: str
    columns: tuple[str, ...]
    newest: str
    one: bool = True


def _kind(
    name: str, short: str, entity: Entity, key: str, newest: str, columns: str, *, one: bool = True
) -> Kind:
    return Kind(name, short, f"/{name}", entity, key, (key, *columns.split()), newest, one)


KINDS = (
    _kind("process-instances", "pi", entities.PROCESS_INSTANCES, "processInstanceKey", "startDate",
          "processDefinitionId processDefinitionVersion state hasIncident startDate endDate businessId"),
    _kind("process-definitions", "pd", entities.PROCESS_DEFINITIONS, "processDefinitionKey",
          "processDefinitionKey", "processDefinitionId version name state resourceName"),
    _kind("element-instances", "ei", entities.ELEMENT_INSTANCES, "elementInstanceKey", "startDate",
          "elementId type state hasIncident startDate endDate processInstanceKey"),
    _kind("variables", "vars", entities.VARIABLES, "variableKey", "variableKey",
          "name value scopeKey processInstanceKey"),
    _kind("jobs", "job", entities.JOBS, "jobKey", "creationTime",
          "type state retries worker elementId errorMessage processInstanceKey", one=False),
    _kind("incidents", "inc", entities.INCIDENTS, "incidentKey", "creationTime",
          "errorType errorMessage state elementId creationTime processInstanceKey"),
    _kind("user-tasks", "ut", entities.USER_TASKS, "userTaskKey", "creationDate",
          "elementId name state assignee candidateGroups creationDate dueDate priority"),
    _kind("message-subscriptions", "msg", entities.MESSAGE_SUBSCRIPTIONS, "messageSubscriptionKey",
          "lastUpdatedDate",
          "messageName correlationKey messageSubscriptionState elementId processInstanceKey",
          one=False),
    _kind("decision-definitions", "dd", entities.DECISION_DEFINITIONS, "decisionDefinitionKey",
          "decisionDefinitionKey", "decisionDefinitionId version name decisionRequirementsId"),
    _kind("decision-instances", "di", entities.DECISION_INSTANCES, "decisionEvaluationInstanceKey",
          "evaluationDate", "decisionDefinitionId state result evaluationDate processInstanceKey"),
    _kind("batch-operations", "batch", entities.BATCH_OPERATIONS, "batchOperationKey", "startDate",
          "batchOperationType state operationsTotalCount operationsCompletedCount "
          "operationsFailedCount startDate endDate actorId"),
    _kind("batch-operation-items", "item", entities.BATCH_ITEMS, "itemKey", "processedDate",
          "batchOperationKey operationType state processInstanceKey processedDate errorMessage",
          one=False),
    _kind("audit-logs", "audit", entities.AUDIT, "auditLogKey", "timestamp",
          "timestamp actorId operationType entityType entityKey result processInstanceKey"),
)  # fmt: skip


class KindOf(click.ParamType[Kind]):
    """The name of a kind, its short name, or its name for one of them."""

    name = "KIND"

    def convert(
        self, value: str | Kind, param: click.Parameter | None, context: click.Context | None
    ) -> Kind:
        if isinstance(value, Kind):
            return value
        found = [k for k in KINDS if value in (k.name, k.name.removesuffix("s"), k.short)]
        if not found:
            names = ", ".join(f"{kind.name} ({kind.short})" for kind in KINDS)
            self.fail(f"there is no '{value}' to look at; there are {names}", param, context)
        return found[0]
