"""What is wrong with a model, said so that a person can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Finding:
    """One reason to refuse a model, or to warn of it."""

    element_id: str
    element_name: str | None
    line: int
    rule: str
    message: str
    fix: str
    is_error: bool = True


def line_of(finding: Finding) -> str:
    """The finding as one sentence with its fix."""
    said = " ".join((finding.element_name or "").split())
    name = f" ('{said}')" if said else ""
    where = f", line {finding.line}" if finding.line else ""
    return (
        f"Element '{finding.element_id}'{name}{where}: {finding.message} [{finding.rule}]. "
        f"Fix: {finding.fix}."
    )
