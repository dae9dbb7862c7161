"""Messages, published or correlated at once, and signals."""

from __future__ import annotations

from typing import Any

from remit.gateway.documents import bounded
from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import Answer, Body, Call, Key, Operation, key_of
from remit.protocol import commands as c
from remit.protocol.replies import (
    InstancesStarted,
    MessageCorrelated,
    MessagePublished,
    SignalBroadcast,
)
from remit.protocol.values import NONE_KEY


class Publication(Body):
    name: str
    correlation_key: str = ""
    time_to_live: int = 0
    message_id: str = ""
    variables: dict[str, Any] | None = None
    tenant_id: str | None = None
    business_id: str | None = None


class Correlation(Body):
    name: str
    correlation_key: str = ""
    variables: dict[str, Any] | None = None
    tenant_id: str | None = None
    business_id: str | None = None


class Signal(Body):
    signal_name: str
    variables: dict[str, Any] | None = None
    tenant_id: str | None = None


class Published(Answer):
    tenant_id: str
    message_key: str


class Correlated(Answer):
    tenant_id: str
    message_key: str
    process_instance_key: str


class Broadcast(Answer):
    tenant_id: str
    signal_key: str


async def publish(call: Call, body: Publication) -> Published:
    command = c.PublishMessage(
        body.name, body.correlation_key, body.time_to_live, body.message_id,
        bounded(body.variables or {}), call.broker.tenancy.one(body.tenant_id),
    )  # fmt: skip
    reply = await call.broker.router.by_correlation(body.correlation_key, command, call.header)
    assert isinstance(reply, MessagePublished)
    return Published(tenant_id=reply.tenant, message_key=str(reply.key))


async def correlate(call: Call, body: Correlation) -> Correlated:
    """To whoever waits for it now; 404 when nobody does."""
    command = c.CorrelateMessage(
        body.name,
        body.correlation_key,
        bounded(body.variables or {}),
        call.broker.tenancy.one(body.tenant_id),
    )
    reply = await call.broker.router.by_correlation(body.correlation_key, command, call.header)
    assert isinstance(reply, MessageCorrelated)
    return Correlated(
        tenant_id=reply.tenant,
        message_key=str(reply.key),
        process_instance_key=str(reply.instance),
    )


async def broadcast(call: Call, body: Signal) -> Broadcast:
    if not body.signal_name:
        raise Status(Code.INVALID_ARGUMENT, "No signalName provided.")
    command = c.BroadcastSignal(
        body.signal_name, bounded(body.variables or {}), call.broker.tenancy.one(body.tenant_id)
    )
    reply = await call.broker.router.round_robin(command, call.header)
    assert isinstance(reply, SignalBroadcast)
    return Broadcast(tenant_id=reply.tenant, signal_key=str(reply.key))


class Conditions(Body):
    variables: dict[str, Any]
    tenant_id: str | None = None
    process_definition_key: Key | None = None


class Started(Answer):
    conditional_evaluation_key: str
    tenant_id: str
    process_instances: list[dict[str, str]]


async def evaluate_conditions(call: Call, body: Conditions) -> Started:
    """Conditional start events: an instance for each that holds."""
    key = body.process_definition_key
    command = c.EvaluateConditional(
        NONE_KEY if key is None else key_of(key, "processDefinitionKey"),
        bounded(body.variables), call.broker.tenancy.one(body.tenant_id),
    )  # fmt: skip
    reply = await call.broker.router.round_robin(command, call.header)
    assert isinstance(reply, InstancesStarted)
    return Started(
        conditional_evaluation_key=str(reply.key),
        tenant_id=command.tenant,
        process_instances=[
            {"processDefinitionKey": str(definition), "processInstanceKey": str(instance)}
            for definition, instance in reply.instances
        ],
    )


OPERATIONS = (
    Operation(
        "POST", "/conditionals/evaluation", "evaluateConditionals", evaluate_conditions,
        request=Conditions, answer=Started,
    ),
    Operation(
        "POST", "/messages/publication", "publishMessage", publish,
        request=Publication, answer=Published,
    ),
    Operation(
        "POST", "/messages/correlation", "correlateMessage", correlate,
        request=Correlation, answer=Correlated,
    ),
    Operation(
        "POST", "/signals/broadcast", "broadcastSignal", broadcast, request=Signal, answer=Broadcast
    ),
)  # fmt: skip
