"""Topology, status and the clock."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.gateway.broker import VERSION, Broker
from remit.gateway.rest.problems import problem
from remit.protocol.commands import PinClock, ResetClock
from remit.protocol.values import Header


class Pin(msgspec.Struct, forbid_unknown_fields=True):
    """`PUT /v2/clock`: epoch milliseconds."""

    timestamp: int


def routes(broker: Broker) -> list[Route]:
    async def topology(request: Request) -> Response:
        return _json(_topology(broker))

    async def status(request: Request) -> Response:
        return Response(status_code=204 if is_ready(broker) else 503)

    async def pin(request: Request) -> Response:
        try:
            wanted = msgspec.json.decode(await request.body(), type=Pin)
        except msgspec.DecodeError as fault:
            return problem(400, "Bad Request", str(fault), request.url.path)
        await broker.router.to_all(PinClock(wanted.timestamp), _header(broker, request))
        return Response(status_code=204)

    async def reset(request: Request) -> Response:
        await broker.router.to_all(ResetClock(), _header(broker, request))
        return Response(status_code=204)

    return [
        Route("/v2/topology", topology, methods=["GET"]),
        Route("/v2/status", status, methods=["GET"]),
        Route("/v2/clock", pin, methods=["PUT"]),
        Route("/v2/clock/reset", reset, methods=["POST"]),
    ]


def is_ready(broker: Broker) -> bool:
    statuses = [partition.status() for partition in broker.partitions]
    return all(status.leader and status.healthy for status in statuses)


def _topology(broker: Broker) -> dict[str, object]:
    partitions = [
        {
            "partitionId": status.id,
            "role": "leader" if status.leader else "inactive",
            "health": "healthy" if status.healthy else "unhealthy",
            "state": "active",
        }
        for status in (partition.status() for partition in broker.partitions)
    ]
    node = {
        "nodeId": 0,
        "brokerId": "0",
        "host": broker.host,
        "port": broker.port,
        "partitions": partitions,
        "version": VERSION,
    }
    return {
        "brokers": [node],
        "clusterId": broker.cluster_id or None,
        "clusterSize": 1,
        "partitionsCount": len(partitions),
        "replicationFactor": 1,
        "gatewayVersion": VERSION,
        "lastCompletedChangeId": "-1",
    }


def _header(broker: Broker, request: Request) -> Header:
    return broker.authenticate(dict(request.scope["headers"]))


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
