"""Batch operations: the same thing done to every process instance that a filter finds.

The filter is that of the search for process instances; what it finds at that moment are the items. Jobs
and decision evaluations have batch operations of their own, with the filters of their searches.
Instances that a kind can't be done to are left out: called ones, where only a root can be chosen, and
those that have ended, or have not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select

from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import Answer, Body, Call, Key, Operation, key_of
from remit.gateway.rest.instances import MappedElement, Reference
from remit.gateway.rest.jobs import Changes
from remit.gateway.rest.searches import SearchRequest, looking_up, read, searching
from remit.history import entities, schema
from remit.history.searching import conditions
from remit.protocol import commands as c
from remit.protocol.replies import Done
from remit.protocol.values import (
    NONE_KEY,
    BatchItem,
    BatchPlan,
    MappingInstruction,
    MoveInstruction,
)

LIMIT = 100_000
"""Items of one batch operation at most."""

_I, _N, _J = schema.INSTANCES.c, schema.INCIDENTS.c, schema.JOBS.c
_X = schema.EVALUATIONS.c


class Filtered(Body):
    filter: dict[str, Any]
    operation_reference: int | None = None


class Plan(Body):
    target_process_definition_key: Key
    mapping_instructions: list[MappedElement]


class FilteredMigration(Filtered, kw_only=True):
    migration_plan: Plan


class PlannedMove(Body):
    source_element_id: str
    target_element_id: str


class FilteredModification(Filtered, kw_only=True):
    move_instructions: list[PlannedMove]


class FilteredUpdate(Filtered, kw_only=True):
    changeset: Changes


class Created(Answer):
    batch_operation_key: str
    batch_operation_type: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Instances that a kind of batch operation can be done to."""

    states: tuple[str, ...]
    only_roots: bool = False


_CHOICES = {
    "CANCEL_PROCESS_INSTANCE": Choice(("ACTIVE", "SUSPENDED"), only_roots=True),
    "SUSPEND_PROCESS_INSTANCE": Choice(("ACTIVE",)),
    "RESUME_PROCESS_INSTANCE": Choice(("SUSPENDED",)),
    "MIGRATE_PROCESS_INSTANCE": Choice(("ACTIVE", "SUSPENDED")),
    "MODIFY_PROCESS_INSTANCE": Choice(("ACTIVE",)),
    "DELETE_PROCESS_INSTANCE": Choice(("COMPLETED", "TERMINATED"), only_roots=True),
    "RESOLVE_INCIDENT": Choice(("ACTIVE",)),
}


async def start(call: Call, plan: BatchPlan, given: dict[str, Any]) -> Created:
    """A batch operation over the instances that a filter finds; raises `Status` for what is none."""
    if not any(value is not None for value in given.values()):
        raise Status(
            Code.INVALID_ARGUMENT,
            "No filter criteria provided: a batch operation over everything has to say so, for example "
            'with {"startDate": {"$exists": true}}',
        )
    items = await read(call, lambda connection: _items(connection, plan.kind, given))
    if len(items) > LIMIT:
        raise Status(
            Code.INVALID_ARGUMENT,
            f"The filter finds more than {LIMIT} items, as many as one batch operation takes: narrow it",
        )
    return await create(call, plan, items)


async def create(call: Call, plan: BatchPlan, items: Sequence[BatchItem]) -> Created:
    reply = await call.broker.router.round_robin(c.CreateBatch(plan, tuple(items)), call.header)
    assert isinstance(reply, Done)
    return Created(batch_operation_key=str(reply.key), batch_operation_type=plan.kind)


def _items(connection: Connection, kind: str, given: dict[str, Any]) -> list[BatchItem]:
    """What a filter finds: one more than the limit when there are more."""
    found = _OTHERS[kind](given) if kind in _OTHERS else _instances(kind, given)
    return [BatchItem(*row) for row in connection.execute(found.limit(LIMIT + 1))]


