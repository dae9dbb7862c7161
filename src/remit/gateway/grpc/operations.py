"""Modification and migration of running instances; conditional start events."""

from __future__ import annotations

from remit.gateway.broker import Broker
from remit.gateway.documents import document
from remit.gateway.grpc.service import Call, Methods, Unary
from remit.protocol.commands import EvaluateConditional, MigrateInstance, ModifyInstance
from remit.protocol.replies import InstancesStarted
from remit.protocol.values import (
    NONE_KEY,
    ActivateInstruction,
    MappingInstruction,
    TerminateInstruction,
    VariableInstruction,
)
from remit.protocol.wire.stubs import gateway_pb2 as pb


async def modify(
    broker: Broker, request: pb.ModifyProcessInstanceRequest, call: Call
) -> pb.ModifyProcessInstanceResponse:
    command = ModifyInstance(
        request.processInstanceKey,
        tuple(_activation(each) for each in request.activateInstructions),
        tuple(
            TerminateInstruction(each.elementInstanceKey) for each in request.terminateInstructions
        ),
    )
    await broker.router.by_key(command.key, command, call.header)
    return pb.ModifyProcessInstanceResponse()


def _activation(
    instruction: pb.ModifyProcessInstanceRequest.ActivateInstruction,
) -> ActivateInstruction:
    ancestor = instruction.ancestorElementInstanceKey
    return ActivateInstruction(
        instruction.elementId,
        ancestor if ancestor > 0 else NONE_KEY,
        tuple(
            VariableInstruction(document(each.variables), each.scopeId)
            for each in instruction.variableInstructions
        ),
    )


async def evaluate_conditional(
    broker: Broker, request: pb.EvaluateConditionalRequest, call: Call
) -> pb.EvaluateConditionalResponse:
    key = request.processDefinitionKey
    command = EvaluateConditional(
        key if key > 0 else NONE_KEY,
        document(request.variables),
        broker.tenancy.one(request.tenantId),
    )
    reply = await broker.router.round_robin(command, call.header)
    assert isinstance(reply, InstancesStarted)
    return pb.EvaluateConditionalResponse(
        processInstances=[
            pb.ProcessInstanceReference(
                processDefinitionKey=definition, processInstanceKey=instance
            )
            for definition, instance in reply.instances
        ]
    )


async def migrate(
    broker: Broker, request: pb.MigrateProcessInstanceRequest, call: Call
) -> pb.MigrateProcessInstanceResponse:
    plan = request.migrationPlan
    command = MigrateInstance(
        request.processInstanceKey,
        plan.targetProcessDefinitionKey,
        tuple(
            MappingInstruction(each.sourceElementId, each.targetElementId)
            for each in plan.mappingInstructions
        ),
    )
    await broker.router.by_key(command.key, command, call.header)
    return pb.MigrateProcessInstanceResponse()


METHODS: Methods = {
    "MigrateProcessInstance": Unary(pb.MigrateProcessInstanceRequest, migrate),
    "EvaluateConditional": Unary(pb.EvaluateConditionalRequest, evaluate_conditional),
    "ModifyProcessInstance": Unary(pb.ModifyProcessInstanceRequest, modify),
}
