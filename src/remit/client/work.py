"""A job as the gate sees it, whatever protocol it came by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from remit.protocol.values import POLICY, POLICY_HEADER


class Step(Struct, frozen=True):
    """Where the instance stands, as the broker says it: the slope, who has the job, what it knew.

    `withheld` are facts that clauses ask about and that this worker may not read: variables, nothing
    else. A worker can't check that it was shown every hop; what it can check itself it does.
    """

    slope: list[Any]
    actor: str
    method: str
    domain: str
    facts: dict[str, Any]
    withheld: frozenset[Annotated[str, Meta(pattern="^var\\.")]] = frozenset()


class Work(Struct, frozen=True):
    """One job. Keys are as everywhere; `headers` and `variables` are those that came with it."""

    key: int
    type: str
    instance: int
    process: str
    version: int
    element: str
    tenant: str
    retries: int
    headers: Mapping[str, str]
    variables: Mapping[str, Any]

    @property
    def tokens(self) -> list[str]:
        """The blocks of the policy; none for a job without one.

        Raises `msgspec.DecodeError` for what is no list of blocks: a model may hold any header.
        """
        given = self.headers.get(POLICY_HEADER)
        if given:
            return msgspec.json.decode(given, type=list[str])
        return msgspec.convert(self.variables.get(POLICY) or [], list[str])


def of_rest(job: Mapping[str, Any]) -> Work:
    """A job of the Orchestration Cluster REST API."""
    return Work(
        int(job["jobKey"]), job["type"], int(job["processInstanceKey"]),
        job["processDefinitionId"], job["processDefinitionVersion"], job["elementId"],
        job["tenantId"], job["retries"], job["customHeaders"], job["variables"],
    )  # fmt: skip


def of_grpc(job: Any) -> Work:
    """A job of the gRPC protocol: an ActivatedJob message."""
    return Work(
        job.key, job.type, job.processInstanceKey, job.bpmnProcessId,
        job.processDefinitionVersion, job.elementId, job.tenantId, job.retries,
        json.loads(job.customHeaders or "{}"), json.loads(job.variables or "{}"),
    )  # fmt: skip


def of_pyzeebe(job: Any) -> Work:
    """A `pyzeebe.Job`."""
    return Work(
        job.key, job.type, job.process_instance_key, job.bpmn_process_id,
        job.process_definition_version, job.element_id, job.tenant_id or "<default>",
        job.retries, job.custom_headers, job.variables,
    )  # fmt: skip
