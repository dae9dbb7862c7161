"""The sentence that a client gets for a model that is refused: every finding, one to a line."""

from __future__ import annotations

from remit.model.bpmn.graph import Definitions, Finding


def refusal(definitions: Definitions, resource_name: str) -> str:
    """Everything that is wrong, or an empty text."""
    errors = [finding for finding in definitions.findings if finding.is_error]
    if not errors:
        return ""
    lines = "\n".join(f"- {line_of(finding)}" for finding in errors)
    return f"'{resource_name}':\n{lines}"


def line_of(finding: Finding) -> str:
    name = f" ('{finding.element_name}')" if finding.element_name else ""
    where = f", line {finding.line}" if finding.line else ""
    return (
        f"Element '{finding.element_id}'{name}{where}: {finding.message} [{finding.rule}]. "
        f"Fix: {finding.fix}."
    )
