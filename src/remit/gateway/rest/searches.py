"""Searches and look-ups in history. Every one of them sees what was answered before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, exists, not_, or_, select

from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import BadRequest, Body, Call, Handle, Operation, Page, Parameter
from remit.history import entities, schema, statistics
from remit.history.reading import Unreachable
from remit.history.searching import Entity, Search, Wrong, search
from remit.history.waiting import wait_states

Query = Callable[[Connection], Any]


class SearchRequest(Body):
    """`page`: {limit}, {from, limit}, {after, limit} or {before, limit}."""

    filter: dict[str, Any] | None = None
    sort: list[dict[str, Any]] | None = None
    page: dict[str, Any] | None = None


async def read(call: Call, query: Query) -> Any:
    """What `query` finds; raises `Status` where there is no history."""
    history = call.broker.history
    if history is None:
        raise Status(
            Code.UNIMPLEMENTED, "this broker keeps no history: start it without --history none"
        )
    try:
        who = call.broker.principal(call.header.actor)
        return await history.read(query, call.broker.reached(), who)
    except Wrong as fault:
        if "cannot be parsed" in str(fault):
            raise BadRequest(str(fault)) from fault
        raise Status(Code.INVALID_ARGUMENT, str(fault)) from fault
    except Unreachable as fault:
        raise Status(Code.UNAVAILABLE, f"history can't be read now: {fault}") from fault


@dataclass(frozen=True, slots=True)
class Searching:
    """A search of `entity`; `inside` are (key in the path, property) that it is bound to."""

    entity: Entity
    inside: tuple[tuple[str, str], ...] = ()
    finish: Callable[[Call, Any], Any] | None = None

    async def __call__(self, call: Call, body: SearchRequest) -> Any:
        entity, wanted = self.entity, _wanted(body)
        more = [entity.field(name).column == call.key(step) for step, name in self.inside]
        found = await read(call, lambda connection: search(connection, entity, wanted, *more))
        return found if self.finish is None else self.finish(call, found)


def searching(
    entity: Entity, *inside: tuple[str, str], finish: Callable[[Call, Any], Any] | None = None
) -> Any:
    return Searching(entity, inside, finish)


def looking_up(entity: Entity, parameter: str, name: str, what: str) -> Any:
    """One row by its key; 404 without it."""

    async def find(call: Call, body: None) -> Any:
        field = entity.field(name)
        value = call.path[parameter] if field.kind != "key" else call.key(parameter)
        statement = entity.statement().where(field.column == value)
        row = await read(call, lambda connection: connection.execute(statement).first())
        if row is None:
            raise Status(Code.NOT_FOUND, f"{what} with key '{call.path[parameter]}' not found")
        return entity.shown(row)

    return find


def telling(column: Any, key: Any, parameter: str, media_type: str, what: str) -> Any:
    """The content of a resource, as it was deployed."""

    async def find(call: Call, body: None) -> Page:
        statement = select(column).where(key == call.key(parameter))
        content = await read(call, lambda connection: connection.scalar(statement))
        if content is None:
            raise Status(Code.NOT_FOUND, f"{what} with key '{call.path[parameter]}' not found")
        return Page(bytes(content), media_type)

    return find


# --- variables -------------------------------------------------------------------------------------


def _truncate(call: Call, found: dict[str, Any]) -> dict[str, Any]:
    given = call.query.get("truncateValues", "true").lower()
    if given not in ("true", "false"):
        raise Status(
            Code.INVALID_ARGUMENT,
            f"The value for truncateValues is '{given}' but must be a boolean",
        )
    whole = given == "false"
    for item in found["items"]:
        item["isTruncated"] = not whole and len(item["value"]) > entities.TRUNCATED
        if item["isTruncated"]:
            item["value"] = item["value"][: entities.TRUNCATED]
    return found


# --- instance pages --------------------------------------------------------------------------------


async def instance_statistics(call: Call, body: None) -> Any:
    where = schema.ELEMENTS.c.instance == call.key("processInstanceKey")
    return await read(call, lambda connection: statistics.element_counts(connection, where))


async def definition_statistics(call: Call, body: SearchRequest) -> Any:
    """Over the instances of a definition that the filter lets through."""
    key, filters = call.key("processDefinitionKey"), body.filter or {}
    return await read(
        call, lambda connection: statistics.definition_counts(connection, key, filters)
    )


async def variable_names(call: Call, body: SearchRequest) -> Any:
    key = call.key("processDefinitionKey")
    return await read(
        call, lambda connection: statistics.variable_names(connection, key, _wanted(body))
    )


async def waiting_statistics(call: Call, body: None) -> Any:
    key = call.key("processInstanceKey")
    return await read(call, lambda connection: statistics.waiting_counts(connection, key))


def counting(count: Callable[[Connection, Search], Any]) -> Any:
    """A search of counts: `count` makes them of the request."""

    async def find(call: Call, body: SearchRequest) -> Any:
        return await read(call, lambda connection: count(connection, _wanted(body)))

    return find


async def versions(call: Call, body: SearchRequest) -> Any:
    """Per version of one process."""
    if (body.filter or {}).get("processDefinitionId") is None:
        raise Status(Code.INVALID_ARGUMENT, "No filter.processDefinitionId provided.")
    find: Handle = searching(statistics.VERSION_COUNTS)
    return await find(call, body)


async def jobs_altogether(call: Call, body: None) -> Any:
    query = {name: call.query[name] for name in ("from", "to", "jobType") if name in call.query}

    def count(connection: Connection) -> Any:
        return statistics.jobs_altogether(connection, statistics.Window(query, one_type=False))

    return await read(call, count)


def _wanted(body: SearchRequest) -> Search:
    return Search(body.filter or {}, body.sort or (), body.page or {})


async def sequence_flows(call: Call, body: None) -> Any:
    table = schema.FLOWS.c
    instance = call.key("processInstanceKey")
    statement = select(schema.FLOWS).where(table.instance == instance).order_by(table.flow)
    rows = await read(call, lambda connection: list(connection.execute(statement)))
    return {
        "items": [
            {
                "sequenceFlowId": f"{row.instance}_{row.flow}",
                "processInstanceKey": str(row.instance),
                "rootProcessInstanceKey": None if row.root is None else str(row.root),
                "processDefinitionKey": str(row.definition),
                "processDefinitionId": row.process_id,
                "elementId": row.flow,
                "tenantId": row.tenant,
            }
            for row in rows
        ]
    }


async def call_hierarchy(call: Call, body: None) -> Any:
    """From the outermost caller down to this instance; empty where nobody calls."""
    key = call.key("processInstanceKey")
    table = schema.INSTANCES.c

    def climb(connection: Connection) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        at: int | None = key
        while at is not None:
            row = connection.execute(select(schema.INSTANCES).where(table.key == at)).first()
            if row is None:
                break
            found.insert(
                0,
                {
                    "processInstanceKey": str(row.key),
                    "processDefinitionKey": str(row.definition),
                    "processDefinitionName": row.process_name or row.process_id,
                },
            )
            at = row.parent_instance
        return found

    found = await read(call, climb)
    if not found:
        raise Status(Code.NOT_FOUND, f"Process instance with key '{key}' not found")
    return found


async def decision_instance(call: Call, body: None) -> Any:
    """One evaluation with its inputs and the rules that matched."""
    entity, name = entities.DECISION_INSTANCES, call.path["decisionEvaluationInstanceKey"]
    statement = entity.statement().where(entity.identity == name)
    row = await read(call, lambda connection: connection.execute(statement).first())
    if row is None:
        raise Status(Code.NOT_FOUND, f"Decision instance with key '{name}' not found")
    inputs, rules = msgspec.json.decode(row.inputs), msgspec.json.decode(row.rules)
    return {
        **entity.shown(row),
        "evaluatedInputs": [
            {"inputId": i["id"], "inputName": i["name"], "inputValue": _json(i["value"])}
            for i in inputs
        ],
        "matchedRules": [
            {
                "ruleId": rule["id"],
                "ruleIndex": rule["index"],
                "evaluatedOutputs": [
                    {
                        "outputId": o["id"], "outputName": o["name"],
                        "outputValue": _json(o["value"]), "ruleId": rule["id"],
                        "ruleIndex": rule["index"],
                    }
                    for o in rule["outputs"]
                ],
            }
            for rule in rules
        ],
    }  # fmt: skip


async def user_task_form(call: Call, body: None) -> Any:
    """The form of a task; nothing (204) when it has none."""
    tasks, forms = schema.USER_TASKS.c, schema.FORMS.c
    key = call.key("userTaskKey")

    def find(connection: Connection) -> Any:
        task = connection.execute(select(tasks.form_key).where(tasks.key == key)).first()
        if task is None:
            raise Status(Code.NOT_FOUND, f"User task with key '{key}' not found")
        return connection.execute(select(schema.FORMS).where(forms.key == task.form_key)).first()

    row = await read(call, find)
    return None if row is None else _form(row)


async def form(call: Call, body: None) -> Any:
    key = call.key("formKey")
    statement = select(schema.FORMS).where(schema.FORMS.c.key == key)
    row = await read(call, lambda connection: connection.execute(statement).first())
    if row is None:
        raise Status(Code.NOT_FOUND, f"Form with key '{key}' not found")
    return _form(row)


def task_variables(*, effective: bool) -> Handle:
    """The variables that a task sees: its own, and those of every scope around it.

    `effective`: of a name only the innermost one.
    """
    tasks, variables = schema.USER_TASKS.c, schema.VARIABLES.c

    async def find(call: Call, body: SearchRequest) -> Any:
        key, wanted = call.key("userTaskKey"), _wanted(body)

        def look(connection: Connection) -> Any:
            element = connection.scalar(select(tasks.element_key).where(tasks.key == key))
            scopes = [] if element is None else _scopes(connection, element)
            if not scopes:
                raise Status(Code.NOT_FOUND, f"User task with key '{key}' not found")
            seen = _innermost(scopes) if effective else variables.scope.in_(scopes)
            return search(connection, entities.VARIABLES, wanted, seen)

        return _truncate(call, await read(call, look))

    return find


def _scopes(connection: Connection, scope: int) -> list[int]:
    """An element instance and those around it, the process instance last; none: there is no such."""
    elements, found = schema.ELEMENTS.c, []
    at: int | None = scope
    while at is not None:
        row = connection.execute(select(elements.scope).where(elements.key == at)).first()
        if row is None:
            break
        found.append(at)
        at = row.scope
    return found


def _innermost(scopes: Sequence[int]) -> ColumnElement[bool]:
    """Variables of these scopes, innermost first, that none further in has the name of."""
    variables, inner = schema.VARIABLES.c, schema.VARIABLES.alias().c
    return or_(
        *(
            and_(
                variables.scope == scope,
                not_(
                    exists(
                        select(inner.key).where(
                            inner.scope.in_(scopes[:depth]), inner.name == variables.name
                        )
                    )
                ),
            )
            for depth, scope in enumerate(scopes)
        )
    )


async def start_form(call: Call, body: None) -> Any:
    """The form that a process starts with; nothing (204) when it has none."""
    processes, forms = schema.PROCESSES.c, schema.FORMS.c
    key = call.key("processDefinitionKey")

    def find(connection: Connection) -> Any:
        process = connection.execute(
            select(processes.form_id, processes.tenant).where(processes.key == key)
        ).first()
        if process is None:
            raise Status(Code.NOT_FOUND, f"Process definition with key '{key}' not found")
        latest = select(schema.FORMS).where(
            forms.form_id == process.form_id, forms.tenant == process.tenant
        )
        return connection.execute(latest.order_by(forms.version.desc()).limit(1)).first()

    row = await read(call, find)
    return None if row is None else _form(row)


async def decision_xml(call: Call, body: None) -> Page:
    """The file that a decision was deployed in."""
    decisions, files = schema.DECISIONS.c, schema.REQUIREMENTS.c
    key = call.key("decisionDefinitionKey")
    statement = (
        select(files.xml)
        .join_from(schema.DECISIONS, schema.REQUIREMENTS, decisions.requirements_key == files.key)
        .where(decisions.key == key)
    )
    content = await read(call, lambda connection: connection.scalar(statement))
    if content is None:
        raise Status(Code.NOT_FOUND, f"Decision definition with key '{key}' not found")
    return Page(bytes(content), "text/xml")


async def resource_content(call: Call, body: None) -> Page:
    """A resource: XML, or a form, which is JSON where a client asks for that in words and text else.

    Clients of the 8.9 line take a text only; later ones read JSON of whatever they get.
    """
    content: Page = await telling(
        entities.RESOURCE_CONTENT, entities.RESOURCES.identity, "resourceKey", "text/xml", "Resource"
    )(call, body)  # fmt: skip
    if content.content.lstrip()[:1] != b"{":
        return content
    wanted = dict(call.scope["headers"]).get(b"accept", b"")
    is_json = b"application/json" in wanted
    kind = "application/json" if is_json else "text/plain; charset=utf-8"
    return replace(content, media_type=kind)


async def visible_variables(call: Call, scope: int) -> dict[str, Any]:
    """What an expression sees in an element instance, or a process instance: inner ones hide outer."""
    variables = schema.VARIABLES.c

    def find(connection: Connection) -> dict[str, Any]:
        found: dict[str, Any] = {}
        scopes = _scopes(connection, scope)
        if not scopes:
            raise Status(Code.NOT_FOUND, f"Element instance with key '{scope}' not found")
        for each in scopes:
            wanted = select(variables.name, variables.value).where(variables.scope == each)
            for name, value in connection.execute(wanted):
                found.setdefault(name, msgspec.json.decode(value))
        return found

    seen: dict[str, Any] = await read(call, find)
    return seen


def _form(row: Any) -> dict[str, Any]:
    return {
        "tenantId": row.tenant, "formId": row.form_id, "schema": bytes(row.schema).decode(),
        "version": row.version, "formKey": str(row.key),
    }  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


# --- operations ------------------------------------------------------------------------------------


def _search(path: str, name: str, handle: Any, *query: Parameter) -> Operation:
    searched = handle.entity if isinstance(handle, Searching) else None
    return Operation(
        "POST", path, name, handle,
        request=SearchRequest, answer=dict, searched=searched, query=query,
    )  # fmt: skip


def _get(path: str, name: str, handle: Any, *query: Parameter) -> Operation:
    return Operation("GET", path, name, handle, answer=dict, query=query)


_TRUNCATES = Parameter("truncateValues", {"type": "boolean", "default": True})
_MOMENT = {"type": "string", "format": "date-time"}


_PI = "/process-instances/{processInstanceKey}"
_PD = "/process-definitions/{processDefinitionKey}"

OPERATIONS = (
    _search("/process-definitions/search", "searchProcessDefinitions",
            searching(entities.PROCESS_DEFINITIONS)),
    _get(_PD, "getProcessDefinition",
         looking_up(entities.PROCESS_DEFINITIONS, "processDefinitionKey", "processDefinitionKey",
                    "Process definition")),
    _get(f"{_PD}/xml", "getProcessDefinitionXML",
         telling(schema.PROCESSES.c.xml, schema.PROCESSES.c.key, "processDefinitionKey", "text/xml",
                 "Process definition")),
    _search(f"{_PD}/statistics/element-instances", "getProcessDefinitionStatistics",
            definition_statistics),
    _get(f"{_PD}/form", "getStartProcessForm", start_form),
    _search(f"{_PD}/variable-names/search", "searchVariableNames", variable_names),
    _search("/process-definitions/statistics/process-instances",
            "getProcessDefinitionInstanceStatistics", searching(statistics.PROCESS_COUNTS)),
    _search("/process-definitions/statistics/process-instances-by-version",
            "getProcessDefinitionInstanceVersionStatistics", versions),
    _search("/process-definitions/statistics/message-subscriptions",
            "getProcessDefinitionMessageSubscriptionStatistics",
            counting(statistics.subscription_counts)),
    _search("/process-instances/search", "searchProcessInstances",
            searching(entities.PROCESS_INSTANCES)),
    _get(_PI, "getProcessInstance",
         looking_up(entities.PROCESS_INSTANCES, "processInstanceKey", "processInstanceKey",
                    "Process instance")),
    _get(f"{_PI}/call-hierarchy", "getProcessInstanceCallHierarchy", call_hierarchy),
    _get(f"{_PI}/sequence-flows", "getProcessInstanceSequenceFlows", sequence_flows),
    _get(f"{_PI}/statistics/element-instances", "getProcessInstanceStatistics",
         instance_statistics),
    _get(f"{_PI}/statistics/wait-states", "getProcessInstanceWaitStates", waiting_statistics),
    _search("/element-instances/wait-states/search", "searchWaitStates", counting(wait_states)),
    _search(f"{_PI}/incidents/search", "searchProcessInstanceIncidents",
            searching(entities.INCIDENTS, ("processInstanceKey", "processInstanceKey"))),
    _search("/element-instances/search", "searchElementInstances",
            searching(entities.ELEMENT_INSTANCES)),
    _get("/element-instances/{elementInstanceKey}", "getElementInstance",
         looking_up(entities.ELEMENT_INSTANCES, "elementInstanceKey", "elementInstanceKey",
                    "Element instance")),
    _search("/element-instances/{elementInstanceKey}/incidents/search",
            "searchElementInstanceIncidents",
            searching(entities.INCIDENTS, ("elementInstanceKey", "elementInstanceKey"))),
    _search("/variables/search", "searchVariables",
            searching(entities.VARIABLES, finish=_truncate), _TRUNCATES),
    _get("/variables/{variableKey}", "getVariable",
         looking_up(entities.VARIABLES, "variableKey", "variableKey", "Variable")),
    _search("/jobs/search", "searchJobs", searching(entities.JOBS)),
    _get("/jobs/statistics/global", "getGlobalJobStatistics", jobs_altogether,
         Parameter("from", _MOMENT, is_required=True), Parameter("to", _MOMENT, is_required=True),
         Parameter("jobType", {"type": "string"})),
    _search("/jobs/statistics/by-types", "getJobTypeStatistics",
            counting(lambda connection, wanted: statistics.jobs_by(connection, "type", wanted))),
    _search("/jobs/statistics/by-workers", "getJobWorkerStatistics",
            counting(lambda connection, wanted: statistics.jobs_by(connection, "worker", wanted))),
    _search("/jobs/statistics/time-series", "getJobTimeSeriesStatistics",
            counting(statistics.job_series)),
    _search("/jobs/statistics/errors", "getJobErrorStatistics", counting(statistics.job_errors)),
    _search("/incidents/statistics/process-instances-by-error", "getIncidentStatisticsByError",
            searching(statistics.ERROR_COUNTS)),
    _search("/incidents/statistics/process-instances-by-definition",
            "getIncidentStatisticsByDefinition", counting(statistics.errors_by_definition)),
    _search("/incidents/search", "searchIncidents", searching(entities.INCIDENTS)),
    _get("/incidents/{incidentKey}", "getIncident",
         looking_up(entities.INCIDENTS, "incidentKey", "incidentKey", "Incident")),
    _search("/user-tasks/search", "searchUserTasks", searching(entities.USER_TASKS)),
    _get("/user-tasks/{userTaskKey}", "getUserTask",
         looking_up(entities.USER_TASKS, "userTaskKey", "userTaskKey", "User task")),
    _get("/user-tasks/{userTaskKey}/form", "getUserTaskForm", user_task_form),
    _search("/user-tasks/{userTaskKey}/variables/search", "searchUserTaskVariables",
            task_variables(effective=False), _TRUNCATES),
    _search("/user-tasks/{userTaskKey}/effective-variables/search",
            "searchUserTaskEffectiveVariables", task_variables(effective=True), _TRUNCATES),
    _search("/user-tasks/{userTaskKey}/audit-logs/search", "searchUserTaskAuditLogs",
            searching(entities.AUDIT, ("userTaskKey", "userTaskKey"))),
    _get("/forms/{formKey}", "getForm", form),
    _search("/resources/search", "searchResources", searching(entities.RESOURCES)),
    _get("/resources/{resourceKey}", "getResource",
         looking_up(entities.RESOURCES, "resourceKey", "resourceKey", "Resource")),
    _get("/resources/{resourceKey}/content", "getResourceContent", resource_content),
    _get("/resources/{resourceKey}/content/binary", "getResourceContentBinary",
         telling(entities.RESOURCE_CONTENT, entities.RESOURCES.identity, "resourceKey",
                 "application/octet-stream", "Resource")),
    _search("/decision-definitions/search", "searchDecisionDefinitions",
            searching(entities.DECISION_DEFINITIONS)),
    _get("/decision-definitions/{decisionDefinitionKey}", "getDecisionDefinition",
         looking_up(entities.DECISION_DEFINITIONS, "decisionDefinitionKey",
                    "decisionDefinitionKey", "Decision definition")),
    _search("/decision-requirements/search", "searchDecisionRequirements",
            searching(entities.DECISION_REQUIREMENTS)),
    _get("/decision-definitions/{decisionDefinitionKey}/xml", "getDecisionDefinitionXML",
         decision_xml),
    _get("/decision-requirements/{decisionRequirementsKey}", "getDecisionRequirements",
         looking_up(entities.DECISION_REQUIREMENTS, "decisionRequirementsKey",
                    "decisionRequirementsKey", "Decision requirements")),
    _get("/decision-requirements/{decisionRequirementsKey}/xml", "getDecisionRequirementsXML",
         telling(schema.REQUIREMENTS.c.xml, schema.REQUIREMENTS.c.key, "decisionRequirementsKey",
                 "text/xml", "Decision requirements")),
    _search("/decision-instances/search", "searchDecisionInstances",
            searching(entities.DECISION_INSTANCES)),
    _get("/decision-instances/{decisionEvaluationInstanceKey}", "getDecisionInstance",
         decision_instance),
    _search("/message-subscriptions/search", "searchMessageSubscriptions",
            searching(entities.MESSAGE_SUBSCRIPTIONS)),
    _search("/correlated-message-subscriptions/search", "searchCorrelatedMessageSubscriptions",
            searching(entities.CORRELATED_MESSAGES)),
    _search("/audit-logs/search", "searchAuditLogs", searching(entities.AUDIT)),
    _get("/audit-logs/{auditLogKey}", "getAuditLog",
         looking_up(entities.AUDIT, "auditLogKey", "auditLogKey", "Audit log")),
)  # fmt: skip
