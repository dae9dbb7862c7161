"""The REST application: one module per family of resources; what tools ask beside it."""

from __future__ import annotations

from starlette.applications import Starlette

from remit.gateway.broker import Broker
from remit.gateway.rest import (
    batches,
    cluster,
    decisions,
    deployments,
    identity,
    instances,
    jobs,
    messages,
    openapi,
    operations,
    policies,
    problems,
    searches,
    unserved,
    user_tasks,
)
from remit.gateway.rest.frame import Rest

SERVED = (
    *cluster.OPERATIONS,
    *deployments.OPERATIONS,
    *instances.OPERATIONS,
    *jobs.OPERATIONS,
    *messages.OPERATIONS,
    *user_tasks.OPERATIONS,
    *decisions.OPERATIONS,
    *searches.OPERATIONS,
    *identity.OPERATIONS,
    *policies.OPERATIONS,
    *batches.OPERATIONS,
)


def rest_app(broker: Broker) -> Rest:
    tools = Starlette(
        routes=operations.routes(broker),
        exception_handlers={
            404: problems.on_unknown_path,
            405: problems.on_wrong_method,
            Exception: problems.on_fault,
        },
    )
    every = (*SERVED, *unserved.operations(), *openapi.operations(SERVED))
    return Rest(broker, every, tools)
