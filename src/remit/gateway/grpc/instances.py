"""Process instances, variables, incidents and messages over gRPC."""

from __future__ import annotations

import asyncio

from remit.gateway.broker import Broker
from remit.gateway.documents import document, text
from remit.gateway.faults import Code, Status
from remit.gateway.grpc.service import Call, Methods, Unary
from remit.gateway.tenancy import Tenancy
from remit.protocol.commands import (
    BroadcastSignal,
    CancelInstance,
    CreateInstance,
    PublishMessage,
    ResolveIncident,
    SetVariables,
)
from remit.protocol.replies import (
    Done,
    InstanceCompleted,
    InstanceCreated,
    MessagePublished,
    SignalBroadcast,
)
from remit.protocol.values import NONE_KEY, StartInstruction, TerminateAfter
from remit.protocol.wire.stubs import gateway_pb2 as pb

DEFAULT_RESULT_SECONDS = 15.0


def creation(
    tenancy: Tenancy,
    request: pb.CreateProcessInstanceRequest,
    *,
    await_result: bool,
    fetch: tuple[str, ...] = (),
) -> CreateInstance:
    """By key when one is given, else by id; version 0 and -1 both mean the latest."""
    return CreateInstance(
        request.processDefinitionKey if request.processDefinitionKey > 0 else NONE_KEY,
        request.bpmnProcessId,
        request.version if request.version > 0 else -1,
        document(request.variables),
        tenancy.one(request.tenantId),
        tuple(StartInstruction(each.elementId) for each in request.startInstructions),
        tuple(
            TerminateAfter(each.terminate.afterElementId) for each in request.runtimeInstructions
        ),
        tuple(request.tags),
        request.businessId,
        await_result,
        fetch,
    )


async def create(
    broker: Broker, request: pb.CreateProcessInstanceRequest, call: Call
) -> pb.CreateProcessInstanceResponse:
    command = creation(broker.tenancy, request, await_result=False)
    made = await broker.router.round_robin(command, call.header)
    assert isinstance(made, InstanceCreated)
    return pb.CreateProcessInstanceResponse(
        processDefinitionKey=made.definition,
        bpmnProcessId=made.process_id,
        version=made.version,
        processInstanceKey=made.key,
        tenantId=made.tenant,
        tags=made.tags,
        businessId=made.business_id or None,
    )


async def create_with_result(
    broker: Broker, request: pb.CreateProcessInstanceWithResultRequest, call: Call
) -> pb.CreateProcessInstanceWithResultResponse:
    """Answered when the process has completed; it goes on when the answer comes too late."""
    command = creation(
        broker.tenancy, request.request, await_result=True, fetch=tuple(request.fetchVariables)
    )
    seconds = (
        request.requestTimeout / 1000 if request.requestTimeout > 0 else DEFAULT_RESULT_SECONDS
    )
    try:
        async with asyncio.timeout(seconds):
            done = await broker.router.round_robin(command, call.header)
    except TimeoutError:
        raise Status(
            Code.DEADLINE_EXCEEDED,
            f"Expected the process instance to complete within {seconds:g} s, but it has not yet; it "
            f"goes on",
        ) from None
    assert isinstance(done, InstanceCompleted)
    made = done.created
    return pb.CreateProcessInstanceWithResultResponse(
        processDefinitionKey=made.definition,
        bpmnProcessId=made.process_id,
        version=made.version,
        processInstanceKey=made.key,
        variables=text(done.variables),
        tenantId=made.tenant,
        tags=made.tags,
        businessId=made.business_id or None,
    )


async def cancel(
    broker: Broker, request: pb.CancelProcessInstanceRequest, call: Call
) -> pb.CancelProcessInstanceResponse:
    key = request.processInstanceKey
    await broker.router.by_key(key, CancelInstance(key), call.header)
    return pb.CancelProcessInstanceResponse()


async def set_variables(
    broker: Broker, request: pb.SetVariablesRequest, call: Call
) -> pb.SetVariablesResponse:
    key = request.elementInstanceKey
    command = SetVariables(key, document(request.variables), request.local)
    reply = await broker.router.by_key(key, command, call.header)
    assert isinstance(reply, Done)
    return pb.SetVariablesResponse(key=reply.key)


async def resolve_incident(
    broker: Broker, request: pb.ResolveIncidentRequest, call: Call
) -> pb.ResolveIncidentResponse:
    key = request.incidentKey
    await broker.router.by_key(key, ResolveIncident(key), call.header)
    return pb.ResolveIncidentResponse()


async def publish(
    broker: Broker, request: pb.PublishMessageRequest, call: Call
) -> pb.PublishMessageResponse:
    command = PublishMessage(
        request.name, request.correlationKey, request.timeToLive, request.messageId,
        document(request.variables), broker.tenancy.one(request.tenantId),
    )  # fmt: skip
    reply = await broker.router.by_correlation(request.correlationKey, command, call.header)
    assert isinstance(reply, MessagePublished)
    return pb.PublishMessageResponse(key=reply.key, tenantId=reply.tenant)


async def broadcast(
    broker: Broker, request: pb.BroadcastSignalRequest, call: Call
) -> pb.BroadcastSignalResponse:
    command = BroadcastSignal(
        request.signalName, document(request.variables), broker.tenancy.one(request.tenantId)
    )
    reply = await broker.router.round_robin(command, call.header)
    assert isinstance(reply, SignalBroadcast)
    return pb.BroadcastSignalResponse(key=reply.key, tenantId=reply.tenant)


METHODS: Methods = {
    "CreateProcessInstance": Unary(pb.CreateProcessInstanceRequest, create),
    "CreateProcessInstanceWithResult": Unary(
        pb.CreateProcessInstanceWithResultRequest, create_with_result
    ),
    "CancelProcessInstance": Unary(pb.CancelProcessInstanceRequest, cancel),
    "SetVariables": Unary(pb.SetVariablesRequest, set_variables),
    "ResolveIncident": Unary(pb.ResolveIncidentRequest, resolve_incident),
    "PublishMessage": Unary(pb.PublishMessageRequest, publish),
    "BroadcastSignal": Unary(pb.BroadcastSignalRequest, broadcast),
}
