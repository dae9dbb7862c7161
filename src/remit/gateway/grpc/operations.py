"""Operations on running instances: modification."""

from __future__ import annotations

from remit.gateway.broker import Broker
from remit.gateway.documents import document
from remit.gateway.grpc.service import Call, Methods, Unary
from remit.protocol.commands import ModifyInstance
from remit.protocol.values import (
    NONE_KEY,
    ActivateInstruction,
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


METHODS: Methods = {
    "ModifyProcessInstance": Unary(pb.ModifyProcessInstanceRequest, modify),
}
