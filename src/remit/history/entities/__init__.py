"""What can be searched, with the properties of the public API."""

from remit.history.entities.deployed import (
    DECISION_DEFINITIONS,
    DECISION_REQUIREMENTS,
    PROCESS_DEFINITIONS,
    RESOURCE_CONTENT,
    RESOURCES,
)
from remit.history.entities.instances import (
    ELEMENT_INSTANCES,
    KNOWN_TYPES,
    PROCESS_INSTANCES,
    TRUNCATED,
    VARIABLES,
)
from remit.history.entities.operations import AUDIT, BATCH_ITEMS, BATCH_OPERATIONS
from remit.history.entities.waiting import (
    CORRELATED_MESSAGES,
    MESSAGE_SUBSCRIPTIONS,
    WAIT_STATES,
)
from remit.history.entities.work import DECISION_INSTANCES, INCIDENTS, JOBS, USER_TASKS

__all__ = [
    "AUDIT",
    "BATCH_ITEMS",
    "BATCH_OPERATIONS",
    "CORRELATED_MESSAGES",
    "DECISION_DEFINITIONS",
    "DECISION_INSTANCES",
    "DECISION_REQUIREMENTS",
    "ELEMENT_INSTANCES",
    "INCIDENTS",
    "JOBS",
    "KNOWN_TYPES",
    "MESSAGE_SUBSCRIPTIONS",
    "PROCESS_DEFINITIONS",
    "PROCESS_INSTANCES",
    "RESOURCES",
    "RESOURCE_CONTENT",
    "TRUNCATED",
    "USER_TASKS",
    "VARIABLES",
    "WAIT_STATES",
]