def _instances(kind: str, given: dict[str, Any]) -> Select[Any]:
    choice = _CHOICES[kind]
    where = [*conditions(entities.PROCESS_INSTANCES, given), _I.state.in_(choice.states)]
    if choice.only_roots:
        where.append(_I.parent_instance.is_(None))
    if kind == "RESOLVE_INCIDENT":
        inside = _N.instance.in_(select(_I.key).where(*where))
        found = select(_N.key, _N.instance, _N.root).where(_N.state == "ACTIVE", inside)
        return found.order_by(_N.key)
    of = _I.process_id if kind == "DELETE_PROCESS_INSTANCE" else literal("")
    return select(_I.key, _I.key, _I.root, of).where(*where).order_by(_I.key)


def _jobs(given: dict[str, Any]) -> Select[Any]:
    """Those that have not ended."""
    where = [*conditions(entities.JOBS, given), _J.end_date.is_(None)]
    return select(_J.key, _J.instance, _J.root).where(*where).order_by(_J.key)


def _evaluations(given: dict[str, Any]) -> Select[Any]:
    """One item for all the decisions that were evaluated together."""
    where = conditions(entities.DECISION_INSTANCES, given)
    none = literal(NONE_KEY)
    return (
        select(_X.key, none, none, func.max(_X.decision_id))
        .where(*where)
        .group_by(_X.key)
        .order_by(_X.key)
    )


_OTHERS: dict[str, Callable[[dict[str, Any]], Select[Any]]] = {
    "UPDATE_JOB": _jobs,
    "DELETE_DECISION_INSTANCE": _evaluations,
}
"""Kinds whose items are no process instances."""


# --- operations ------------------------------------------------------------------------------------


def _starting(kind: str) -> Any:
    async def handle(call: Call, body: Filtered) -> Created:
        return await start(call, BatchPlan(kind), body.filter)

    return handle


async def migrate(call: Call, body: FilteredMigration) -> Created:
    plan = BatchPlan(
        "MIGRATE_PROCESS_INSTANCE",
        key_of(body.migration_plan.target_process_definition_key, "targetProcessDefinitionKey"),
        tuple(
            MappingInstruction(each.source_element_id, each.target_element_id)
            for each in body.migration_plan.mapping_instructions
        ),
    )
    return await start(call, plan, body.filter)


async def modify(call: Call, body: FilteredModification) -> Created:
    """Every token at a source goes to its target, in the scopes that both have in common."""
    if not body.move_instructions:
        raise Status(Code.INVALID_ARGUMENT, "No moveInstructions provided.")
    moves = tuple(
        MoveInstruction(each.target_element_id, each.source_element_id, ancestor_from="inferred")
        for each in body.move_instructions
    )
    return await start(call, BatchPlan("MODIFY_PROCESS_INSTANCE", moves=moves), body.filter)


async def resolve_instance(call: Call, body: None) -> Created:
    """All incidents of one instance."""
    key = call.key("processInstanceKey")

    def find(connection: Connection) -> list[BatchItem]:
        if connection.scalar(select(_I.key).where(_I.key == key)) is None:
            raise Status(Code.NOT_FOUND, f"Process instance with key '{key}' not found")
        found = select(_N.key, _N.instance, _N.root)
        where = found.where(_N.state == "ACTIVE", _N.instance == key).order_by(_N.key)
        return [BatchItem(*row) for row in connection.execute(where)]

    return await create(call, BatchPlan("RESOLVE_INCIDENT"), await read(call, find))


async def delete_instance(call: Call, body: Reference) -> None:
    """What is told of an instance that has ended, and of all it has called."""
    key = call.key("processInstanceKey")

    def find(connection: Connection) -> Any:
        found = select(_I.root, _I.process_id).where(_I.key == key)
        return connection.execute(found).first()

    row = await read(call, find)
    if row is None:
        raise Status(Code.NOT_FOUND, f"Process instance with key '{key}' not found")
    if row.root != key:
        raise Status(
            Code.FAILED_PRECONDITION,
            f"Expected to delete process instance with key '{key}', but it is created by a parent "
            f"process instance. Delete the root process instance '{row.root}' instead.",
        )
    command = c.DeleteInstanceHistory(key, row.process_id)
    await call.broker.router.by_key(key, command, call.header)


