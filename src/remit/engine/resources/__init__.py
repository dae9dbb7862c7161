"""What can be deployed: one module per kind of resource, found by the ending of its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from remit.base.errors import InvalidArgument
from remit.engine.resources import bpmn, dmn, form
from remit.engine.resources.draft import Draft
from remit.engine.run import Run
from remit.protocol.commands import DeployResources
from remit.protocol.replies import DeployedResource


class Kind(Protocol):
    """What a module of a kind of resource offers."""

    TAG: bytes

    def drafts(
        self, run: Run, name: str, content: bytes, tenant: str, deployment: int, /
    ) -> Iterator[Draft]: ...

    def encode_row(self, run: Run, key: int, /) -> bytes: ...

    def receive(self, run: Run, row: bytes, /) -> None: ...


KINDS: dict[str, Kind] = {
    ".bpmn": bpmn,
    ".dmn": dmn,
    ".bpmn20.xml": bpmn,
    ".xml": bpmn,
    ".form": form,
}

ENCODERS: dict[str, Kind] = {"process": bpmn, "decisionRequirements": dmn, "form": form}
"""Whose rows travel to the other partitions; decisions go with their file."""

RECEIVERS: dict[bytes, Kind] = {bpmn.TAG: bpmn, dmn.TAG: dmn, form.TAG: form}
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
        if not each.is_duplicate and each.kind in ENCODERS:
            rows.append(ENCODERS[each.kind].encode_row(run, each.key))
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
