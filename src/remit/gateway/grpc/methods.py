"""All methods by their paths: the 22 of the gateway, and health."""

from __future__ import annotations

from typing import Any

from remit.gateway.broker import Broker
from remit.gateway.faults import Code, Status
from remit.gateway.grpc import decisions, instances, jobs, operations, resources
from remit.gateway.grpc.service import Call, Methods, Unary
from remit.protocol.wire.stubs import gateway_pb2 as pb

NOT_YET = {
    "MigrateProcessInstance": "migrating a process instance",
}
"""Methods whose engine part does not exist yet: they say so."""


class Bare:
    """A message that is a few bytes and needs no schema: the health service's."""

    def __init__(self, payload: bytes = b"") -> None:
        self.payload = payload

    @classmethod
    def FromString(cls, payload: bytes) -> Bare:  # noqa: N802  (the name that protobuf gives it)
        return cls(payload)

    def SerializeToString(self) -> bytes:  # noqa: N802
        return self.payload


_SERVING = Bare(b"\x08\x01")
_NOT_SERVING = Bare(b"\x08\x02")
_SERVICES = (b"", b"gateway_protocol.Gateway")


async def check_health(broker: Broker, request: Bare, call: Call) -> Bare:
    """grpc.health.v1: field 1 of the request is the service, of the answer the status."""
    service = request.payload[2:]
    if service not in _SERVICES:
        raise Status(Code.NOT_FOUND, f"there is no service {service.decode(errors='replace')!r}")
    led = all(partition.status().leader for partition in broker.partitions)
    return _SERVING if led else _NOT_SERVING


def _unimplemented(name: str, what: str) -> Unary:
    async def refuse(broker: Broker, request: Any, call: Call) -> Any:
        raise Status(Code.UNIMPLEMENTED, f"{name}: {what} is not supported yet")

    return Unary(getattr(pb, f"{name}Request"), refuse)


METHODS: Methods = {
    f"/gateway_protocol.Gateway/{name}": method
    for name, method in {
        **jobs.METHODS,
        **instances.METHODS,
        **resources.METHODS,
        **decisions.METHODS,
        **operations.METHODS,
        **{name: _unimplemented(name, what) for name, what in NOT_YET.items()},
    }.items()
} | {"/grpc.health.v1.Health/Check": Unary(Bare, check_health)}
