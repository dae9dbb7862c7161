"""The cluster: topology, status, licence, who is asking, and the clock."""

from __future__ import annotations

from typing import Any

from remit.gateway.broker import VERSION, Broker
from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import MAX_BODY_BYTES, Body, Call, Operation
from remit.gateway.tenancy import LONGEST_ID
from remit.identity.directory import Directory
from remit.protocol.commands import PinClock, ResetClock
from remit.protocol.values import DEFAULT_TENANT


class Pin(Body):
    """Epoch milliseconds."""

    timestamp: int


def is_ready(broker: Broker) -> bool:
    statuses = [partition.status() for partition in broker.partitions]
    return all(status.leader and status.healthy for status in statuses)


async def topology(call: Call, body: None) -> dict[str, Any]:
    broker = call.broker
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
        "nodeId": 0, "brokerId": "0", "host": broker.host, "port": broker.port,
        "partitions": partitions, "version": VERSION,
    }  # fmt: skip
    return {
        "brokers": [node],
        "clusterId": broker.cluster_id or None,
        "clusterSize": 1,
        "partitionsCount": len(partitions),
        "replicationFactor": 1,
        "gatewayVersion": VERSION,
        "lastCompletedChangeId": "-1",
    }


async def status(call: Call, body: None) -> None:
    if not is_ready(call.broker):
        raise Status(Code.UNAVAILABLE, "not every partition is ready")


async def license_of(call: Call, body: None) -> dict[str, Any]:
    """There is none to buy."""
    return {"validLicense": True, "licenseType": "none", "isCommercial": False, "expiresAt": None}


NAMELESS = "anonymous"
"""What clients read where nobody has a name: they take no empty one."""


async def me(call: Call, body: None) -> dict[str, Any]:
    """Who is asking, with the groups, roles and tenants that apply."""
    directory, name = call.broker.directory, call.header.actor.id or NAMELESS
    who, user = directory.principal(call.header.actor), directory.user(name)
    components = who.ids("COMPONENT", "ACCESS")
    return {
        "username": name, "displayName": user.name if user and user.name else name,
        "email": user.email or None if user else None,
        "authorizedComponents": ["*"] if components is None else sorted(components),
        "tenants": [each for each in _tenants(directory) if who.sees(each["tenantId"])],
        "groups": who.circles("GROUP"), "roles": who.circles("ROLE"),
        "salesPlanType": None, "c8Links": {}, "canLogout": False,
    }  # fmt: skip


def _tenants(directory: Directory) -> list[dict[str, Any]]:
    named = [
        {"tenantId": each.id, "name": each.name, "description": each.description or None}
        for each in directory.snapshot.circles
        if each.kind == "TENANT" and directory.access.tenants
    ]
    default = {"tenantId": DEFAULT_TENANT, "name": "Default", "description": "Default tenant"}
    return [default, *named]


UNLIMITED = 2**31 - 1
"""The largest number that all clients can read."""


async def configuration(call: Call, body: None) -> dict[str, Any]:
    """What applications ask before they show anything; names of workers may have any length."""
    return {
        "jobMetrics": {
            "enabled": call.broker.history is not None, "exportInterval": "PT1M",
            "maxWorkerNameLength": MAX_BODY_BYTES, "maxJobTypeLength": MAX_BODY_BYTES,
            "maxTenantIdLength": LONGEST_ID, "maxUniqueKeys": UNLIMITED,
        },
        "components": {"active": ["operate", "tasklist"]},
        "deployment": {
            "isMultiTenancyEnabled": call.broker.tenancy.is_on,
            "isEnterprise": False,
            "maxRequestSize": MAX_BODY_BYTES,
        },
        "authentication": {"canLogout": False, "isLoginDelegated": False},
        "cloud": {"organizationId": None, "clusterId": None, "stage": None, "mixpanelToken": None,
                  "mixpanelAPIHost": None},
    }  # fmt: skip


async def pin(call: Call, body: Pin) -> None:
    await call.broker.router.to_all(PinClock(body.timestamp), call.header)


async def reset(call: Call, body: None) -> None:
    await call.broker.router.to_all(ResetClock(), call.header)


OPERATIONS = (
    Operation("GET", "/topology", "getTopology", topology, answer=dict),
    Operation("GET", "/status", "getStatus", status, success=204),
    Operation("GET", "/license", "getLicense", license_of, answer=dict),
    Operation("GET", "/authentication/me", "getAuthentication", me, answer=dict),
    Operation("GET", "/system/configuration", "getSystemConfiguration", configuration, answer=dict),
    Operation("PUT", "/clock", "pinClock", pin, request=Pin, success=204),
    Operation("POST", "/clock/reset", "resetClock", reset, success=204),
)
