"""What can be searched, with the properties of the public API."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement as Element

from remit.history import schema, words
from remit.history.planning import Kinds
from remit.history.searching import (
    Entity,
    Field,
    Hint,
    Part,
    Related,
    Wrong,
    beginning,
    compare,
    date,
    document,
    enum,
    flag,
    flag_of,
    key,
    maybe,
    number,
    plain,
    text,
)

_P = schema.PROCESSES.c
PROCESS_DEFINITIONS = Entity(
    schema.PROCESSES,
    _P.key,
    {
        "name": text(_P.name), "resourceName": text(_P.resource_name), "version": number(_P.version),
        "versionTag": text(_P.version_tag), "processDefinitionId": text(_P.process_id),
        "tenantId": text(_P.tenant), "processDefinitionKey": key(_P.key),
        "hasStartForm": flag(_P.has_start_form), "state": enum(_P.state, words.DEFINITION_STATES),
    },
    extras={"isLatestVersion": lambda value: _is_latest(value)},
)  # fmt: skip


def _is_latest(value: Any) -> ColumnElement[bool]:
    newer = schema.PROCESSES.alias()
    overtaken = exists(
        select(newer.c.key).where(
            newer.c.process_id == _P.process_id,
            newer.c.tenant == _P.tenant,
            newer.c.version > _P.version,
            newer.c.state == "ACTIVE",
        )
    )
    if not isinstance(value, bool):
        raise Wrong("isLatestVersion is true or false")
    return not_(overtaken) if value else overtaken


_I = schema.INSTANCES.c
_B, _BI = schema.BATCHES.c, schema.BATCH_ITEMS.c
_V = schema.VARIABLES.c
_E = schema.ELEMENTS.c
_N = schema.INCIDENTS.c
_J = schema.JOBS.c


def _has_incident(value: Any) -> ColumnElement[bool]:
    if not isinstance(value, bool):
        raise Wrong("hasIncident is true or false")
    troubled = _I.incidents > literal_column("0")  # in words, so that its index is found
    return troubled if value else not_(troubled)


def _variables(
    value: Any, owner: Element[Any] = _I.key, of: Element[Any] = _V.instance
) -> list[Related]:
    """Every one of them has to be there: {name, value}, the value in its JSON form."""
    if not isinstance(value, list):
        raise Wrong("variables is a list of {name, value}")
    found = []
    for each in value:
        if not isinstance(each, dict) or set(each) != {"name", "value"}:
            raise Wrong("a variable filter has a name and a value")
        where = (*compare(text(_V.name), each["name"]), *compare(text(_WHOLE), each["value"]))
        found.append(Related(owner, of, where, _starting(each["value"])))
    return found


_WHOLE = _V.value + literal_column("''")
"""The value, so said that SQLite does not put what it equals into the expression of its index."""


def _starting(value: Any) -> tuple[ColumnElement[bool], ...]:
    """What equals a value begins as that does: a hint, since beginnings have an index."""
    operators = value if isinstance(value, dict) else {"$eq": value}
    wanted = [operators["$eq"]] if "$eq" in operators else operators.get("$in")
    if wanted is None:
        return ()
    return (schema.VALUE_START.in_(sorted({plain(each)[: schema.START] for each in wanted})),)


def _beginning(value: Any) -> Iterator[Hint]:
    """The same for what is like a text that does not begin with a wildcard."""
    wanted = value.get("$like") if isinstance(value, dict) else None
    start = beginning(plain(wanted))[: schema.START] if isinstance(wanted, str) else ""
    start = start.rstrip(chr(sys.maxunicode))  # nothing comes after it
    if start:
        beyond = start[:-1] + (chr(ord(start[-1]) + 1) if start[-1] != "\ud7ff" else "\ue000")
        begins = and_(schema.VALUE_START.op(">=")(start), schema.VALUE_START.op("<")(beyond))
        yield Hint(begins, only="sqlite")


def _tags(value: Any) -> ColumnElement[bool]:
    """Every one of them has to be on the instance."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Wrong("tags is a list of texts")
    return and_(true(), *(_I.tags.contains(f'"{plain(each)}"', autoescape=True) for each in value))


