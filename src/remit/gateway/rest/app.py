"""The REST application: one module per family of resources, one shape of error."""

from __future__ import annotations

from starlette.applications import Starlette

from remit.gateway.broker import Broker
from remit.gateway.rest import cluster, operations, problems


def rest_app(broker: Broker) -> Starlette:
    return Starlette(
        routes=[*cluster.routes(broker), *operations.routes(broker)],
        exception_handlers={
            404: problems.on_unknown_path,
            405: problems.on_wrong_method,
            Exception: problems.on_fault,
        },
    )
