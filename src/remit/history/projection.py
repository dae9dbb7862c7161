"""From the log to rows: what each event changes in the tables.

A batch is told in memory first: rows that are new are written once, with all that has happened to them;
changes of rows that are on disk already are collected by column.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, Table, bindparam, delete, insert, update

from remit.history import pruning, schema
from remit.model.bpmn import read
from remit.model.bpmn.graph import ConditionalDefinition
from remit.model.timing import instant
from remit.partition.log import Logged
from remit.protocol.events import batch as b
from remit.protocol.events import condition as c
from remit.protocol.events import decision as d
from remit.protocol.events import deployment as dep
from remit.protocol.events import form as f
from remit.protocol.events import incident as i
from remit.protocol.events import job as j
from remit.protocol.events import message as m
from remit.protocol.events import process_instance as p
from remit.protocol.events import signal as s
from remit.protocol.events import timer as t
from remit.protocol.events import user_task as u
from remit.protocol.events import variable as v
from remit.protocol.events.base import Event
from remit.protocol.events.identity import CircleEvent, MemberEvent
from remit.protocol.events.process_instance import ELEMENT_KINDS, KIND_NUMBERS
from remit.protocol.values import (
    Incident,
    Job,
    ProcessDefinition,
    ProcessSubscription,
    UserTask,
)

Row = dict[str, Any]
_json = msgspec.json.Encoder().encode
_PROCESS = KIND_NUMBERS["PROCESS"]
_OWN = frozenset(
    (
        "Continue", "TriggerTimer", "TimeOutJob", "RecurJob", "ExpireMessage", "ReachListeners",
        "OpenMessageSubscription", "ConfirmSubscription", "CorrelateSubscription",
        "AcknowledgeCorrelation", "RejectCorrelation", "CloseMessageSubscription",
        "ConfirmSubscriptionClosed", "DistributeDeployment", "AcknowledgeDistribution",
        "DeliverMessage", "ActivateJobs", "YieldJob", "ShareIdentity", "RunBatch", "StartBatchPart",
        "SteerBatchPart", "ReportBatchPart",
    )
)  # fmt: skip
"""Commands that a partition gives itself, and polling: nobody audits those."""


_RESOURCES, _TASKS, _ADMIN = "DEPLOYED_RESOURCES", "USER_TASKS", "ADMIN"
_AUDITED = {
    "CreateInstance": ("PROCESS_INSTANCE", "CREATE", _RESOURCES),
    "CancelInstance": ("PROCESS_INSTANCE", "CANCEL", _RESOURCES),
    "AssignBusinessId": ("PROCESS_INSTANCE", "UPDATE", _RESOURCES),
    "SuspendInstance": ("PROCESS_INSTANCE", "SUSPEND", _RESOURCES),
    "ResumeInstance": ("PROCESS_INSTANCE", "RESUME", _RESOURCES),
    "DeleteDecisionHistory": ("DECISION", "DELETE", _RESOURCES),
    "DeleteInstanceHistory": ("PROCESS_INSTANCE", "DELETE", _RESOURCES),
    "CreateBatch": ("BATCH", "CREATE", _RESOURCES),
    "SteerBatch": ("BATCH", "UPDATE", _RESOURCES),
    "MigrateInstance": ("PROCESS_INSTANCE", "MIGRATE", _RESOURCES),
    "DeleteResource": ("RESOURCE", "DELETE", _RESOURCES),
    "ModifyInstance": ("PROCESS_INSTANCE", "MODIFY", _RESOURCES),
    "ActivateAdHoc": ("PROCESS_INSTANCE", "MODIFY", _RESOURCES),
    "DeployResources": ("RESOURCE", "CREATE", _RESOURCES),
    "ResolveIncident": ("INCIDENT", "RESOLVE", _RESOURCES),
    "SetVariables": ("VARIABLE", "UPDATE", _RESOURCES),
    "EvaluateDecision": ("DECISION", "EVALUATE", _RESOURCES),
    "CompleteJob": ("JOB", "COMPLETE", _RESOURCES),
    "FailJob": ("JOB", "UPDATE", _RESOURCES),
    "ThrowError": ("JOB", "UPDATE", _RESOURCES),
    "UpdateJobRetries": ("JOB", "UPDATE", _RESOURCES),
    "UpdateJobTimeout": ("JOB", "UPDATE", _RESOURCES),
    "AssignUserTask": ("USER_TASK", "ASSIGN", _TASKS),
    "UpdateUserTask": ("USER_TASK", "UPDATE", _TASKS),
    "CompleteUserTask": ("USER_TASK", "COMPLETE", _TASKS),
    "CreateUser": ("USER", "CREATE", _ADMIN),
    "UpdateUser": ("USER", "UPDATE", _ADMIN),
    "DeleteUser": ("USER", "DELETE", _ADMIN),
    "CreateCircle": ("GROUP", "CREATE", _ADMIN),
    "UpdateCircle": ("GROUP", "UPDATE", _ADMIN),
    "DeleteCircle": ("GROUP", "DELETE", _ADMIN),
    "AddMember": ("GROUP", "ASSIGN", _ADMIN),
    "RemoveMember": ("GROUP", "UNASSIGN", _ADMIN),
    "CreateMappingRule": ("MAPPING_RULE", "CREATE", _ADMIN),
    "UpdateMappingRule": ("MAPPING_RULE", "UPDATE", _ADMIN),
    "DeleteMappingRule": ("MAPPING_RULE", "DELETE", _ADMIN),
    "CreateAuthorization": ("AUTHORIZATION", "CREATE", _ADMIN),
    "UpdateAuthorization": ("AUTHORIZATION", "UPDATE", _ADMIN),
    "DeleteAuthorization": ("AUTHORIZATION", "DELETE", _ADMIN),
}
"""Entity, operation and category of a command, in the words of the public API."""

_NOT_SHOWN = (None, "UNKNOWN", _RESOURCES)
"""Commands that the public API has no entity for are kept in the table all the same."""


_MINUTE = 60_000
_LONGEST_MESSAGE = 500
"""Characters of an error message that its count is kept by."""


def write_rows(
    connection: Connection, table: Table, rows: list[Row], *, known: bool = False
) -> None:
    """New rows, given to the driver as they are: half of the time that SQLAlchemy takes for them.

    `known`: some may be there already, and stay as they are.
    """
    statement = _insertion(table, connection.dialect)
    connection.exec_driver_sql(statement + " ON CONFLICT DO NOTHING" * known, rows)


def change_rows(
    connection: Connection, table: Table, key: str, names: tuple[str, ...], rows: list[Row]
) -> None:
    """The columns `names` of rows, each with its key as `b_key`."""
    connection.exec_driver_sql(_change(table, key, names, connection.dialect), rows)


@cache
def _insertion(table: Table, dialect: Dialect) -> str:
    return str(insert(table).compile(dialect=_by_name(dialect)))


@cache
def _change(table: Table, key: str, names: tuple[str, ...], dialect: Dialect) -> str:
    statement = (
        update(table)
        .where(table.c[key] == bindparam("b_key"))
        .values({name: bindparam(name) for name in names})
    )
    return str(statement.compile(dialect=_by_name(dialect)))


def _by_name(dialect: Dialect) -> Dialect:
    """The same dialect with parameters that are named, as rows are."""
    kind: Any = type(dialect)
    named: Dialect = kind(paramstyle="named" if dialect.name == "sqlite" else "pyformat")
    return named


class Tellings:
    """What a batch changes in one table."""

    def __init__(self, table: Table, key: str = "key") -> None:
        self.table = table
        self.key = key
        self.new: dict[Any, Row] = {}
        self.changes: dict[Any, Row] = {}
        self.gone: list[Any] = []

    def add(self, key: Any, row: Row) -> None:
        self.new[key] = row

    def change(self, key: Any, **columns: Any) -> None:
        row = self.new.get(key)
        if row is None:
            row = self.changes.setdefault(key, {})
        row.update(columns)

    def drop(self, key: Any) -> None:
        if self.new.pop(key, None) is None:
            self.gone.append(key)

    def write(self, connection: Connection) -> None:
        if self.gone:
            connection.execute(
                delete(self.table).where(self.table.c[self.key] == bindparam("b_key")),
                [{"b_key": key} for key in self.gone],
            )
        if self.new:
            write_rows(connection, self.table, list(self.new.values()))
        shapes: dict[tuple[str, ...], list[Row]] = {}
        for key, columns in self.changes.items():
            shapes.setdefault(tuple(columns), []).append({**columns, "b_key": key})
        for names, rows in shapes.items():
            change_rows(connection, self.table, self.key, names, rows)
        self.new, self.changes, self.gone = {}, {}, []


class Projection:
    """Tells turns of one partition; `write` puts what was told into the tables, and starts anew."""

    def __init__(self, partition: int, definitions: dict[int, ProcessDefinition]) -> None:
        self.partition = partition
        self._definitions = definitions
        self._names: dict[int, dict[str, str | None]] = {}
        self._now = 0
        self._extra: dict[int, p.InstanceCreated] = {}
        self._flows: dict[tuple[int, str], Row] = {}
        self._incidents: dict[int, int] = {}
        self._counts: dict[tuple[int, str, str, str, str, str], list[int]] = {}
        self._files: dict[int, tuple[str, int]] = {}
        self._reported: dict[int, tuple[int, int]] = {}
        self._cancelled: list[int] = []
        self._forgotten: list[int] = []
        self._undecided: list[int] = []
        self.tables = {
            table.name: Tellings(table, next(iter(table.primary_key.columns)).name)
            for table in (
                schema.PROCESSES, schema.INSTANCES, schema.ELEMENTS, schema.VARIABLES, schema.JOBS,
                schema.INCIDENTS, schema.USER_TASKS, schema.REQUIREMENTS, schema.DECISIONS,
                schema.EVALUATIONS, schema.SUBSCRIPTIONS, schema.CORRELATIONS, schema.FORMS,
                schema.AUDIT, schema.WAITS, schema.BATCHES, schema.BATCH_ITEMS,
            )
        }  # fmt: skip
        self._instances = self.tables["process_instances"]
        self._elements = self.tables["element_instances"]
        self._variables = self.tables["variables"]
        self._jobs = self.tables["jobs"]

    def tell(self, turn: Logged) -> None:
        self._now = turn.timestamp
        if turn.command not in _OWN:
            self._audit(turn)
        for event in turn.events:
            told = _TELLS.get(event.__class__)
            if told is not None:
                told(self, event)

    def write(self, connection: Connection) -> None:
        for tellings in self.tables.values():
            tellings.write(connection)
        if self._flows:
            write_rows(connection, schema.FLOWS, list(self._flows.values()), known=True)
            self._flows = {}
        if self._incidents:
            self._write_incidents(connection)
        if self._counts:
            self._write_counts(connection)
        if self._reported:
            self._write_reported(connection)
        if self._cancelled:
            self._write_cancelled(connection)
        if self._forgotten:
            pruning.forget(connection, self._forgotten)
            self._forgotten = []
        if self._undecided:
            table = schema.EVALUATIONS
            connection.execute(delete(table).where(table.c.key.in_(self._undecided)))
            self._undecided = []

    # --- definitions -------------------------------------------------------------------------------

    def process_created(self, event: dep.ProcessCreated) -> None:
        row = event.definition
        self._definitions[row.key] = row
        if self.partition != row.key >> 51:
            return  # the partition that made it tells of it
        process = self._process(row)
        self.tables["process_definitions"].add(
            row.key,
            {
                "key": row.key, "process_id": row.process_id, "name": row.name or None,
                "version": row.version, "version_tag": row.version_tag or None,
                "resource_name": row.resource_name, "tenant": row.tenant,
                "has_start_form": process is not None and process.form is not None,
                "state": "ACTIVE", "form_id": _form_of(process), "xml": row.resource,
            },
        )  # fmt: skip

    def process_deleted(self, event: dep.ProcessDeleted) -> None:
        self.tables["process_definitions"].change(event.key, state="DELETED")

    def _process(self, row: ProcessDefinition) -> Any:
        found = read(row.resource, row.resource_name).processes
        return next((each for each in found if each.id == row.process_id), None)

    def _name(self, definition: int, element: str) -> str | None:
        names = self._names.get(definition)
        if names is None:
            row = self._definitions.get(definition)
            process = None if row is None else self._process(row)
            nodes = {} if process is None else process.nodes
            names = {node.id: node.name for node in nodes.values()}
            if process is not None:
                names[process.id] = process.name
            self._names[definition] = names
        return names.get(element)

    # --- instances and elements --------------------------------------------------------------------

    def created(self, event: p.InstanceCreated) -> None:
        self._extra[event.key] = event

    def activating(self, event: p.ElementActivating) -> None:
        row = self._definitions.get(event.definition)
        process_id = "" if row is None else row.process_id
        if event.kind == _PROCESS:
            self._instance(event, row)
        self._elements.add(
            event.key,
            {
                "key": event.key, "instance": event.instance, "definition": event.definition,
                "process_id": process_id, "element": event.element,
                "element_name": self._name(event.definition, event.element) or event.element,
                "type": ELEMENT_KINDS[event.kind], "start_date": self._now, "end_date": None,
                "state": "ACTIVE", "scope": event.scope if event.scope > 0 else None,
                "root": event.root, "tenant": event.tenant, "incident": None,
            },
        )  # fmt: skip

    def _instance(self, event: p.ElementActivating, row: ProcessDefinition | None) -> None:
        extra = self._extra.pop(event.key, None)
        self._instances.add(
            event.key,
            {
                "key": event.key, "definition": event.definition,
                "process_id": "" if row is None else row.process_id,
                "process_name": None if row is None else row.name or None,
                "version": 0 if row is None else row.version,
                "version_tag": None if row is None else row.version_tag or None,
                "start_date": self._now, "end_date": None, "state": "ACTIVE", "incidents": 0,
                "tenant": event.tenant,
                "parent_instance": event.parent_instance if event.parent_instance > 0 else None,
                "parent_element": event.parent_element if event.parent_element > 0 else None,
                "root": event.root,
                "tags": "[]" if extra is None else _json(extra.tags).decode(),
                "business_id": None if extra is None else extra.business_id or None,
                "suspended_date": None,
            },
        )  # fmt: skip

    def completed(self, event: p.ElementCompleted) -> None:
        self._ended(event, "COMPLETED")

    def terminated(self, event: p.ElementTerminated) -> None:
        self._ended(event, "TERMINATED")

    def _ended(self, event: p.ElementEvent, state: str) -> None:
        self._elements.change(event.key, state=state, end_date=self._now)
        if event.kind == _PROCESS:
            self._instances.change(event.key, state=state, end_date=self._now)

    def business_id_assigned(self, event: p.BusinessIdAssigned) -> None:
        self._instances.change(event.key, business_id=event.business_id)

    def suspended(self, event: p.InstanceSuspended) -> None:
        self._instances.change(event.key, state="SUSPENDED", suspended_date=event.since)

    def resumed(self, event: p.InstanceResumed) -> None:
        self._instances.change(event.key, state="ACTIVE", suspended_date=None)

    def migrated(self, event: p.ElementMigrated) -> None:
        row = self._definitions.get(event.definition)
        changes = {
            "definition": event.definition, "process_id": "" if row is None else row.process_id,
        }  # fmt: skip
        name = self._name(event.definition, event.element) or event.element
        self._elements.change(event.key, element=event.element, element_name=name, **changes)
        if event.kind == _PROCESS and row is not None:
            self._instances.change(
                event.key, version=row.version, process_name=row.name or None,
                version_tag=row.version_tag or None, **changes,
            )  # fmt: skip

    def flow_taken(self, event: p.SequenceFlowTaken) -> None:
        row = self._definitions.get(event.definition)
        self._flows[(event.instance, event.element)] = {
            "instance": event.instance, "flow": event.element, "definition": event.definition,
            "process_id": "" if row is None else row.process_id, "root": None,
            "tenant": "<default>" if row is None else row.tenant,
        }  # fmt: skip

    # --- variables, jobs, incidents ----------------------------------------------------------------

    def variable_created(self, event: v.VariableCreated) -> None:
        self._variables.add(
            event.key,
            {
                "key": event.key, "name": event.name, "value": _json(event.value).decode(),
                "scope": event.scope, "instance": event.instance, "definition": event.definition,
                "root": event.root, "tenant": event.tenant,
            },
        )  # fmt: skip

    def variable_updated(self, event: v.VariableUpdated) -> None:
        self._variables.change(event.key, value=_json(event.value).decode())

    def job_created(self, event: j.JobCreated) -> None:
        job = event.job
        self._count(job, "CREATED")
        self._jobs.add(
            job.key,
            {
                "key": job.key, "type": job.type, "worker": job.worker, "state": "CREATED",
                "retries": job.retries, "kind": job.kind.name,
                "listener_event": job.listener_event.upper() or "UNSPECIFIED",
                "deadline": None, "end_date": None, "created": self._now, "updated": self._now,
                "error_code": None, "error_message": None, "headers": _json(job.headers).decode(),
                "denied": None, "denied_reason": None,
                "element": job.element, "element_key": job.element_key, "instance": job.instance,
                "definition": job.definition, "process_id": job.process_id, "root": job.root,
                "tenant": job.tenant,
            },
        )  # fmt: skip

    def jobs_activated(self, event: j.JobsActivated) -> None:
        for job in event.jobs:
            self._jobs.change(job.key, worker=job.worker, deadline=job.deadline, updated=self._now)

    def job_changed(self, job: Job, state: str, *, ends: bool = False) -> None:
        changes: Row = {
            "state": state, "retries": job.retries, "updated": self._now,
            "deadline": job.deadline if job.deadline > 0 else None,
        }  # fmt: skip
        if job.error_message or job.error_code:
            changes |= {
                "error_message": job.error_message or None,
                "error_code": job.error_code or None,
            }
        if ends:
            changes["end_date"] = self._now
        self._jobs.change(job.key, **changes)

    def job_completed(self, event: j.JobCompleted) -> None:
        self.job_changed(event.job, "COMPLETED", ends=True)
        self._count(event.job, "COMPLETED")
        if event.result and "denied" in event.result:
            self._jobs.change(
                event.key,
                denied=bool(event.result["denied"]),
                denied_reason=event.result.get("deniedReason") or None,
            )

    def job_failed(self, event: j.JobFailed) -> None:
        self.job_changed(event.job, "FAILED")
        self._count(event.job, "FAILED")

    def error_thrown(self, event: j.JobErrorThrown) -> None:
        self.job_changed(event.job, "ERROR_THROWN")
        self._count(event.job, "FAILED")

    def _count(self, job: Job, status: str) -> None:
        failed = status == "FAILED"
        key = (
            self._now - self._now % _MINUTE, job.type, job.worker, status,
            job.error_code if failed else "",
            job.error_message[:_LONGEST_MESSAGE] if failed else "",
        )  # fmt: skip
        counted = self._counts.get(key)
        if counted is None:
            self._counts[key] = [1, self._now]
        else:
            counted[0] += 1
            counted[1] = self._now

    def _write_counts(self, connection: Connection) -> None:
        """Add to what is there; what is not there yet is made."""
        table = schema.JOB_COUNTS
        names = ("minute", "type", "worker", "status", "error_code", "error_message")
        more = (
            update(table)
            .where(*(table.c[name] == bindparam(f"b_{name}") for name in names))
            .values(count=table.c.count + bindparam("b_count"), last=bindparam("b_last"))
        )
        for key, (count, last) in self._counts.items():
            values = {f"b_{name}": value for name, value in zip(names, key, strict=True)}
            found = connection.execute(more, {**values, "b_count": count, "b_last": last})
            if not found.rowcount:
                row = dict(zip(names, key, strict=True)) | {"count": count, "last": last}
                connection.execute(insert(table), row)
        self._counts = {}

    def incident_created(self, event: i.IncidentCreated) -> None:
        row = event.incident
        self.tables["incidents"].add(row.key, self._incident(row))
        self._elements.change(row.element_key, incident=row.key)
        self._incidents[row.instance] = self._incidents.get(row.instance, 0) + 1

    def incident_resolved(self, event: i.IncidentResolved) -> None:
        row = event.incident
        self.tables["incidents"].change(row.key, state="RESOLVED")
        self._elements.change(row.element_key, incident=None)
        self._incidents[row.instance] = self._incidents.get(row.instance, 0) - 1

    def _incident(self, row: Incident) -> Row:
        return {
            "key": row.key, "error_type": row.error_type, "error_message": row.error_message,
            "error_hash": error_hash(row.error_message),
            "state": "ACTIVE", "created": self._now, "element": row.element,
            "element_key": row.element_key, "instance": row.instance, "definition": row.definition,
            "process_id": row.process_id, "job": row.job if row.job > 0 else None,
            "root": row.root, "tenant": row.tenant,
        }  # fmt: skip

    def _write_incidents(self, connection: Connection) -> None:
        table = schema.INSTANCES
        connection.execute(
            update(table)
            .where(table.c.key == bindparam("b_key"))
            .values(incidents=table.c.incidents + bindparam("b_more")),
            [{"b_key": key, "b_more": more} for key, more in self._incidents.items()],
        )
        self._incidents = {}

    # --- user tasks --------------------------------------------------------------------------------

    def task_creating(self, event: u.UserTaskCreating) -> None:
        task = event.task
        self.tables["user_tasks"].add(
            task.key,
            {
                "key": task.key, "name": task.name or None, "element": task.element,
                "element_key": task.element_key, "created": self._now, "end_date": None,
                "external_reference": task.external_reference or None, "version": task.version,
                "headers": _json(task.headers).decode(),
                "process_name": self._name(task.definition, task.process_id),
                "form_key": task.form_key if task.form_key > 0 else None,
                "tags": _json(task.tags).decode(), "instance": task.instance,
                "definition": task.definition, "process_id": task.process_id, "root": task.root,
                "tenant": task.tenant, **_task(task),
            },
        )  # fmt: skip

    def task_changed(self, event: u.UserTaskEvent) -> None:
        self.tables["user_tasks"].change(event.key, **_task(event.task))

    def task_ended(self, event: u.UserTaskEvent) -> None:
        self.tables["user_tasks"].change(event.key, state=event.task.state, end_date=self._now)

    # --- decisions ---------------------------------------------------------------------------------

    def requirements_created(self, event: d.RequirementsCreated) -> None:
        row = event.requirements
        self._files[row.key] = (row.name or row.requirements_id, row.version)
        if self.partition == row.key >> 51:
            self.tables["decision_requirements"].add(
                row.key,
                {
                    "key": row.key, "requirements_id": row.requirements_id, "name": row.name,
                    "version": row.version, "resource_name": row.resource_name,
                    "tenant": row.tenant, "xml": row.resource,
                },
            )  # fmt: skip

    def decision_created(self, event: d.DecisionCreated) -> None:
        row = event.decision
        name, version = self._files.get(row.requirements_key, (row.requirements_id, 1))
        if self.partition == row.key >> 51:
            self.tables["decision_definitions"].add(
                row.key,
                {
                    "key": row.key, "decision_id": row.decision_id, "name": row.name,
                    "version": row.version, "requirements_id": row.requirements_id,
                    "requirements_key": row.requirements_key, "requirements_name": name,
                    "requirements_version": version,
                    "tenant": row.tenant,
                },
            )  # fmt: skip

    def evaluated(self, event: d.DecisionEvaluated | d.DecisionFailed) -> None:
        told = event.evaluation
        for number, each in enumerate(told["evaluatedDecisions"], 1):
            name = f"{event.key}-{number}"
            failed = told["failedDecisionId"] == each["decisionId"]
            self.tables["decision_instances"].add(
                name,
                {
                    "id": name, "key": event.key, "state": "FAILED" if failed else "EVALUATED",
                    "date": self._now, "failure": told["failureMessage"] if failed else None,
                    "decision_key": each["decisionKey"], "decision_id": each["decisionId"],
                    "decision_name": each["decisionName"],
                    "decision_version": each["decisionVersion"],
                    "decision_type": each["decisionType"],
                    "root_decision_key": event.decision.key,
                    "requirements_key": event.decision.requirements_key,
                    "requirements_id": event.decision.requirements_id,
                    "result": _json(each["output"]).decode(),
                    "inputs": _json(each["evaluatedInputs"]).decode(),
                    "rules": _json(each["matchedRules"]).decode(),
                    "element_key": event.element_key if event.element_key > 0 else None,
                    "instance": event.instance if event.instance > 0 else None,
                    "definition": None, "process_id": None, "tenant": event.decision.tenant,
                },
            )  # fmt: skip

    def form_created(self, event: f.FormCreated) -> None:
        row = event.form
        if self.partition == row.key >> 51:
            self.tables["forms"].add(
                row.key,
                {
                    "key": row.key, "form_id": row.form_id, "version": row.version,
                    "resource_name": row.resource_name, "tenant": row.tenant,
                    "schema": row.resource,
                },
            )  # fmt: skip

    # --- messages ----------------------------------------------------------------------------------

    def subscribed(self, event: m.ProcessSubscriptionCreating) -> None:
        row = event.subscription
        self.tables["message_subscriptions"].add(
            row.key,
            {
                "state": "CREATED", "updated": self._now, "type": "PROCESS_EVENT",
                **_subscription(row), **self._of(row.definition),
            },
        )  # fmt: skip

    def start_subscribed(self, event: m.StartSubscriptionCreated) -> None:
        """A process that messages start: one row for every version that ever listened."""
        row = event.subscription
        if self.partition == row.key >> 51:
            self.tables["message_subscriptions"].add(
                row.key,
                {
                    "key": row.key, "state": "CREATED", "updated": self._now, "name": row.name,
                    "correlation_key": None, "type": "START_EVENT", "element": row.start,
                    "element_key": None, "instance": None, "definition": row.definition,
                    "process_id": row.process_id, "root": None, "tenant": row.tenant,
                    **self._of(row.definition),
                },
            )  # fmt: skip

    def start_correlated(self, event: m.StartSubscriptionCorrelated) -> None:
        row = event.subscription
        self.tables["correlated_messages"].add(
            (row.key, event.message),
            {
                "subscription": row.key, "message": event.message, "date": self._now,
                "partition": event.message >> 51, "name": row.name,
                "correlation_key": event.correlation_key or None, "element": row.start,
                "element_key": None, "instance": event.instance, "definition": row.definition,
                "process_id": row.process_id, "root": event.instance, "tenant": row.tenant,
            },
        )  # fmt: skip

    def _of(self, definition: int) -> Row:
        row = self._definitions.get(definition)
        if row is None:
            return {"process_name": None, "version": None}
        return {"process_name": row.name or None, "version": row.version}

    def subscription_changed(self, row: ProcessSubscription, state: str) -> None:
        self.tables["message_subscriptions"].change(row.key, state=state, updated=self._now)

    def correlated(self, event: m.ProcessSubscriptionCorrelated) -> None:
        row = event.subscription
        self.subscription_changed(row, "CORRELATED")
        found = _subscription(row)
        found.pop("key")
        self.tables["correlated_messages"].add(
            (row.key, event.message),
            {
                "subscription": row.key, "message": event.message, "date": self._now,
                "partition": event.message >> 51, **found,
            },
        )  # fmt: skip

    # --- what is waited for ------------------------------------------------------------------------

    def waiting(self, row: Any, kind: str, details: Row) -> None:
        if row.element_key > 0:  # else it starts instances, none of them waits
            self.tables["waits"].add(
                row.key,
                {
                    "key": row.key, "kind": kind, "element_key": row.element_key,
                    "instance": row.instance, "root": row.root,
                    "details": _json(details).decode(),
                },
            )  # fmt: skip

    def waits_for_timer(self, event: t.TimerCreated) -> None:
        timer = event.timer
        repetitions = None if timer.repetitions == 1 else timer.repetitions
        self.waiting(timer, "TIMER", {"dueDate": timer.due, "repetitions": repetitions})

    def waits_for_signal(self, event: s.SignalSubscriptionCreated) -> None:
        self.waiting(event.subscription, "SIGNAL", {"signalName": event.subscription.name})

    def waits_for_condition(self, event: c.ConditionCreated) -> None:
        row = event.subscription
        definition = self._definitions.get(row.definition)
        process = None if definition is None else self._process(definition)
        node = None if process is None else process.nodes.get(row.target)
        for each in getattr(node, "definitions", ()):
            if isinstance(each, ConditionalDefinition):
                shown = {
                    "expression": f"={each.condition.text}",
                    "events": list(each.variable_events),
                }
                self.waiting(row, "CONDITION", shown)
                return

    def waits_no_more(self, event: t.TimerTriggered | s.SignalSubscriptionDeleted) -> None:
        self.tables["waits"].drop(event.key)

    # --- batch operations --------------------------------------------------------------------------

    def batch_created(self, event: b.BatchCreated) -> None:
        actor = event.header.actor
        self.tables["batch_operations"].add(
            event.key,
            {
                "key": event.key, "kind": event.plan.kind, "state": "ACTIVE",
                "start_date": self._now, "end_date": None, "actor": actor.id,
                "method": actor.method, "total": event.total,
                "completed": 0, "failed": 0,
            },
        )  # fmt: skip

    def batch_changed(self, key: int, state: str, *, ends: bool = False) -> None:
        more = {"end_date": self._now} if ends else {}
        self.tables["batch_operations"].change(key, state=state, **more)

    def batch_reported(self, event: b.BatchPartReported) -> None:
        completed, failed = self._reported.get(event.key, (0, 0))
        self._reported[event.key] = (completed + event.completed, failed + event.failed)

    def _write_reported(self, connection: Connection) -> None:
        table = schema.BATCHES
        connection.execute(
            update(table)
            .where(table.c.key == bindparam("b_key"))
            .values(
                completed=table.c.completed + bindparam("b_completed"),
                failed=table.c.failed + bindparam("b_failed"),
            ),
            [
                {"b_key": key, "b_completed": completed, "b_failed": failed}
                for key, (completed, failed) in self._reported.items()
            ],
        )
        self._reported = {}

    def items_added(self, event: b.BatchItemsAdded) -> None:
        for item in event.items:
            name = f"{event.key}-{item.key}"
            self.tables["batch_items"].add(
                name,
                {
                    "id": name, "batch": event.key, "item": item.key,
                    "instance": item.instance if item.instance > 0 else None,
                    "root": item.root if item.root > 0 else None, "kind": event.kind,
                    "state": "ACTIVE", "date": None, "error": None, "partition": self.partition,
                },
            )  # fmt: skip

    def item_done(self, event: b.BatchItemDone) -> None:
        self._item(event, "COMPLETED", None)

    def item_failed(self, event: b.BatchItemFailed) -> None:
        self._item(event, "FAILED", f"{event.error_type}: {event.reason}")

    def _item(self, event: b.BatchItemDone | b.BatchItemFailed, state: str, error: Any) -> None:
        name = f"{event.key}-{event.item.key}"
        self.tables["batch_items"].change(name, state=state, date=self._now, error=error)

    def part_cancelled(self, event: b.BatchPartCanceled) -> None:
        self._cancelled.append(event.key)

    def _write_cancelled(self, connection: Connection) -> None:
        """What was left of a batch operation on this partition."""
        table = schema.BATCH_ITEMS
        connection.execute(
            update(table)
            .where(table.c.batch.in_(self._cancelled))
            .where(table.c.partition == self.partition, table.c.state == "ACTIVE")
            .values(state="CANCELED")
        )
        self._cancelled = []

    def history_deleted(self, event: b.InstanceHistoryDeleted) -> None:
        self._forgotten.append(event.instance)

    def decision_deleted(self, event: b.DecisionHistoryDeleted) -> None:
        self._undecided.append(event.evaluation)

    # --- audit -------------------------------------------------------------------------------------

    def _audit(self, turn: Logged) -> None:
        actor = turn.header.actor
        name = self.partition << 51 | turn.position
        entity_key = turn.key
        if entity_key < 0:
            entity_key = next((getattr(event, "key", -1) for event in turn.events), -1)
        entity_type, operation, category = _AUDITED.get(turn.command, _NOT_SHOWN)
        if entity_type == "GROUP":  # or a role, or a tenant: the event says which
            kinds = (_circle_kind(event) for event in turn.events)
            entity_type = next(filter(None, kinds), entity_type)
        about = next(filter(None, map(_about, turn.events)), _NOTHING)
        self.tables["audit"].add(
            name,
            {
                "key": name, "date": turn.timestamp, "command": turn.command,
                "entity_type": entity_type, "operation": operation, "category": category,
                "entity_key": entity_key,
                "actor": actor.id, "method": actor.method,
                "result": "SUCCESS" if turn.rejection is None else "FAIL",
                "reason": None if turn.rejection is None else turn.rejection[1],
                **about,
                "job": entity_key if entity_type == "JOB" else None,
                "user_task": entity_key if entity_type == "USER_TASK" else None,
            },
        )  # fmt: skip


def _circle_kind(event: Event) -> str | None:
    if isinstance(event, CircleEvent):
        return event.circle.kind
    return event.member.kind if isinstance(event, MemberEvent) else None


_NOTHING = dict.fromkeys(("instance", "root", "definition", "process_id", "element_key", "tenant"))


def _about(event: Event) -> Row | None:
    """Which instance an event is about; nothing when it is about none."""
    row = getattr(event, "job", None) or getattr(event, "task", None)
    row = row or getattr(event, "incident", None) or event
    instance = getattr(row, "instance", None)
    if instance is None:
        return None
    element_key = getattr(row, "element_key", None)
    return {
        "instance": instance, "root": getattr(row, "root", None),
        "definition": getattr(row, "definition", None),
        "process_id": getattr(row, "process_id", None), "element_key": element_key,
        "tenant": getattr(row, "tenant", None),
    }  # fmt: skip


def _form_of(process: Any) -> str | None:
    """The id of the form that a process starts with."""
    link = None if process is None else process.form
    found = None if link is None or link.form_id is None else link.form_id.static_value
    return found if isinstance(found, str) else None


def error_hash(message: str) -> int:
    """A number for an error message, the same for ever.

    >>> error_hash("no luck")
    1241258233
    """
    return zlib.crc32(message.encode("utf-8", "replace")) & 0x7FFF_FFFF


def _task(task: UserTask) -> Row:
    return {
        "state": task.state, "assignee": task.assignee or None,
        "candidate_groups": _json(task.candidate_groups).decode(),
        "candidate_users": _json(task.candidate_users).decode(),
        "follow_up_date": instant(task.follow_up_date) if task.follow_up_date else None,
        "due_date": instant(task.due_date) if task.due_date else None, "priority": task.priority,
    }  # fmt: skip


def _subscription(row: ProcessSubscription) -> Row:
    return {
        "key": row.key, "name": row.name, "correlation_key": row.correlation_key,
        "element": row.target, "element_key": row.element_key, "instance": row.instance,
        "definition": row.definition, "process_id": row.process_id,
        "root": row.root, "tenant": row.tenant,
    }  # fmt: skip


def _job(state: str, *, ends: bool = False) -> Callable[[Projection, Any], None]:
    return lambda projection, event: projection.job_changed(event.job, state, ends=ends)


def _subscription_state(state: str) -> Callable[[Projection, Any], None]:
    return lambda projection, event: projection.subscription_changed(event.subscription, state)


def _batch_state(state: str, *, ends: bool = False) -> Callable[[Projection, Any], None]:
    return lambda projection, event: projection.batch_changed(event.key, state, ends=ends)


_TELLS: dict[type[Event], Callable[[Projection, Any], None]] = {
    dep.ProcessCreated: Projection.process_created,
    dep.ProcessDeleted: Projection.process_deleted,
    p.InstanceCreated: Projection.created,
    p.ElementActivating: Projection.activating,
    p.ElementCompleted: Projection.completed,
    p.ElementTerminated: Projection.terminated,
    p.ElementMigrated: Projection.migrated,
    p.BusinessIdAssigned: Projection.business_id_assigned,
    p.InstanceSuspended: Projection.suspended,
    p.InstanceResumed: Projection.resumed,
    p.SequenceFlowTaken: Projection.flow_taken,
    v.VariableCreated: Projection.variable_created,
    v.VariableUpdated: Projection.variable_updated,
    j.JobCreated: Projection.job_created,
    j.JobsActivated: Projection.jobs_activated,
    j.JobCompleted: Projection.job_completed,
    j.JobCanceled: _job("CANCELED", ends=True),
    j.JobFailed: Projection.job_failed,
    j.JobTimedOut: _job("TIMED_OUT"),
    j.JobErrorThrown: Projection.error_thrown,
    j.JobRetriesUpdated: _job("RETRIES_UPDATED"),
    j.JobRecurred: _job("CREATED"),
    j.JobYielded: _job("CREATED"),
    j.JobTimeoutUpdated: _job("CREATED"),
    i.IncidentCreated: Projection.incident_created,
    i.IncidentResolved: Projection.incident_resolved,
    u.UserTaskCreating: Projection.task_creating,
    u.UserTaskCreated: Projection.task_changed,
    u.UserTaskAssigning: Projection.task_changed,
    u.UserTaskAssigned: Projection.task_changed,
    u.UserTaskUpdating: Projection.task_changed,
    u.UserTaskUpdated: Projection.task_changed,
    u.UserTaskCompleting: Projection.task_changed,
    u.UserTaskCanceling: Projection.task_changed,
    u.UserTaskCorrected: Projection.task_changed,
    u.UserTaskAssignmentDenied: Projection.task_changed,
    u.UserTaskCompletionDenied: Projection.task_changed,
    u.UserTaskUpdateDenied: Projection.task_changed,
    u.UserTaskCompleted: Projection.task_ended,
    u.UserTaskCanceled: Projection.task_ended,
    d.RequirementsCreated: Projection.requirements_created,
    d.DecisionCreated: Projection.decision_created,
    d.DecisionEvaluated: Projection.evaluated,
    d.DecisionFailed: Projection.evaluated,
    f.FormCreated: Projection.form_created,
    m.ProcessSubscriptionCreating: Projection.subscribed,
    m.ProcessSubscriptionCorrelated: Projection.correlated,
    m.ProcessSubscriptionDeleted: _subscription_state("DELETED"),
    m.StartSubscriptionCreated: Projection.start_subscribed,
    m.StartSubscriptionCorrelated: Projection.start_correlated,
    m.StartSubscriptionDeleted: _subscription_state("DELETED"),
    t.TimerCreated: Projection.waits_for_timer,
    t.TimerTriggered: Projection.waits_no_more,
    t.TimerCanceled: Projection.waits_no_more,
    s.SignalSubscriptionCreated: Projection.waits_for_signal,
    s.SignalSubscriptionDeleted: Projection.waits_no_more,
    c.ConditionCreated: Projection.waits_for_condition,
    c.ConditionDeleted: Projection.waits_no_more,
    b.BatchCreated: Projection.batch_created,
    b.BatchSuspended: _batch_state("SUSPENDED"),
    b.BatchResumed: _batch_state("ACTIVE"),
    b.BatchCompleted: _batch_state("COMPLETED", ends=True),
    b.BatchCanceled: _batch_state("CANCELED", ends=True),
    b.BatchPartReported: Projection.batch_reported,
    b.BatchItemsAdded: Projection.items_added,
    b.BatchItemDone: Projection.item_done,
    b.BatchItemFailed: Projection.item_failed,
    b.BatchPartCanceled: Projection.part_cancelled,
    b.InstanceHistoryDeleted: Projection.history_deleted,
    b.DecisionHistoryDeleted: Projection.decision_deleted,
}
"""Who tells of an event; what is not here changes nothing that people search for."""
