"""The gateway as one ASGI application: gRPC by its content type, everything else is REST.

`Gateway.rest` is the half of it that a port needs which speaks HTTP/1.1 alone.
"""

from __future__ import annotations

from remit.gateway.broker import Broker
from remit.gateway.grpc.framing import Receive, Scope, Send
from remit.gateway.grpc.methods import METHODS
from remit.gateway.grpc.service import GrpcService
from remit.gateway.rest.app import rest_app


class Gateway:
    def __init__(self, broker: Broker) -> None:
        self._grpc = GrpcService(broker, METHODS)
        self.rest = rest_app(broker)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name, value in scope["headers"]:
            if name == b"content-type" and value.startswith(b"application/grpc"):
                await self._grpc(scope, receive, send)
                return
        await self.rest(scope, receive, send)
