"""Process instances: create, cancel, suspend, modify; variables and incidents of running ones."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import UNSET, UnsetType

from remit.gateway.documents import bounded
from remit.gateway.faults import Code, Status
from remit.gateway.rest.brief import Brief
from remit.gateway.rest.frame import Answer, Body, Call, Key, Operation, key_of
from remit.protocol import commands as c
from remit.protocol.replies import InstanceCompleted, InstanceCreated
from remit.protocol.values import (
    NONE_KEY,
    ActivateInstruction,
    AdHocActivation,
    MappingInstruction,
    MoveInstruction,
    StartInstruction,
    TerminateAfter,
    TerminateInstruction,
    VariableInstruction,
)

DEFAULT_SECONDS = 10.0
"""How long a creation waits for its result when the client does not say."""


class Start(Body):
    element_id: str


class EndAfter(Body):
    after_element_id: str
    type: str = "TERMINATE_PROCESS_INSTANCE"


class Creation(Body):
    """By key, or by id and version (-1: the latest), or by id and version tag."""

    process_definition_key: Key | None = None
    process_definition_id: str | None = None
    process_definition_version: int = -1
    process_definition_version_tag: str | None = None
    variables: dict[str, Any] | None = None
    tenant_id: str | None = None
    operation_reference: int | None = None
    start_instructions: list[Start] = []
    runtime_instructions: list[EndAfter] = []
    await_completion: bool = False
    fetch_variables: list[str] = []
    request_timeout: int = 0
    tags: list[str] = []
    business_id: str | None = None


class Created(Answer):
    process_definition_id: str
    process_definition_version: int
    tenant_id: str
    variables: dict[str, Any]
    process_definition_key: str
    process_instance_key: str
    tags: tuple[str, ...]
    business_id: str | None


class Reference(Body):
    """What most commands on an instance take: nothing that matters."""

    operation_reference: int | None = None


class Variables(Body):
    variables: dict[str, Any]
    local: bool = False
    operation_reference: int | None = None


class ScopedVariables(Body):
    variables: dict[str, Any]
    scope_id: str = ""


class Activation(Body):
    element_id: str
    ancestor_element_instance_key: Key | None = None
    variable_instructions: list[ScopedVariables] = []


class Source(Body):
    source_type: str
    source_element_id: str | UnsetType = UNSET
    source_element_instance_key: Key | UnsetType = UNSET


class Ancestor(Body):
    ancestor_scope_type: str
    ancestor_element_instance_key: Key | UnsetType = UNSET


class Move(Body):
    source_element_instruction: Source
    target_element_id: str
    ancestor_scope_instruction: Ancestor | None = None
    variable_instructions: list[ScopedVariables] = []


class Termination(Body):
    element_instance_key: Key | None = None
    element_id: str | None = None


class Modification(Body):
    operation_reference: int | None = None
    activate_instructions: list[Activation] = []
    move_instructions: list[Move] = []
    terminate_instructions: list[Termination] = []


async def create(call: Call, body: Creation) -> Created:
    command = _creation(call, body)
    if not body.await_completion:
        reply = await call.broker.router.round_robin(command, call.header)
        assert isinstance(reply, InstanceCreated)
        return _created(reply, {})
    seconds = body.request_timeout / 1000 if body.request_timeout > 0 else DEFAULT_SECONDS
    try:
        async with asyncio.timeout(seconds):
            done = await call.broker.router.round_robin(command, call.header)
    except TimeoutError:
        raise Status(
            Code.DEADLINE_EXCEEDED,
            f"Expected the process instance to complete within {seconds:g} s, but it has not yet; "
            f"it goes on",
        ) from None
    assert isinstance(done, InstanceCompleted)
    return _created(done.created, done.variables)


def create_brief(call: Call, body: Creation) -> Brief | None:
    """Of several partitions one may be asked after the other; and a result comes with a later turn."""
    only = call.broker.router.only()
    if body.await_completion or only is None:
        return None
    return Brief(only, _creation(call, body), lambda reply: _created(reply, {}))


def _creation(call: Call, body: Creation) -> c.CreateInstance:
    if (body.process_definition_key is None) == (body.process_definition_id is None):
        raise Status(
            Code.INVALID_ARGUMENT,
            "Only one of [processDefinitionId, processDefinitionKey] is allowed, and one is needed",
        )
    key, tag = body.process_definition_key, body.process_definition_version_tag
    if tag is not None and (not tag or key is not None or body.process_definition_version > 0):
        raise Status(
            Code.INVALID_ARGUMENT,
            "A processDefinitionVersionTag is not empty, and needs a processDefinitionId and no "
            "processDefinitionVersion beside it",
        )
    return c.CreateInstance(
        NONE_KEY if key is None else key_of(key, "processDefinitionKey"),
        body.process_definition_id or "",
        body.process_definition_version if body.process_definition_version > 0 else -1,
        bounded(body.variables or {}),
        call.broker.tenancy.one(body.tenant_id),
        tuple([StartInstruction(each.element_id) for each in body.start_instructions]),
        tuple([TerminateAfter(each.after_element_id) for each in body.runtime_instructions]),
        tuple(body.tags),
        body.business_id or "",
        body.await_completion,
        tuple(body.fetch_variables),
        tag or "",
    )


def _created(made: InstanceCreated, variables: dict[str, Any]) -> Created:
    return Created(
        process_definition_id=made.process_id,
        process_definition_version=made.version,
        tenant_id=made.tenant,
        variables=variables,
        process_definition_key=str(made.definition),
        process_instance_key=str(made.key),
        tags=made.tags,
        business_id=made.business_id or None,
    )


async def cancel(call: Call, body: Reference) -> None:
    key = call.key("processInstanceKey")
    await call.broker.router.by_key(key, c.CancelInstance(key), call.header)


async def suspend(call: Call, body: Reference) -> None:
    key = call.key("processInstanceKey")
    await call.broker.router.by_key(key, c.SuspendInstance(key), call.header)


async def resume(call: Call, body: Reference) -> None:
    key = call.key("processInstanceKey")
    await call.broker.router.by_key(key, c.ResumeInstance(key), call.header)


class BusinessId(Body):
    business_id: str


async def assign_business_id(call: Call, body: BusinessId) -> None:
    key = call.key("processInstanceKey")
    command = c.AssignBusinessId(key, body.business_id)
    await call.broker.router.by_key(key, command, call.header)


async def modify(call: Call, body: Modification) -> None:
    key = call.key("processInstanceKey")
    command = c.ModifyInstance(
        key,
        tuple(_activation(each) for each in body.activate_instructions),
        tuple(
            TerminateInstruction(_optional(each.element_instance_key), each.element_id or "")
            for each in body.terminate_instructions
        ),
        tuple(_move(each) for each in body.move_instructions),
    )
    await call.broker.router.by_key(key, command, call.header)


def _activation(each: Activation) -> ActivateInstruction:
    ancestor = _optional(each.ancestor_element_instance_key)
    return ActivateInstruction(each.element_id, ancestor, _scoped(each.variable_instructions))


def _move(each: Move) -> MoveInstruction:
    source, ancestor = each.source_element_instruction, each.ancestor_scope_instruction
    return MoveInstruction(
        each.target_element_id,
        source.source_element_id or "",
        _optional(source.source_element_instance_key or None),
        "" if ancestor is None else ancestor.ancestor_scope_type,
        NONE_KEY if ancestor is None else _optional(ancestor.ancestor_element_instance_key or None),
        _scoped(each.variable_instructions),
    )


def _scoped(instructions: list[ScopedVariables]) -> tuple[VariableInstruction, ...]:
    return tuple(
        VariableInstruction(bounded(each.variables), each.scope_id) for each in instructions
    )


def _optional(key: str | None) -> int:
    found = NONE_KEY if key is None else key_of(key, "elementInstanceKey")
    return found if found > 0 else NONE_KEY


class MappedElement(Body):
    source_element_id: str
    target_element_id: str


class Migration(Body):
    target_process_definition_key: Key
    mapping_instructions: list[MappedElement]
    operation_reference: int | None = None


async def migrate(call: Call, body: Migration) -> None:
    key = call.key("processInstanceKey")
    command = c.MigrateInstance(
        key,
        key_of(body.target_process_definition_key, "targetProcessDefinitionKey"),
        tuple(
            MappingInstruction(each.source_element_id, each.target_element_id)
            for each in body.mapping_instructions
        ),
    )
    await call.broker.router.by_key(key, command, call.header)


class AdHocElement(Body):
    element_id: str
    variables: dict[str, Any] | None = None


class AdHocElements(Body):
    elements: list[AdHocElement]
    cancel_remaining_instances: bool = False


async def activate_ad_hoc(call: Call, body: AdHocElements) -> None:
    key = call.key("adHocSubProcessInstanceKey")
    command = c.ActivateAdHoc(
        key,
        tuple(
            AdHocActivation(each.element_id, bounded(each.variables or {}))
            for each in body.elements
        ),
        body.cancel_remaining_instances,
    )
    await call.broker.router.by_key(key, command, call.header)


async def set_variables(call: Call, body: Variables) -> None:
    key = call.key("elementInstanceKey")
    command = c.SetVariables(key, bounded(body.variables), body.local)
    await call.broker.router.by_key(key, command, call.header)


async def resolve_incident(call: Call, body: Reference) -> None:
    key = call.key("incidentKey")
    await call.broker.router.by_key(key, c.ResolveIncident(key), call.header)


_INSTANCE = "/process-instances/{processInstanceKey}"

OPERATIONS = (
    Operation(
        "POST", "/process-instances", "createProcessInstance", create,
        request=Creation, answer=Created, brief=create_brief,
    ),
    Operation(
        "POST", f"{_INSTANCE}/cancellation", "cancelProcessInstance", cancel,
        request=Reference, success=204,
    ),
    Operation(
        "POST", f"{_INSTANCE}/suspension", "suspendProcessInstance", suspend,
        request=Reference, success=204,
    ),
    Operation(
        "POST", f"{_INSTANCE}/resumption", "resumeProcessInstance", resume,
        request=Reference, success=204,
    ),
    Operation(
        "POST", f"{_INSTANCE}/business-id-assignment", "assignBusinessId", assign_business_id,
        request=BusinessId, success=204,
    ),
    Operation(
        "POST", f"{_INSTANCE}/modification", "modifyProcessInstance", modify,
        request=Modification, success=204,
    ),
    Operation(
        "POST", f"{_INSTANCE}/migration", "migrateProcessInstance", migrate,
        request=Migration, success=204,
    ),
    Operation(
        "POST",
        "/element-instances/ad-hoc-activities/{adHocSubProcessInstanceKey}/activation",
        "activateAdHocSubProcessActivities", activate_ad_hoc, request=AdHocElements, success=204,
    ),
    Operation(
        "PUT", "/element-instances/{elementInstanceKey}/variables", "createElementInstanceVariables",
        set_variables, request=Variables, success=204,
    ),
    Operation(
        "POST", "/incidents/{incidentKey}/resolution", "resolveIncident", resolve_incident,
        request=Reference, success=204,
    ),
)  # fmt: skip
