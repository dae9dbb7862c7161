"""What a partition answers. Every command gets exactly one of these, after its turn is durable."""

from __future__ import annotations

from msgspec import Struct

from remit.base.errors import RejectionType
from remit.protocol.values import (
    DEFAULT_TENANT,
    NONE_KEY,
    ActivatedJob,
    DecisionDefinition,
    Document,
)


class Reply(Struct, frozen=True, gc=False, array_like=True, tag=True, tag_field="reply"):
    """Base of all replies."""


class Rejected(Reply, frozen=True):
    """`command` is Zeebe's intent of the refused command, e.g. "COMPLETE"."""

    type: RejectionType
    command: str
    reason: str

    @property
    def text(self) -> str:
        """The sentence that clients and their tests know (reference 2.3)."""
        return f"Command '{self.command}' rejected with code '{self.type.value}': {self.reason}"


class Done(Reply, frozen=True):
    """Accepted, nothing to tell but the key that was made or touched."""

    key: int = -1


class PolicyShown(Reply, frozen=True):
    """The blocks that an instance carries, and its slope: its head, trust and low."""

    key: int
    tokens: tuple[str, ...]
    head: str
    trust: int
    low: int


class RevocationsShown(Reply, frozen=True):
    """The signed lists that are in force, one of each issuer that has given one."""

    lists: tuple[str, ...]


class DeployedResource(Struct, frozen=True, gc=False, array_like=True):
    """`kind` is "process", "decision", "decisionRequirements", "form" or "resource"."""

    kind: str
    key: int
    id: str
    version: int
    resource_name: str = ""
    name: str = ""
    requirements_id: str = ""
    requirements_key: int = -1
    tenant: str = DEFAULT_TENANT
    is_duplicate: bool = False


class Deployed(Reply, frozen=True):
    key: int
    resources: tuple[DeployedResource, ...]
    tenant: str = DEFAULT_TENANT


class InstanceCreated(Reply, frozen=True):
    definition: int
    process_id: str
    version: int
    key: int
    tenant: str = DEFAULT_TENANT
    tags: tuple[str, ...] = ()
    business_id: str = ""


class InstanceCompleted(Reply, frozen=True):
    """The late answer to a creation that awaits its result."""

    created: InstanceCreated
    variables: Document


class JobsActivated(Reply, frozen=True):
    """`truncated`: more jobs wait than fitted into one answer."""

    jobs: tuple[ActivatedJob, ...]
    truncated: bool = False


class MessagePublished(Reply, frozen=True):
    key: int
    tenant: str = DEFAULT_TENANT


class MessageCorrelated(Reply, frozen=True):
    """`instance` is the first that has got it."""

    key: int
    instance: int
    tenant: str = DEFAULT_TENANT


class InstancesStarted(Reply, frozen=True):
    """(definition, instance) of each; `key` is that of the evaluation."""

    instances: tuple[tuple[int, int], ...]
    key: int = NONE_KEY


class SignalBroadcast(Reply, frozen=True):
    key: int
    tenant: str = DEFAULT_TENANT


class DecisionEvaluated(Reply, frozen=True):
    """`evaluation` as `remit.engine.decisions` describes it; `key` is that of the evaluation."""

    key: int
    decision: DecisionDefinition
    requirements_version: int
    evaluation: Document
