"""Deployments and process definitions."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.replies import DeployedResource
from remit.protocol.values import DEFAULT_TENANT, ProcessDefinition


@event("CREATED")
class ProcessCreated(Event, frozen=True, tag=number(ValueType.PROCESS, 0)):
    key: int
    definition: ProcessDefinition


@event("DELETED")
class ProcessDeleted(Event, frozen=True, tag=number(ValueType.PROCESS, 2)):
    key: int
    definition: ProcessDefinition


@event("CREATED")
class DeploymentCreated(Event, frozen=True, tag=number(ValueType.DEPLOYMENT, 1)):
    """`waiting`: the partitions that have yet to confirm."""

    key: int
    resources: tuple[DeployedResource, ...]
    tenant: str = DEFAULT_TENANT
    waiting: tuple[int, ...] = ()


@event("DISTRIBUTED")
class DeploymentDistributed(Event, frozen=True, tag=number(ValueType.DEPLOYMENT, 3)):
    """Seen from the receiving partition."""

    key: int


@event("FULLY_DISTRIBUTED")
class DeploymentFullyDistributed(Event, frozen=True, tag=number(ValueType.DEPLOYMENT, 4)):
    key: int


@event("COMPLETED")
class DistributionCompleted(Event, frozen=True, tag=number(ValueType.DEPLOYMENT_DISTRIBUTION, 1)):
    """`partition` has the deployment."""

    key: int
    partition: int


@event("DELETING")
class ResourceDeleting(Event, frozen=True, tag=number(ValueType.RESOURCE_DELETION, 1)):
    key: int
    resource: int


@event("DELETED")
class ResourceDeleted(Event, frozen=True, tag=number(ValueType.RESOURCE_DELETION, 2)):
    key: int
    resource: int
