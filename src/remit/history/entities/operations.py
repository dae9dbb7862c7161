"""What people and programs did: batch operations, and who asked for what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, select

from remit.history import schema, words
from remit.history.searching import Entity, Field, date, enum, key, number, text

_B, _BI = schema.BATCHES.c, schema.BATCH_ITEMS.c
_B, _BI = schema.BATCHES.c, schema.BATCH_ITEMS.c


def _actor_type(method: Any) -> Field:
    """By how somebody has come in."""
    found = case((method == "none", "ANONYMOUS"), (method == "basic", "USER"), else_="CLIENT")
    return enum(found.label("actor_type"), words.ACTOR_TYPES)


def _items(state: str) -> Field:
    """How many items of a batch operation are in a state.

    Of one that has completed this is what its partitions have reported; before that, what each of them
    has told so far.
    """
    reported = schema.BATCHES.c[state.lower()]
    count = (
        select(func.count())
        .select_from(schema.BATCH_ITEMS)
        .where(_BI.batch == _B.key, _BI.state == state)
        .correlate(schema.BATCHES)
        .scalar_subquery()
    )
    found = case((_B.state == "COMPLETED", reported), else_=count)
    return number(found.label(f"{state.lower()}_items"))


BATCH_OPERATIONS = Entity(
    schema.BATCHES,
    _B.key,
    {
        "batchOperationKey": key(_B.key), "state": enum(_B.state, words.BATCH_STATES),
        "batchOperationType": enum(_B.kind, words.BATCH_TYPES), "startDate": date(_B.start_date),
        "endDate": date(_B.end_date), "actorType": _actor_type(_B.method),
        "actorId": text(_B.actor), "operationsTotalCount": number(_B.total),
        "operationsFailedCount": _items("FAILED"),
        "operationsCompletedCount": _items("COMPLETED"),
    },
    hidden={"operationType": enum(_B.kind, words.BATCH_TYPES)},
    constants={"errors": []},
)  # fmt: skip

BATCH_ITEMS = Entity(
    schema.BATCH_ITEMS,
    _BI.id,
    {
        "operationType": enum(_BI.kind, words.BATCH_TYPES), "batchOperationKey": key(_BI.batch),
        "itemKey": key(_BI.item), "processInstanceKey": key(_BI.instance),
        "rootProcessInstanceKey": key(_BI.root), "state": enum(_BI.state, words.BATCH_ITEM_STATES),
        "processedDate": date(_BI.date), "errorMessage": text(_BI.error),
    },
)  # fmt: skip

_A = schema.AUDIT.c

AUDIT = Entity(
    schema.AUDIT,
    _A.key,
    {
        "auditLogKey": key(_A.key), "timestamp": date(_A.date),
        "entityType": enum(_A.entity_type, words.AUDIT_ENTITIES),
        "operationType": enum(_A.operation, words.AUDIT_OPERATIONS),
        "category": enum(_A.category, words.AUDIT_CATEGORIES),
        "entityKey": key(_A.entity_key), "actorId": text(_A.actor),
        "actorType": _actor_type(_A.method),
        "result": enum(_A.result, words.AUDIT_RESULTS), "processInstanceKey": key(_A.instance),
        "entityDescription": text(_A.reason), "rootProcessInstanceKey": key(_A.root),
        "processDefinitionKey": key(_A.definition), "processDefinitionId": text(_A.process_id),
        "elementInstanceKey": key(_A.element_key), "jobKey": key(_A.job),
        "userTaskKey": key(_A.user_task), "tenantId": text(_A.tenant),
    },
    constants=dict.fromkeys(
        (
            "batchOperationKey", "batchOperationType", "agentElementId",
            "decisionRequirementsId", "decisionRequirementsKey",
            "decisionDefinitionId", "decisionDefinitionKey", "decisionEvaluationKey",
            "deploymentKey", "formKey", "resourceKey", "relatedEntityKey", "relatedEntityType",
            "inboundChannelType", "inboundChannelToolName",
        )
    ),
    always=(_A.entity_type.is_not(None),),
)  # fmt: skip