def _retries_left(value: Any) -> ColumnElement[bool]:
    """A job of the instance failed, and will be tried again."""
    found = _I.key.in_(select(_J.instance).where(_failed_with_retries()))
    return found if _flag(value) else not_(found)


def _failed_with_retries() -> ColumnElement[bool]:
    return and_(_J.state == "FAILED", _J.retries > 0)


def _in_trouble(value: Any) -> ColumnElement[bool]:
    """An element instance stands at an incident."""
    found = _I.key.in_(select(_N.instance).where(_N.state == "ACTIVE"))
    return found if _flag(value) else not_(found)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"true or false is expected, not {value!r}")
    return value


def _by_element(field: Field) -> Any:
    return lambda value: Related(_I.key, _E.instance, tuple(compare(field, value)))


def _by_element_state(value: Any) -> Related:
    parts = _state(_E, words.ELEMENT_STATES)(value)
    hints = tuple(each.condition for each in parts if isinstance(each, Hint))
    where = tuple(each for each in parts if not isinstance(each, Hint))
    return Related(_I.key, _E.instance, where, hints, few=bool(hints))


def _by_incident(field: Field) -> Any:
    """Open incidents are few beside instances: they are looked up first."""
    return lambda value: _I.key.in_(
        select(_N.instance).where(_N.state == "ACTIVE", *compare(field, value))
    )


def _by_batch(value: Any) -> ColumnElement[bool]:
    """A batch operation has, or had, this instance among its items."""
    return exists(select(_BI.id).where(_BI.instance == _I.key, *compare(key(_BI.batch), value)))


def _state(columns: Any, known: tuple[str, ...]) -> Any:
    """What is active has not ended: a hint, since those have indexes of their own."""

    def holds(value: Any) -> list[Part]:
        found: list[Part] = [*compare(enum(columns.state, known), value)]
        wanted = value.get("$eq") if isinstance(value, dict) else value
        if isinstance(wanted, str) and wanted.upper() == "ACTIVE":
            found.append(Hint(columns.end_date.is_(None)))
        return found

    return holds


def _business_id(of: ColumnElement[Any]) -> Field:
    """What the process instance is called that `of` names."""
    found = select(_I.business_id).where(_I.key == of).scalar_subquery()
    return text(found.label("business_id"))


def _by_business_id(of: ColumnElement[Any]) -> Any:
    return lambda value: Related(of, _I.key, tuple(compare(text(_I.business_id), value)))


PROCESS_INSTANCES = Entity(
    schema.INSTANCES,
    _I.key,
    {
        "processDefinitionId": text(_I.process_id), "processDefinitionName": text(_I.process_name),
        "processDefinitionVersion": number(_I.version),
        "processDefinitionVersionTag": text(_I.version_tag), "startDate": date(_I.start_date),
        "endDate": date(_I.end_date), "state": enum(_I.state, words.INSTANCE_STATES),
        "hasIncident": flag(_I.incidents),
        "tenantId": text(_I.tenant), "processInstanceKey": key(_I.key),
        "processDefinitionKey": key(_I.definition),
        "parentProcessInstanceKey": key(_I.parent_instance),
        "parentElementInstanceKey": key(_I.parent_element),
        "rootProcessInstanceKey": key(_I.root), "tags": document(_I.tags),
        "businessId": text(_I.business_id), "suspendedDate": date(_I.suspended_date),
    },
    extras={
        "state": _state(_I, words.INSTANCE_STATES), "hasIncident": _has_incident,
        "variables": _variables,
        "elementId": _by_element(text(_E.element)),
        "elementInstanceState": _by_element_state,
        "errorMessage": _by_incident(text(_N.error_message)),
        "incidentErrorHashCode": _by_incident(number(_N.error_hash)),
        "hasElementInstanceIncident": _in_trouble, "hasRetriesLeft": _retries_left,
        "tags": _tags, "batchOperationKey": _by_batch, "batchOperationId": _by_batch,
    },
    natural=(_I.start_date,),
    kinds=Kinds(
        (_I.definition,),
        frozenset(
            (_I.definition, _I.process_id, _I.process_name, _I.version, _I.version_tag, _I.tenant)
        ),
        _I.state,
    ),
)  # fmt: skip

