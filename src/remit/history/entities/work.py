"""What instances have to do, and what has become of it: jobs, user tasks, incidents, decisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_

from remit.history import schema, words
from remit.history.entities.filters import (
    business_id,
    by_business_id,
    by_variables,
    failed_with_retries,
)
from remit.history.searching import (
    Entity,
    Wrong,
    date,
    document,
    enum,
    flag_of,
    key,
    maybe,
    number,
    text,
)

_J = schema.JOBS.c

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
        "hasFailedWithRetriesLeft": flag_of("tried_again", failed_with_retries()),
        "isDenied": maybe(_J.denied), "deniedReason": text(_J.denied_reason),
        "businessId": business_id(_J.instance),
    },
    extras={"businessId": by_business_id(_J.instance)},
    constants={"priority": 0},
)  # fmt: skip

_N = schema.INCIDENTS.c

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
_V = schema.VARIABLES.c


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
        "tags": document(_T.tags), "businessId": business_id(_T.instance),
    },
    extras={
        "candidateGroup": _among(_T.candidate_groups), "candidateUser": _among(_T.candidate_users),
        "processInstanceVariables": lambda value: by_variables(value, _T.instance),
        "localVariables": lambda value: by_variables(value, _T.element_key, _V.scope),
        "businessId": by_business_id(_T.instance),
    },
    natural=(_T.created,),
)  # fmt: skip

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
        "tenantId": text(_X.tenant), "businessId": business_id(_X.instance),
    },
    extras={"businessId": by_business_id(_X.instance)},
    constants={"rootProcessInstanceKey": None},
)  # fmt: skip
