"""Process instances, their elements, the flows that were taken."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import Connection

from remit.history import schema
from remit.history.telling.frequent import ElementRow, FlowRow, InstanceRow
from remit.history.telling.rows import Tellings, json, write_rows
from remit.history.telling.told import Tells, Told
from remit.protocol.events import process_instance as p
from remit.protocol.events.process_instance import ELEMENT_KINDS, KIND_NUMBERS
from remit.protocol.values import DEFAULT_TENANT, ProcessDefinition

_PROCESS = KIND_NUMBERS["PROCESS"]


def created(told: Told, event: p.InstanceCreated) -> None:
    told.extra[event.key] = event


def activating(told: Told, event: p.ElementActivating) -> None:
    row = told.definitions.get(event.definition)
    if event.kind == _PROCESS:
        _instance(told, event, row)
    told.elements.new[event.key] = ElementRow(
        event.key, event.instance, event.definition, "" if row is None else row.process_id,
        event.element, told.name_of(event.definition, event.element) or event.element,
        ELEMENT_KINDS[event.kind], told.now, event.scope if event.scope > 0 else None,
        event.root, event.tenant,
    )  # fmt: skip


def _instance(told: Told, event: p.ElementActivating, row: ProcessDefinition | None) -> None:
    extra = told.extra.pop(event.key, None)
    process_id, name, version, version_tag = "", None, 0, None
    if row is not None:
        process_id, name, version = row.process_id, row.name or None, row.version
        version_tag = row.version_tag or None
    tags, business_id = "[]", event.business_id or None
    if extra is not None:
        tags, business_id = json(extra.tags).decode(), extra.business_id or None
    told.instances.new[event.key] = InstanceRow(
        event.key, event.definition, process_id, name, version, version_tag, told.now, event.tenant,
        event.parent_instance if event.parent_instance > 0 else None,
        event.parent_element if event.parent_element > 0 else None,
        event.root, tags, business_id,
    )  # fmt: skip


def completed(told: Told, event: p.ElementCompleted) -> None:
    _ended(told, event, "COMPLETED")


def terminated(told: Told, event: p.ElementTerminated) -> None:
    _ended(told, event, "TERMINATED")


def _ended(told: Told, event: p.ElementEvent, state: str) -> None:
    _end(told.elements, event.key, state, told.now)
    if event.kind == _PROCESS:
        _end(told.instances, event.key, state, told.now)


def _end(tellings: Tellings, key: int, state: str, now: int) -> None:
    """Most of what ends began in the same batch: its row is at hand."""
    row = tellings.new.get(key)
    if row is None:
        tellings.change(key, state=state, end_date=now)
    else:
        row.state, row.end_date = state, now


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
    process_id, tenant = ("", DEFAULT_TENANT) if row is None else (row.process_id, row.tenant)
    told.flows[(event.instance, event.element)] = FlowRow(
        event.instance, event.element, event.definition, process_id, tenant
    )


def write_flows(told: Told, connection: Connection) -> None:
    if told.flows:
        write_rows(connection, schema.FLOWS, [*map(astuple, told.flows.values())], known=True)
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
