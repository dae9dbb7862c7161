"""Process instances, their elements and their variables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, not_, select, true

from remit.history import schema, words
from remit.history.entities.filters import (
    by_state,
    by_value,
    by_variables,
    failed_with_retries,
    yes_or_no,
)
from remit.history.planning import Kinds
from remit.history.searching import (
    Entity,
    Field,
    Hint,
    Related,
    Wrong,
    compare,
    date,
    document,
    enum,
    flag,
    key,
    number,
    plain,
    text,
)

_I = schema.INSTANCES.c
_B, _BI = schema.BATCHES.c, schema.BATCH_ITEMS.c
_V = schema.VARIABLES.c
_E = schema.ELEMENTS.c
_N = schema.INCIDENTS.c
_J = schema.JOBS.c


def _has_incident(value: Any) -> ColumnElement[bool]:
    troubled = _I.incidents > literal_column("0")  # in words, so that its index is found
    return troubled if yes_or_no("hasIncident", value) else not_(troubled)


def _tags(value: Any) -> ColumnElement[bool]:
    """Every one of them has to be on the instance."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Wrong("tags is a list of texts")
    return and_(true(), *(_I.tags.contains(f'"{plain(each)}"', autoescape=True) for each in value))


def _retries_left(value: Any) -> ColumnElement[bool]:
    """A job of the instance failed, and will be tried again."""
    found = _I.key.in_(select(_J.instance).where(failed_with_retries()))
    return found if yes_or_no("hasRetriesLeft", value) else not_(found)


def _in_trouble(value: Any) -> ColumnElement[bool]:
    """An element instance stands at an incident."""
    found = _I.key.in_(select(_N.instance).where(_N.state == "ACTIVE"))
    return found if yes_or_no("hasElementInstanceIncident", value) else not_(found)


def _by_element(field: Field) -> Any:
    return lambda value: Related(_I.key, _E.instance, tuple(compare(field, value)))


def _by_element_state(value: Any) -> Related:
    parts = by_state(_E, words.ELEMENT_STATES)(value)
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
        "state": by_state(_I, words.INSTANCE_STATES), "hasIncident": _has_incident,
        "variables": by_variables,
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
        "state": by_state(_E, words.ELEMENT_STATES),
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
    found: ColumnElement[bool] = (
        column.is_not(None) if yes_or_no("hasIncident", value) else column.is_(None)
    )
    return found


TRUNCATED = 8_191
"""Characters of a variable's value that a search shows, unless it is asked for all."""


def _is_long(value: Any) -> ColumnElement[bool]:
    length = func.length(_V.value)
    found: ColumnElement[bool] = (
        length > TRUNCATED if yes_or_no("isTruncated", value) else length <= TRUNCATED
    )
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
        "value": by_value,
    },
)  # fmt: skip
