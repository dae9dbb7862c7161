"""Process instances, their elements, the flows that were taken."""

from __future__ import annotations

from sqlalchemy import Connection

from remit.history import schema
from remit.history.telling.rows import json, write_rows
from remit.history.telling.told import Tells, Told
from remit.protocol.events import process_instance as p
from remit.protocol.events.process_instance import ELEMENT_KINDS, KIND_NUMBERS
from remit.protocol.values import ProcessDefinition

_PROCESS = KIND_NUMBERS["PROCESS"]


def created(told: Told, event: p.InstanceCreated) -> None:
    told.extra[event.key] = event


def activating(told: Told, event: p.ElementActivating) -> None:
    row = told.definitions.get(event.definition)
    process_id = "" if row is None else row.process_id
    if event.kind == _PROCESS:
        _instance(told, event, row)
    told.elements.add(
        event.key,
        {
            "key": event.key, "instance": event.instance, "definition": event.definition,
            "process_id": process_id, "element": event.element,
            "element_name": told.name_of(event.definition, event.element) or event.element,
            "type": ELEMENT_KINDS[event.kind], "start_date": told.now, "end_date": None,
            "state": "ACTIVE", "scope": event.scope if event.scope > 0 else None,
            "root": event.root, "tenant": event.tenant, "incident": None,
        },
    )  # fmt: skip


def _instance(told: Told, event: p.ElementActivating, row: ProcessDefinition | None) -> None:
    extra = told.extra.pop(event.key, None)
    told.instances.add(
        event.key,
        {
            "key": event.key, "definition": event.definition,
            "process_id": "" if row is None else row.process_id,
            "process_name": None if row is None else row.name or None,
            "version": 0 if row is None else row.version,
            "version_tag": None if row is None else row.version_tag or None,
            "start_date": told.now, "end_date": None, "state": "ACTIVE", "incidents": 0,
            "tenant": event.tenant,
            "parent_instance": event.parent_instance if event.parent_instance > 0 else None,
            "parent_element": event.parent_element if event.parent_element > 0 else None,
            "root": event.root,
            "tags": "[]" if extra is None else json(extra.tags).decode(),
            "business_id": None if extra is None else extra.business_id or None,
            "suspended_date": None,
        },
    )  # fmt: skip


def completed(told: Told, event: p.ElementCompleted) -> None:
    _ended(told, event, "COMPLETED")


def terminated(told: Told, event: p.ElementTerminated) -> None:
    _ended(told, event, "TERMINATED")


def _ended(told: Told, event: p.ElementEvent, state: str) -> None:
    told.elements.change(event.key, state=state, end_date=told.now)
    if event.kind == _PROCESS:
        told.instances.change(event.key, state=state, end_date=told.now)


def business_id_assigned(told: Told, event: p.BusinessIdAssigned) -> None:
    told.instances.change(event.key, business_id=event.business_id)


def suspended(told: Told, event: p.InstanceSuspended) -> None:
    told.instances.change(event.key, state="SUSPENDED", suspended_date=event.since)


def resumed(told: Told, event: p.InstanceResumed) -> None:
    told.instances.change(event.key, state="ACTIVE", suspended_date=None)


def migrated(told: Told, event: p.ElementMigrated) -> None:
    row = told.definitions.get(event.definition)
    changes = {
        "definition": event.definition, "process_id": "" if row is None else row.process_id,
    }  # fmt: skip
    name = told.name_of(event.definition, event.element) or event.element
    told.elements.change(event.key, element=event.element, element_name=name, **changes)
    if event.kind == _PROCESS and row is not None:
        told.instances.change(
            event.key, version=row.version, process_name=row.name or None,
            version_tag=row.version_tag or None, **changes,
        )  # fmt: skip


def flow_taken(told: Told, event: p.SequenceFlowTaken) -> None:
    row = told.definitions.get(event.definition)
    told.flows[(event.instance, event.element)] = {
        "instance": event.instance, "flow": event.element, "definition": event.definition,
        "process_id": "" if row is None else row.process_id, "root": None,
        "tenant": "<default>" if row is None else row.tenant,
    }  # fmt: skip


def write_flows(told: Told, connection: Connection) -> None:
    if told.flows:
        write_rows(connection, schema.FLOWS, list(told.flows.values()), known=True)
        told.flows = {}


TELLS: Tells = {
    p.InstanceCreated: created,
    p.ElementActivating: activating,
    p.ElementCompleted: completed,
    p.ElementTerminated: terminated,
    p.ElementMigrated: migrated,
    p.BusinessIdAssigned: business_id_assigned,
    p.InstanceSuspended: suspended,
    p.InstanceResumed: resumed,
    p.SequenceFlowTaken: flow_taken,
}
