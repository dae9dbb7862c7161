"""DMN files: the file gets a version by its own id, each decision by the decision's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from remit import dmn
from remit.base.errors import InvalidArgument
from remit.engine import decisions
from remit.engine.resources.draft import Draft
from remit.engine.run import Run
from remit.protocol.events.decision import DecisionCreated, RequirementsCreated
from remit.protocol.replies import DeployedResource
from remit.protocol.values import DecisionDefinition, DecisionRequirements

TAG = b"d"

_Row = tuple[DecisionRequirements, list[DecisionDefinition]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


def drafts(run: Run, name: str, content: bytes, tenant: str, deployment: int) -> Iterator[Draft]:
    """One draft for the file; its decisions come with it. Refuses what can't be evaluated."""
    try:
        model = dmn.load(content)
    except dmn.DmnError as fault:
        raise InvalidArgument(f"'{name}': {fault}") from fault
    refused = model.refusal()
    if refused:
        raise InvalidArgument(f"'{name}':\n{refused}")
    if not model.decisions:
        raise InvalidArgument(f"'{name}': the file has no decision. Fix: add one.")
    row = DecisionRequirements(
        0, model.files[0].id, model.files[0].name, 0, name, hashlib.sha256(content).digest(),
        content, deployment, tenant,
    )  # fmt: skip
    return iter(
        [
            Draft(
                "decision requirements", row.requirements_id, name, lambda: _deploy(run, row, model)
            )
        ]
    )


def encode_row(run: Run, key: int) -> bytes:
    owned = [row for row in run.state.decisions.rows.values() if row.requirements_key == key]
    return TAG + _encode((run.state.requirements[key], owned))


def receive(run: Run, row: bytes) -> None:
    """A file from partition 1, with its decisions."""
    requirements, owned = _decode(row)
    if requirements.key in run.state.requirements:
        return
    run.emit(RequirementsCreated(requirements.key, requirements))
    for decision in owned:
        run.emit(DecisionCreated(decision.key, decision))


def _deploy(run: Run, row: DecisionRequirements, model: dmn.Model) -> list[DeployedResource]:
    versions = list(run.state.requirements.values_of((row.tenant, row.requirements_id)))
    before = max(versions, key=lambda each: each.version) if versions else None
    if before is not None and _is_same(before, row):
        owned = [d for d in run.state.decisions.rows.values() if d.requirements_key == before.key]
        return [_tell(before, is_duplicate=True), *(_tell_decision(d, before, True) for d in owned)]
    key = run.new_key()
    version = 1 if before is None else before.version + 1
    row = msgspec.structs.replace(row, key=key, version=version)
    run.emit(RequirementsCreated(key, row))
    told = [_tell(row, is_duplicate=False)]
    for node in model.decisions:
        earlier = decisions.latest(run, row.tenant, node.id)
        decision = DecisionDefinition(
            run.new_key(), node.id, node.name, 1 if earlier is None else earlier.version + 1, key,
            row.requirements_id, row.deployment, node.version_tag, row.tenant,
        )  # fmt: skip
        run.emit(DecisionCreated(decision.key, decision))
        told.append(_tell_decision(decision, row, False))
    return told


def _is_same(before: DecisionRequirements, row: DecisionRequirements) -> bool:
    return before.checksum == row.checksum and before.resource_name == row.resource_name


def _tell(row: DecisionRequirements, *, is_duplicate: bool) -> DeployedResource:
    return DeployedResource(
        "decisionRequirements", row.key, row.requirements_id, row.version, row.resource_name,
        row.name, tenant=row.tenant, is_duplicate=is_duplicate,
    )  # fmt: skip


def _tell_decision(
    row: DecisionDefinition, requirements: DecisionRequirements, is_duplicate: bool
) -> DeployedResource:
    return DeployedResource(
        "decision", row.key, row.decision_id, row.version, requirements.resource_name, row.name,
        row.requirements_id, row.requirements_key, row.tenant, is_duplicate,
    )  # fmt: skip
