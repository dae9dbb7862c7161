"""Deployments: files by multipart/form-data, all of them or none."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from remit.gateway.faults import Code, Status
from remit.gateway.rest import batches
from remit.gateway.rest.frame import MAX_BODY_BYTES, Answer, BadRequest, Body, Call, Operation
from remit.protocol.commands import DeleteResource, DeployResources
from remit.protocol.replies import Deployed, DeployedResource
from remit.protocol.values import BatchPlan


class Deployment(Answer):
    deployment_key: str
    tenant_id: str
    deployments: list[dict[str, Any]]


async def deploy(call: Call, body: None) -> Deployment:
    resources, tenant_id = await _parts(call)
    if not resources:
        raise Status(Code.INVALID_ARGUMENT, "No resources provided: add a file to the form")
    command = DeployResources(tuple(resources), call.broker.tenancy.one(tenant_id))
    reply = await call.broker.router.to_deployment(command, call.header)
    assert isinstance(reply, Deployed)
    return Deployment(
        deployment_key=str(reply.key),
        tenant_id=reply.tenant,
        deployments=[_told(each) for each in reply.resources],
    )


async def _parts(call: Call) -> tuple[list[tuple[str, bytes]], str]:
    """The files of the form by name, and its tenant."""
    request = Request(call.scope, call.receive)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadRequest("Expected multipart/form-data with the resources as files")
    size = request.headers.get("content-length", "0")
    if size.isdigit() and int(size) > MAX_BODY_BYTES:
        raise Status(
            Code.INVALID_ARGUMENT, f"The request has {size} bytes, more than {MAX_BODY_BYTES}"
        )
    resources: list[tuple[str, bytes]] = []
    tenant_id = ""
    try:
        form = await MultiPartParser(
            request.headers, request.stream(), max_part_size=MAX_BODY_BYTES
        ).parse()
    except MultiPartException as fault:
        raise BadRequest(f"The form can't be read: {fault.message}") from fault
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            resources.append((value.filename or "blob", await value.read()))
        elif name == "tenantId":
            tenant_id = value
        else:
            resources.append(("blob", value.encode()))
    await form.close()
    return resources, tenant_id


_NAMES = {
    "process": "processDefinition",
    "decision": "decisionDefinition",
    "decisionRequirements": "decisionRequirements",
    "form": "form",
    "resource": "resource",
}


def _told(each: DeployedResource) -> dict[str, Any]:
    """One entry with all five properties, four of them null."""
    return {**dict.fromkeys(_NAMES.values()), _NAMES[each.kind]: _METADATA[each.kind](each)}


def _process(each: DeployedResource) -> dict[str, Any]:
    return {
        "processDefinitionId": each.id, "processDefinitionVersion": each.version,
        "resourceName": each.resource_name, "tenantId": each.tenant,
        "processDefinitionKey": str(each.key),
    }  # fmt: skip


def _decision(each: DeployedResource) -> dict[str, Any]:
    return {
        "decisionDefinitionId": each.id, "version": each.version, "name": each.name,
        "tenantId": each.tenant, "decisionRequirementsId": each.requirements_id,
        "decisionDefinitionKey": str(each.key),
        "decisionRequirementsKey": str(each.requirements_key),
    }  # fmt: skip


def _requirements(each: DeployedResource) -> dict[str, Any]:
    return {
        "decisionRequirementsId": each.id, "decisionRequirementsName": each.name,
        "version": each.version, "resourceName": each.resource_name, "tenantId": each.tenant,
        "decisionRequirementsKey": str(each.key),
    }  # fmt: skip


def _form(each: DeployedResource) -> dict[str, Any]:
    return {
        "formId": each.id, "version": each.version, "resourceName": each.resource_name,
        "tenantId": each.tenant, "formKey": str(each.key),
    }  # fmt: skip


def _resource(each: DeployedResource) -> dict[str, Any]:
    return {
        "resourceId": each.id, "resourceName": each.resource_name, "version": each.version,
        "tenantId": each.tenant, "resourceKey": str(each.key),
    }  # fmt: skip


_METADATA = {
    "process": _process,
    "decision": _decision,
    "decisionRequirements": _requirements,
    "form": _form,
    "resource": _resource,
}


class Deletion(Body):
    operation_reference: int | None = None
    delete_history: bool = False


class Deleted(Answer):
    resource_key: str
    batch_operation: batches.Created | None


async def delete(call: Call, body: Deletion) -> Deleted:
    """Nothing new is made of it. With `deleteHistory` its instances that have ended are forgotten."""
    key = call.key("resourceKey")
    await call.broker.router.by_key(key, DeleteResource(key), call.header)
    made = None
    if body.delete_history:
        plan = BatchPlan("DELETE_PROCESS_INSTANCE")
        made = await batches.start(call, plan, {"processDefinitionKey": str(key)})
    return Deleted(resource_key=str(key), batch_operation=made)


OPERATIONS = (
    Operation(
        "POST",
        "/resources/{resourceKey}/deletion",
        "deleteResource",
        delete,
        request=Deletion,
        answer=Deleted,
    ),
    Operation(
        "POST", "/deployments", "createDeployment", deploy, answer=Deployment, reads_body=False
    ),
)