KNOWN_TYPES = {"TRANSACTION": "SUB_PROCESS", "COMPLEX_GATEWAY": "UNKNOWN"}
"""Elements that official clients have no word for, and refuse to read: shown as what they know."""

ELEMENT_INSTANCES = Entity(
    schema.ELEMENTS,
    _E.key,
    {
        "processDefinitionId": text(_E.process_id), "startDate": date(_E.start_date),
        "endDate": date(_E.end_date), "elementId": text(_E.element),
        "elementName": text(_E.element_name), "type": enum(_E.type, shown=KNOWN_TYPES),
        "state": enum(_E.state, words.ELEMENT_STATES),
        "hasIncident": flag(_E.incident), "tenantId": text(_E.tenant),
        "elementInstanceKey": key(_E.key), "processInstanceKey": key(_E.instance),
        "rootProcessInstanceKey": key(_E.root), "processDefinitionKey": key(_E.definition),
        "incidentKey": key(_E.incident),
    },
    hidden={"elementInstanceScopeKey": key(_E.scope)},
    extras={
        "hasIncident": lambda value: _exists(_E.incident, value),
        "state": _state(_E, words.ELEMENT_STATES),
    },
    kinds=Kinds(
        (_E.definition, _E.element),
        frozenset(
            (_E.definition, _E.element, _E.element_name, _E.type, _E.process_id, _E.tenant)
        ),
        _E.state,
    ),
)  # fmt: skip


def _exists(column: Any, value: Any) -> ColumnElement[bool]:
    if not isinstance(value, bool):
        raise Wrong("true or false is expected")
    found: ColumnElement[bool] = column.is_not(None) if value else column.is_(None)
    return found


TRUNCATED = 8_191
"""Characters of a variable's value that a search shows, unless it is asked for all."""


def _is_long(value: Any) -> ColumnElement[bool]:
    length = func.length(_V.value)
    found: ColumnElement[bool] = length > TRUNCATED if _flag(value) else length <= TRUNCATED
    return found


VARIABLES = Entity(
    schema.VARIABLES,
    _V.key,
    {
        "name": text(_V.name), "value": text(_V.value), "tenantId": text(_V.tenant),
        "variableKey": key(_V.key), "scopeKey": key(_V.scope),
        "processInstanceKey": key(_V.instance), "rootProcessInstanceKey": key(_V.root),
    },
    hidden={"processDefinitionKey": key(_V.definition)},
    extras={
        "isTruncated": lambda value: _is_long(value),
        "value": lambda value: [
            *compare(text(_WHOLE), value), *map(Hint, _starting(value)), *_beginning(value),
        ],
    },
)  # fmt: skip

JOBS = Entity(
    schema.JOBS,
    _J.key,
    {
        "customHeaders": document(_J.headers), "deadline": date(_J.deadline),
        "elementId": text(_J.element), "elementInstanceKey": key(_J.element_key),
        "endTime": date(_J.end_date), "errorCode": text(_J.error_code),
        "errorMessage": text(_J.error_message), "jobKey": key(_J.key),
        "kind": enum(_J.kind, words.JOB_KINDS),
        "listenerEventType": enum(_J.listener_event, words.LISTENER_EVENTS),
        "processDefinitionId": text(_J.process_id),
        "processDefinitionKey": key(_J.definition), "processInstanceKey": key(_J.instance),
        "rootProcessInstanceKey": key(_J.root), "retries": number(_J.retries),
        "state": enum(_J.state, words.JOB_STATES), "tenantId": text(_J.tenant), "type": text(_J.type),
        "worker": text(_J.worker), "creationTime": date(_J.created),
        "lastUpdateTime": date(_J.updated),
        "hasFailedWithRetriesLeft": flag_of("tried_again", _failed_with_retries()),
        "isDenied": maybe(_J.denied), "deniedReason": text(_J.denied_reason),
        "businessId": _business_id(_J.instance),
    },
    extras={"businessId": _by_business_id(_J.instance)},
    constants={"priority": 0},
)  # fmt: skip

