"""What can be permitted: the resource types of the public API, each with its permissions.

BREAK_GLASS is ours: to say of an operation that it is an emergency. What that allows is for the policy
of the instance to say.
"""

from __future__ import annotations

BREAK_GLASS = "BREAK_GLASS"

_ALL = ("CREATE", "READ", "UPDATE", "DELETE")

PERMISSIONS: dict[str, tuple[str, ...]] = {
    "AUDIT_LOG": ("READ",),
    "AUTHORIZATION": _ALL,
    "BATCH": (
        "CREATE",
        "CREATE_BATCH_OPERATION_CANCEL_PROCESS_INSTANCE",
        "CREATE_BATCH_OPERATION_DELETE_DECISION_DEFINITION",
        "CREATE_BATCH_OPERATION_DELETE_DECISION_INSTANCE",
        "CREATE_BATCH_OPERATION_DELETE_PROCESS_DEFINITION",
        "CREATE_BATCH_OPERATION_DELETE_PROCESS_INSTANCE",
        "CREATE_BATCH_OPERATION_MIGRATE_PROCESS_INSTANCE",
        "CREATE_BATCH_OPERATION_MODIFY_PROCESS_INSTANCE",
        "CREATE_BATCH_OPERATION_RESOLVE_INCIDENT",
        "READ",
        "UPDATE",
    ),
    "CLUSTER_VARIABLE": _ALL,
    "COMPONENT": ("ACCESS",),
    "DECISION_DEFINITION": (
        "CREATE_DECISION_INSTANCE",
        "DELETE_DECISION_INSTANCE",
        "READ_DECISION_DEFINITION",
        "READ_DECISION_INSTANCE",
    ),
    "DECISION_REQUIREMENTS_DEFINITION": ("READ",),
    "DOCUMENT": ("CREATE", "DELETE", "READ"),
    "EXPRESSION": ("EVALUATE",),
    "GLOBAL_LISTENER": (
        "CREATE_TASK_LISTENER",
        "DELETE_TASK_LISTENER",
        "READ_TASK_LISTENER",
        "UPDATE_TASK_LISTENER",
    ),
    "GROUP": _ALL,
    "MAPPING_RULE": _ALL,
    "MESSAGE": ("CREATE", "READ"),
    "PROCESS_DEFINITION": (
        BREAK_GLASS,
        "CANCEL_PROCESS_INSTANCE",
        "CLAIM_USER_TASK",
        "COMPLETE_USER_TASK",
        "CREATE_PROCESS_INSTANCE",
        "DELETE_PROCESS_INSTANCE",
        "MODIFY_PROCESS_INSTANCE",
        "READ_PROCESS_DEFINITION",
        "READ_PROCESS_INSTANCE",
        "READ_USER_TASK",
        "UPDATE_PROCESS_INSTANCE",
        "UPDATE_USER_TASK",
    ),
    "RESOURCE": (
        "CREATE",
        "DELETE_DRD",
        "DELETE_FORM",
        "DELETE_PROCESS",
        "DELETE_RESOURCE",
        "READ",
    ),
    "ROLE": _ALL,
    "SYSTEM": ("READ", "READ_JOB_METRIC", "READ_USAGE_METRIC", "UPDATE"),
    "TENANT": _ALL,
    "USER": _ALL,
    "USER_TASK": ("CLAIM", "COMPLETE", "READ", "UPDATE"),
}

OWNER_KINDS = ("USER", "CLIENT", "ROLE", "GROUP", "MAPPING_RULE")

MEMBER_KINDS: dict[str, tuple[str, ...]] = {
    "GROUP": ("USER", "CLIENT", "MAPPING_RULE"),
    "ROLE": ("USER", "CLIENT", "GROUP", "MAPPING_RULE"),
    "TENANT": ("USER", "CLIENT", "GROUP", "ROLE", "MAPPING_RULE"),
}
"""Who can be a member of what."""

TASK_PROPERTIES = ("assignee", "candidateUsers", "candidateGroups")
"""Properties of a user task that can name who may do something with it."""

ANY = "*"
