"""The sentence that a client gets for a model that is refused: every finding, one to a line."""

from __future__ import annotations

from remit.model.bpmn import limits
from remit.model.bpmn.graph import Definitions
from remit.model.finding import line_of


def refusal(definitions: Definitions, resource_name: str) -> str:
    """Everything that is wrong, or an empty text."""
    errors = [finding for finding in definitions.findings if finding.is_error]
    if not errors:
        return ""
    lines = [f"- {_shortened(line_of(finding))}" for finding in errors[: limits.MAX_FINDINGS]]
    if len(errors) > limits.MAX_FINDINGS:
        lines.append(f"- and {len(errors) - limits.MAX_FINDINGS} more")
    return "\n".join((f"'{resource_name}':", *lines))


def _shortened(line: str) -> str:
    """An id or an expression may be megabytes long; beginning and end of a line say enough.

    >>> len(_shortened("x" * 5000)) <= limits.MAX_LINE
    True
    """
    if len(line) <= limits.MAX_LINE:
        return line
    half = limits.MAX_LINE // 2 - 2
    return f"{line[:half]} … {line[-half:]}"
