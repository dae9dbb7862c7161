"""Rows of the tables that every instance writes into: their columns, in the order of the table.

What a row begins its life with comes last, and is not said again where rows are made.
"""

from __future__ import annotations

from msgspec import Struct


class InstanceRow(Struct, gc=False):
    key: int
    definition: int
    process_id: str
    process_name: str | None
    version: int
    version_tag: str | None
    start_date: int
    tenant: str
    parent_instance: int | None
    parent_element: int | None
    root: int
    tags: str
    business_id: str | None
    end_date: int | None = None
    state: str = "ACTIVE"
    incidents: int = 0
    suspended_date: int | None = None


class ElementRow(Struct, gc=False):
    key: int
    instance: int
    definition: int
    process_id: str
    element: str
    element_name: str | None
    type: str
    start_date: int
    scope: int | None
    root: int
    tenant: str
    end_date: int | None = None
    state: str = "ACTIVE"
    incident: int | None = None


class FlowRow(Struct, gc=False):
    instance: int
    flow: str
    definition: int
    process_id: str
    tenant: str
    root: int | None = None


class VariableRow(Struct, gc=False):
    key: int
    name: str
    value: str
    scope: int
    instance: int
    definition: int
    root: int
    tenant: str


class JobRow(Struct, gc=False):
    key: int
    type: str
    worker: str
    retries: int
    kind: str
    listener_event: str
    created: int
    updated: int
    headers: str
    element: str
    element_key: int
    instance: int
    definition: int
    process_id: str
    root: int
    tenant: str
    state: str = "CREATED"
    deadline: int | None = None
    end_date: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    denied: bool | None = None
    denied_reason: str | None = None


class AuditRow(Struct, gc=False):
    key: int
    date: int
    command: str
    entity_type: str | None
    operation: str
    category: str
    entity_key: int
    actor: str
    method: str
    result: str
    reason: str | None
    instance: int | None
    root: int | None
    definition: int | None
    process_id: str | None
    element_key: int | None
    tenant: str | None
    job: int | None
    user_task: int | None
