"""What the modules of the elements read with: the file's references, expressions, and findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.notation import Notation
from remit.model.bpmn.rules import RULES
from remit.model.finding import Finding


@dataclass(slots=True)
class Reading:
    """One file while it is read.

    `roots` are messages, errors, signals, escalations and shared event definitions by id; `ids` all
    ids of nodes, flows and processes so far, over the whole file.
    """

    resource_name: str
    roots: dict[str, etree._Element] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notation: Notation = field(default_factory=Notation)
    ids: set[str] = field(default_factory=set)

    def find_fault(
        self, element: etree._Element, rule: str, message: str, fix: str, *, is_error: bool = True
    ) -> None:
        """Note one thing that is wrong; reading goes on."""
        assert rule in RULES, rule
        self.findings.append(
            Finding(
                xml.attribute(element, "id") or xml.local_name(element),
                xml.attribute(element, "name"),
                xml.line(element),
                rule,
                message,
                fix,
                is_error,
            )
        )

    def claim_id(self, element: etree._Element, given: str) -> bool:
        """Whether this id is still free; if not, or if it is missing, that is a finding."""
        if not given:
            self.find_fault(element, "id-required", "it has no id", "give it an id")
            return False
        if given in self.ids:
            self.find_fault(
                element,
                "id-unique",
                f"its id '{given}' occurs twice",
                "give each element its own id",
            )
            return False
        self.ids.add(given)
        return True

    def expression(self, element: etree._Element, text: str | None, what: str) -> feel.Expression:
        """A FEEL expression, with or without its `=`."""
        return self._compile(element, (text or "").strip().removeprefix("="), what)

    def optional(
        self, element: etree._Element, text: str | None, what: str
    ) -> feel.Expression | None:
        """A FEEL expression, or None where nothing is written."""
        return self.expression(element, text, what) if text and text.strip() else None

    def attribute(self, element: etree._Element, text: str | None, what: str) -> feel.Expression:
        """A text, or with `=` an expression."""
        if text is not None and text.startswith("="):
            return self._compile(element, text[1:], what)
        return feel.compile_attribute(text or "")

    def optional_attribute(
        self, element: etree._Element, text: str | None, what: str
    ) -> feel.Expression | None:
        """A text or an expression, or None where nothing is written."""
        return self.attribute(element, text, what) if text and text.strip() else None

    def _compile(self, element: etree._Element, text: str, what: str) -> feel.Expression:
        try:
            return feel.compile(text)
        except feel.FeelError as fault:
            self.find_fault(
                element, "feel", f"{what} is no FEEL expression: {fault}", "correct the expression"
            )
            return feel.compile("null")
