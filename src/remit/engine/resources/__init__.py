"""What can be deployed: one module per kind of resource, found by the ending of its name."""

from __future__ import annotations

from collections.abc import Sequence

from remit.base.errors import InvalidArgument
from remit.engine.resources import bpmn
from remit.engine.resources.draft import Draft
from remit.engine.run import Run
from remit.protocol.commands import DeployResources
from remit.protocol.replies import DeployedResource

KINDS = {".bpmn": bpmn, ".bpmn20.xml": bpmn, ".xml": bpmn}

RECEIVERS = {bpmn.TAG: bpmn}
"""How the row of a definition that came from partition 1 is taken in, by the tag before it."""


def prepare(run: Run, command: DeployResources, deployment: int) -> list[Draft]:
    """Read and check every resource; raises one `InvalidArgument` with all that is wrong."""
    drafts: list[Draft] = []
    wrong: list[str] = []
    for name, content in command.resources:
        kind = next((KINDS[end] for end in KINDS if name.lower().endswith(end)), None)
        if kind is None:
            known = ", ".join(KINDS)
            wrong.append(f"'{name}': unknown resource type; a name ends in one of {known}")
            continue
        try:
            drafts.extend(kind.drafts(run, name, content, command.tenant, deployment))
        except InvalidArgument as fault:
            wrong.append(str(fault))
    wrong.extend(_doubles(drafts))
    if wrong:
        said = "\n".join(wrong)
        raise InvalidArgument(
            f"Expected to deploy new resources, but encountered the following errors:\n{said}"
        )
    return drafts


def encode_rows(run: Run, deployed: Sequence[DeployedResource]) -> tuple[bytes, ...]:
    """The rows of new definitions as they travel to the other partitions."""
    rows = []
    for each in deployed:
        if not each.is_duplicate:
            rows.append(bpmn.encode_row(run, each.key))
    return tuple(rows)


def receive(run: Run, rows: Sequence[bytes]) -> None:
    for row in rows:
        RECEIVERS[row[:1]].receive(run, row[1:])


def _doubles(drafts: list[Draft]) -> list[str]:
    """The same id twice in one deployment (rule 85)."""
    seen: dict[tuple[str, str], Draft] = {}
    wrong = []
    for draft in drafts:
        first = seen.setdefault((draft.kind, draft.id), draft)
        if first is not draft:
            wrong.append(
                f"Duplicated {draft.kind} id in resources '{first.resource_name}' and "
                f"'{draft.resource_name}': '{draft.id}'"
            )
    return wrong
