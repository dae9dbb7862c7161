"""Messages that came, and whatever else instances wait for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, literal, select, true, union_all

from remit.history import schema, words
from remit.history.entities.filters import business_id, by_business_id
from remit.history.entities.instances import KNOWN_TYPES
from remit.history.searching import Entity, date, enum, key, number, text

_S = schema.SUBSCRIPTIONS.c

MESSAGE_SUBSCRIPTIONS = Entity(
    schema.SUBSCRIPTIONS,
    _S.key,
    {
        "messageSubscriptionKey": key(_S.key),
        "messageSubscriptionState": enum(_S.state, words.SUBSCRIPTION_STATES),
        "lastUpdatedDate": date(_S.updated), "messageName": text(_S.name),
        "correlationKey": text(_S.correlation_key), "elementId": text(_S.element),
        "elementInstanceKey": key(_S.element_key), "processInstanceKey": key(_S.instance),
        "processDefinitionKey": key(_S.definition), "processDefinitionId": text(_S.process_id),
        "rootProcessInstanceKey": key(_S.root), "tenantId": text(_S.tenant),
        "messageSubscriptionType": enum(_S.type, words.SUBSCRIPTION_TYPES),
        "processDefinitionName": text(_S.process_name),
        "processDefinitionVersion": number(_S.version), "businessId": business_id(_S.instance),
    },
    extras={"businessId": by_business_id(_S.instance)},
    constants={
        "extensionProperties": {}, "toolProperties": {}, "toolName": None,
        "inboundConnectorType": None,
    },
)  # fmt: skip

_C = schema.CORRELATIONS.c

CORRELATED_MESSAGES = Entity(
    schema.CORRELATIONS,
    _C.message,
    {
        "subscriptionKey": key(_C.subscription), "messageKey": key(_C.message),
        "correlationTime": date(_C.date), "messageName": text(_C.name),
        "correlationKey": text(_C.correlation_key), "elementId": text(_C.element),
        "elementInstanceKey": key(_C.element_key), "processInstanceKey": key(_C.instance),
        "processDefinitionKey": key(_C.definition), "processDefinitionId": text(_C.process_id),
        "partitionId": number(_C.partition), "rootProcessInstanceKey": key(_C.root),
        "tenantId": text(_C.tenant), "businessId": business_id(_C.instance),
    },
    extras={"businessId": by_business_id(_C.instance)},
    ties=(_C.subscription,),
)  # fmt: skip

_J = schema.JOBS.c
_T = schema.USER_TASKS.c
_E = schema.ELEMENTS.c


def _waits() -> Any:
    """What every instance waits for: jobs, user tasks, messages, timers, signals, conditions."""
    parts = (
        (_J, "JOB", _J.key, _J.end_date.is_(None)),
        (_T, "USER_TASK", _T.key, _T.end_date.is_(None)),
        (_S, "MESSAGE", _S.key, and_(_S.state == "CREATED", _S.element_key.is_not(None))),
        (schema.WAITS.c, schema.WAITS.c.kind, schema.WAITS.c.key, true()),
    )
    return union_all(
        *(
            select(
                identity.label("key"),
                (literal(kind) if isinstance(kind, str) else kind).label("kind"),
                columns.element_key, columns.instance, columns.root, _E.element, _E.type,
                _E.process_id, _E.tenant,
            )
            .join_from(columns.element_key.table, schema.ELEMENTS, columns.element_key == _E.key)
            .where(condition)
            for columns, kind, identity, condition in parts
        )
    ).subquery("waiting")  # fmt: skip


_W = _waits().c

WAIT_STATES = Entity(
    _W.key.table,
    _W.key,
    {
        "rootProcessInstanceKey": key(_W.root), "processInstanceKey": key(_W.instance),
        "elementInstanceKey": key(_W.element_key), "elementId": text(_W.element),
        "elementType": enum(_W.type, shown=KNOWN_TYPES), "tenantId": text(_W.tenant),
        "bpmnProcessId": text(_W.process_id),
    },
    hidden={"waitStateType": enum(_W.kind, words.WAIT_TYPES)},
)  # fmt: skip
"""Rows without their details: those are in the table that `waitStateType` names."""
