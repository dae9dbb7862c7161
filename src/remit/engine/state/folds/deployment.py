"""Definitions and their distribution to the other partitions."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from remit.engine.state.entities import Distribution
from remit.engine.state.state import State
from remit.protocol.events.deployment import (
    DeploymentCreated,
    DeploymentDistributed,
    DeploymentFullyDistributed,
    DistributionCompleted,
    ProcessCreated,
    ProcessDeleted,
    ResourceDeleted,
    ResourceDeleting,
)


def process_created(state: State, event: ProcessCreated) -> None:
    state.processes.put(event.key, event.definition)


def process_deleted(state: State, event: ProcessDeleted) -> None:
    state.processes.put(event.key, replace(state.processes[event.key], is_deleted=True))


def created(state: State, event: DeploymentCreated) -> None:
    if event.waiting:
        state.distributions.put(event.key, Distribution(event.key, event.waiting))


def distribution_completed(state: State, event: DistributionCompleted) -> None:
    row = state.distributions[event.key]
    waiting = tuple(each for each in row.waiting if each != event.partition)
    state.distributions.put(event.key, replace(row, waiting=waiting))


def fully_distributed(state: State, event: DeploymentFullyDistributed) -> None:
    state.distributions.delete(event.key)


def noted(state: State, event: DeploymentDistributed | ResourceDeleting | ResourceDeleted) -> None:
    """Says that it happened; the definitions are events of their own."""


FOLDS: dict[Any, Any] = {
    ProcessCreated: process_created,
    ProcessDeleted: process_deleted,
    DeploymentCreated: created,
    DistributionCompleted: distribution_completed,
    DeploymentFullyDistributed: fully_distributed,
    DeploymentDistributed: noted,
    ResourceDeleting: noted,
    ResourceDeleted: noted,
}