INCIDENTS = Entity(
    schema.INCIDENTS,
    _N.key,
    {
        "processDefinitionId": text(_N.process_id), "errorType": enum(_N.error_type, words.ERROR_TYPES),
        "errorMessage": text(_N.error_message), "elementId": text(_N.element),
        "creationTime": date(_N.created), "state": enum(_N.state, words.INCIDENT_STATES),
        "tenantId": text(_N.tenant),
        "incidentKey": key(_N.key), "processDefinitionKey": key(_N.definition),
        "processInstanceKey": key(_N.instance), "rootProcessInstanceKey": key(_N.root),
        "elementInstanceKey": key(_N.element_key), "jobKey": key(_N.job),
    },
    natural=(_N.created,),
)  # fmt: skip

_T = schema.USER_TASKS.c


def _among(column: Any) -> Any:
    """A name among those of a JSON list."""

    def holds(value: Any) -> ColumnElement[bool]:
        wanted = value.get("$eq") if isinstance(value, dict) else value
        many = value.get("$in") if isinstance(value, dict) else None
        names = many if isinstance(many, list) else [wanted]
        if not names or not all(isinstance(each, str) for each in names):
            raise Wrong("a name, {$eq: name} or {$in: [names]} is expected")
        return or_(*(column.contains(f'"{each}"', autoescape=True) for each in names))

    return holds


USER_TASKS = Entity(
    schema.USER_TASKS,
    _T.key,
    {
        "name": text(_T.name), "state": enum(_T.state, words.USER_TASK_STATES),
        "assignee": text(_T.assignee),
        "elementId": text(_T.element), "candidateGroups": document(_T.candidate_groups),
        "candidateUsers": document(_T.candidate_users), "processDefinitionId": text(_T.process_id),
        "creationDate": date(_T.created), "completionDate": date(_T.end_date),
        "followUpDate": date(_T.follow_up_date), "dueDate": date(_T.due_date),
        "tenantId": text(_T.tenant), "externalFormReference": text(_T.external_reference),
        "processDefinitionVersion": number(_T.version), "customHeaders": document(_T.headers),
        "priority": number(_T.priority), "userTaskKey": key(_T.key),
        "elementInstanceKey": key(_T.element_key), "processName": text(_T.process_name),
        "processDefinitionKey": key(_T.definition), "processInstanceKey": key(_T.instance),
        "rootProcessInstanceKey": key(_T.root), "formKey": key(_T.form_key),
        "tags": document(_T.tags), "businessId": _business_id(_T.instance),
    },
    extras={
        "candidateGroup": _among(_T.candidate_groups), "candidateUser": _among(_T.candidate_users),
        "processInstanceVariables": lambda value: _variables(value, _T.instance),
        "localVariables": lambda value: _variables(value, _T.element_key, _V.scope),
        "businessId": _by_business_id(_T.instance),
    },
    natural=(_T.created,),
)  # fmt: skip

_R = schema.REQUIREMENTS.c
DECISION_REQUIREMENTS = Entity(
    schema.REQUIREMENTS,
    _R.key,
    {
        "decisionRequirementsId": text(_R.requirements_id),
        "decisionRequirementsName": text(_R.name), "version": number(_R.version),
        "resourceName": text(_R.resource_name), "tenantId": text(_R.tenant),
        "decisionRequirementsKey": key(_R.key),
    },
)  # fmt: skip

