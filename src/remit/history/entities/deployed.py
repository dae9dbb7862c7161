"""What was deployed: processes, decisions, forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Table, exists, not_, null, select, union_all

from remit.history import schema, words
from remit.history.entities.filters import yes_or_no
from remit.history.searching import Entity, enum, flag, key, number, text


def _is_latest(table: Table, name: str, **those: str) -> Callable[[Any], ColumnElement[bool]]:
    """No later version has the same name and tenant, of those with these values."""
    each, newer = table.c, table.alias().c
    overtaken = exists(
        select(newer.key).where(
            newer[name] == each[name],
            newer.tenant == each.tenant,
            newer.version > each.version,
            *(newer[column] == value for column, value in those.items()),
        )
    )
    return lambda value: not_(overtaken) if yes_or_no("isLatestVersion", value) else overtaken


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
    extras={"isLatestVersion": _is_latest(schema.PROCESSES, "process_id", state="ACTIVE")},
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
    extras={"isLatestVersion": _is_latest(schema.DECISIONS, "decision_id")},
)  # fmt: skip