async def update_jobs(call: Call, body: FilteredUpdate) -> Created:
    changes = body.changeset
    if changes.priority is not None:
        raise Status(Code.INVALID_ARGUMENT, "Jobs have no priority here: it can't be updated")
    if changes.retries is None and changes.timeout is None:
        raise Status(
            Code.INVALID_ARGUMENT,
            "No update provided: at least one of [retries, timeout] is needed",
        )
    if (changes.retries is not None and changes.retries < 1) or (changes.timeout or 0) < 0:
        raise Status(Code.INVALID_ARGUMENT, "retries are at least 1, and a timeout is not negative")
    plan = BatchPlan(
        "UPDATE_JOB",
        retries=-1 if changes.retries is None else changes.retries,
        timeout=-1 if changes.timeout is None else changes.timeout,
    )
    return await start(call, plan, body.filter)


async def delete_decision(call: Call, body: Reference) -> None:
    """All decisions of one evaluation."""
    key = call.key("decisionEvaluationKey")
    found = select(_X.decision_id).where(_X.key == key).limit(1)
    decision_id = await read(call, lambda connection: connection.scalar(found))
    if decision_id is None:
        raise Status(Code.NOT_FOUND, f"Decision instance with key '{key}' not found")
    await call.broker.router.by_key(key, c.DeleteDecisionHistory(key, decision_id), call.header)


def _steering(action: str) -> Any:
    async def handle(call: Call, body: Reference) -> None:
        key = call.key("batchOperationKey")
        await call.broker.router.by_key(key, c.SteerBatch(key, action), call.header)

    return handle


_PI = "/process-instances"
_B = "/batch-operations/{batchOperationKey}"


def _batch(path: str, name: str, handle: Any, request: type[Body] = Filtered) -> Operation:
    return Operation("POST", f"{_PI}{path}", name, handle, request=request, answer=Created)


def _steer(action: str, path: str) -> Operation:
    return Operation(
        "POST", f"{_B}/{path}", f"{action}BatchOperation", _steering(action), request=Reference,
        success=204,
    )  # fmt: skip


OPERATIONS = (
    _batch("/cancellation", "cancelProcessInstancesBatchOperation",
           _starting("CANCEL_PROCESS_INSTANCE")),
    _batch("/suspension", "suspendProcessInstancesBatchOperation",
           _starting("SUSPEND_PROCESS_INSTANCE")),
    _batch("/resumption", "resumeProcessInstancesBatchOperation",
           _starting("RESUME_PROCESS_INSTANCE")),
    _batch("/incident-resolution", "resolveIncidentsBatchOperation", _starting("RESOLVE_INCIDENT")),
    _batch("/deletion", "deleteProcessInstancesBatchOperation",
           _starting("DELETE_PROCESS_INSTANCE")),
    _batch("/migration", "migrateProcessInstancesBatchOperation", migrate, FilteredMigration),
    _batch("/modification", "modifyProcessInstancesBatchOperation", modify, FilteredModification),
    Operation(
        "POST", f"{_PI}/{{processInstanceKey}}/incident-resolution",
        "resolveProcessInstanceIncidents", resolve_instance, answer=Created,
    ),
    Operation(
        "POST", f"{_PI}/{{processInstanceKey}}/deletion", "deleteProcessInstance", delete_instance,
        request=Reference, success=204,
    ),
    Operation(
        "POST", "/jobs/batch-update", "updateJobsBatchOperation", update_jobs,
        request=FilteredUpdate, answer=Created,
    ),
    Operation(
        "POST", "/decision-instances/deletion", "deleteDecisionInstancesBatchOperation",
        _starting("DELETE_DECISION_INSTANCE"), request=Filtered, answer=Created,
    ),
    Operation(
        "POST", "/decision-instances/{decisionEvaluationKey}/deletion", "deleteDecisionInstance",
        delete_decision, request=Reference, success=204,
    ),
    _steer("cancel", "cancellation"),
    _steer("suspend", "suspension"),
    _steer("resume", "resumption"),
    Operation(
        "GET", _B, "getBatchOperation",
        looking_up(entities.BATCH_OPERATIONS, "batchOperationKey", "batchOperationKey",
                   "Batch operation"),
        answer=dict,
    ),
    Operation(
        "POST", "/batch-operations/search", "searchBatchOperations",
        searching(entities.BATCH_OPERATIONS), request=SearchRequest, answer=dict,
    ),
    Operation(
        "POST", "/batch-operation-items/search", "searchBatchOperationItems",
        searching(entities.BATCH_ITEMS), request=SearchRequest, answer=dict,
    ),
)  # fmt: skip