_F = schema.FORMS.c


def _resources() -> Any:
    """Every deployed process, decision file and form."""
    tagless = null().label("version_tag")
    return union_all(
        select(_P.key, _P.resource_name, _P.version, _P.version_tag,
               _P.process_id.label("id"), _P.tenant, _P.xml.label("content"))
        .where(_P.state == "ACTIVE"),
        select(_R.key, _R.resource_name, _R.version, tagless, _R.requirements_id, _R.tenant, _R.xml),
        select(_F.key, _F.resource_name, _F.version, tagless, _F.form_id, _F.tenant, _F.schema),
    ).subquery("resources")  # fmt: skip


_Q = _resources().c
RESOURCES = Entity(
    _Q.key.table,
    _Q.key,
    {
        "resourceName": text(_Q.resource_name), "version": number(_Q.version),
        "versionTag": text(_Q.version_tag), "resourceId": text(_Q.id), "tenantId": text(_Q.tenant),
        "resourceKey": key(_Q.key),
    },
)  # fmt: skip
RESOURCE_CONTENT = _Q.content

_D = schema.DECISIONS.c
DECISION_DEFINITIONS = Entity(
    schema.DECISIONS,
    _D.key,
    {
        "decisionDefinitionId": text(_D.decision_id), "name": text(_D.name),
        "version": number(_D.version), "decisionRequirementsId": text(_D.requirements_id),
        "decisionRequirementsKey": key(_D.requirements_key),
        "decisionRequirementsName": text(_D.requirements_name),
        "decisionRequirementsVersion": number(_D.requirements_version),
        "tenantId": text(_D.tenant), "decisionDefinitionKey": key(_D.key),
    },
    extras={"isLatestVersion": lambda value: _is_latest_decision(value)},
)  # fmt: skip


def _is_latest_decision(value: Any) -> ColumnElement[bool]:
    newer = schema.DECISIONS.alias()
    overtaken = exists(
        select(newer.c.key).where(
            newer.c.decision_id == _D.decision_id,
            newer.c.tenant == _D.tenant,
            newer.c.version > _D.version,
        )
    )
    return not_(overtaken) if _flag(value) else overtaken


_X = schema.EVALUATIONS.c
DECISION_INSTANCES = Entity(
    schema.EVALUATIONS,
    _X.id,
    {
        "decisionEvaluationInstanceKey": text(_X.id), "decisionEvaluationKey": key(_X.key),
        "state": enum(_X.state, words.EVALUATION_STATES), "evaluationDate": date(_X.date),
        "evaluationFailure": text(_X.failure), "decisionDefinitionKey": key(_X.decision_key),
        "decisionDefinitionId": text(_X.decision_id),
        "decisionDefinitionName": text(_X.decision_name),
        "decisionDefinitionVersion": number(_X.decision_version),
        "decisionDefinitionType": enum(_X.decision_type), "result": text(_X.result),
        "rootDecisionDefinitionKey": key(_X.root_decision_key),
        "decisionRequirementsKey": key(_X.requirements_key),
        "decisionRequirementsId": text(_X.requirements_id),
        "elementInstanceKey": key(_X.element_key), "processInstanceKey": key(_X.instance),
        "processDefinitionKey": key(_X.definition), "processDefinitionId": text(_X.process_id),
        "tenantId": text(_X.tenant), "businessId": _business_id(_X.instance),
    },
    extras={"businessId": _by_business_id(_X.instance)},
    constants={"rootProcessInstanceKey": None},
)  # fmt: skip

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
        "processDefinitionVersion": number(_S.version), "businessId": _business_id(_S.instance),
    },
    extras={"businessId": _by_business_id(_S.instance)},
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
        "tenantId": text(_C.tenant), "businessId": _business_id(_C.instance),
    },
    extras={"businessId": _by_business_id(_C.instance)},
    ties=(_C.subscription,),
)  # fmt: skip

_A = schema.AUDIT.c


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
