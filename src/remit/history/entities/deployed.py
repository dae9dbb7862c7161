"""What was deployed: processes, decisions, forms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, not_, null, select, union_all

from remit.history import schema, words
from remit.history.entities.filters import yes_or_no
from remit.history.searching import Entity, enum, flag, key, number, text

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
    return not_(overtaken) if yes_or_no("isLatestVersion", value) else overtaken


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
    return not_(overtaken) if yes_or_no("isLatestVersion", value) else overtaken
