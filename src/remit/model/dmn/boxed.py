"""Reading boxed expressions: one function per XML element, found in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from lxml import etree

from remit.model import xml
from remit.model.dmn import graph
from remit.model.dmn.graph import Aggregation, HitPolicy, Logic, Text, Variable
from remit.model.finding import Finding

Element = etree._Element
Choice = TypeVar("Choice", HitPolicy, Aggregation)


@dataclass(slots=True)
class Source:
    """The file that is being read: its namespace, and what was found wrong so far."""

    tag: str
    findings: list[Finding] = field(default_factory=list)

    def children(self, element: Element, name: str) -> Iterator[Element]:
        return element.iterchildren(self.tag + name)

    def child(self, element: Element, name: str) -> Element | None:
        return element.find(self.tag + name)

    def fault(self, element: Element, rule: str, message: str, fix: str) -> None:
        """Note an error at an element, or at the nearest one around it that has an id."""
        holder: Element | None = element
        while holder is not None and not holder.get("id"):
            holder = holder.getparent()
        named = element if holder is None else holder
        self.findings.append(
            Finding(
                named.get("id", ""), xml.attribute(named, "name"), xml.line(element),
                rule, message, fix,
            )
        )  # fmt: skip


def text_of(source: Source, element: Element) -> str:
    holder = source.child(element, "text")
    return "" if holder is None else holder.text or ""


def read_text(source: Source, element: Element, type_: str = "") -> Text:
    return Text(
        element.get("id", ""),
        text_of(source, element),
        xml.line(element),
        element.get("typeRef", "") or type_,
        element.get("expressionLanguage", ""),
    )


def optional_text(source: Source, element: Element, name: str) -> Text | None:
    found = source.child(element, name)
    return None if found is None else read_text(source, found)


def read_variable(element: Element | None, name: str = "", line: int = 0) -> Variable:
    """A `variable`, `formalParameter`, `parameter` or `column`; `name` when it has none."""
    if element is None:
        return Variable(name, "", line)
    return Variable(element.get("name") or name, element.get("typeRef", ""), xml.line(element))


def first_logic(source: Source, element: Element | None) -> Logic | None:
    """The boxed expression among an element's children."""
    return next(all_logic(source, element), None) if element is not None else None


def all_logic(source: Source, element: Element) -> Iterator[Logic]:
    for child in element:
        if isinstance(child.tag, str) and child.tag.startswith(source.tag):
            read = _READERS.get(xml.local_name(child))
            if read is not None:
                yield read(source, child)


def _head(element: Element) -> tuple[str, int, str]:
    return element.get("id", ""), xml.line(element), element.get("typeRef", "")


def _literal(source: Source, element: Element) -> Logic:
    if source.child(element, "importedValues") is not None:
        source.fault(
            element, "imported-values", "imported values can't be read",
            "write the expression as text",
        )  # fmt: skip
    text, language = text_of(source, element), element.get("expressionLanguage", "")
    return graph.Literal(*_head(element), text, language)


def _table(source: Source, element: Element) -> Logic:
    inputs = tuple(_table_input(source, each) for each in source.children(element, "input"))
    outputs = tuple(_table_output(source, each) for each in source.children(element, "output"))
    rules = tuple(_rule(source, each) for each in source.children(element, "rule"))
    policy = _one_of(HitPolicy, source, element, "hitPolicy") or HitPolicy.UNIQUE
    aggregation = _one_of(Aggregation, source, element, "aggregation")
    return graph.Table(*_head(element), inputs, outputs, rules, policy, aggregation)


def _one_of(choices: type[Choice], source: Source, element: Element, name: str) -> Choice | None:
    value = element.get(name)
    if value is None:
        return None
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(choices)
        source.fault(element, "hit-policy", f"its {name} is '{value}'", f"use one of: {known}")
        return None


def _table_input(source: Source, element: Element) -> graph.TableInput:
    holder = source.child(element, "inputExpression")
    expression = Text("", "", xml.line(element)) if holder is None else read_text(source, holder)
    return graph.TableInput(
        element.get("id", ""),
        element.get("label", ""),
        xml.line(element),
        expression,
        optional_text(source, element, "inputValues"),
    )


def _table_output(source: Source, element: Element) -> graph.TableOutput:
    return graph.TableOutput(
        element.get("id", ""),
        element.get("name", ""),
        element.get("label", ""),
        xml.line(element),
        element.get("typeRef", ""),
        optional_text(source, element, "outputValues"),
        optional_text(source, element, "defaultOutputEntry"),
    )


def _rule(source: Source, element: Element) -> graph.Rule:
    tests = tuple(read_text(source, each) for each in source.children(element, "inputEntry"))
    outputs = tuple(read_text(source, each) for each in source.children(element, "outputEntry"))
    return graph.Rule(element.get("id", ""), xml.line(element), tests, outputs)


def _context(source: Source, element: Element) -> Logic:
    entries = []
    for each in source.children(element, "contextEntry"):
        holder = source.child(each, "variable")
        variable = None if holder is None else read_variable(holder)
        entries.append(graph.Entry(variable, first_logic(source, each), xml.line(each)))
    return graph.Context(*_head(element), tuple(entries))


def _invocation(source: Source, element: Element) -> Logic:
    bindings = tuple(
        graph.Binding(read_variable(source.child(each, "parameter")), first_logic(source, each))
        for each in source.children(element, "binding")
    )
    return graph.Invocation(*_head(element), first_logic(source, element), bindings)


def read_function(source: Source, element: Element) -> graph.FunctionDefinition:
    """`functionDefinition`, or the `encapsulatedLogic` of a knowledge model."""
    parameters = tuple(read_variable(each) for each in source.children(element, "formalParameter"))
    kind = element.get("kind", "FEEL")
    return graph.FunctionDefinition(*_head(element), kind, parameters, first_logic(source, element))


def _relation(source: Source, element: Element) -> Logic:
    columns = tuple(read_variable(each) for each in source.children(element, "column"))
    rows = tuple(tuple(all_logic(source, each)) for each in source.children(element, "row"))
    return graph.Relation(*_head(element), columns, rows)


def _list(source: Source, element: Element) -> Logic:
    return graph.BoxedList(*_head(element), tuple(all_logic(source, element)))


def _conditional(source: Source, element: Element) -> Logic:
    parts = (first_logic(source, source.child(element, name)) for name in ("if", "then", "else"))
    return graph.Conditional(*_head(element), *parts)


def _filter(source: Source, element: Element) -> Logic:
    parts = (first_logic(source, source.child(element, name)) for name in ("in", "match"))
    return graph.Filter(*_head(element), *parts)


def _for(source: Source, element: Element) -> Logic:
    variable = element.get("iteratorVariable", "")
    parts = (first_logic(source, source.child(element, name)) for name in ("in", "return"))
    return graph.For(*_head(element), variable, *parts)


def _quantified(source: Source, element: Element) -> Logic:
    variable, quantifier = element.get("iteratorVariable", ""), xml.local_name(element)
    parts = (first_logic(source, source.child(element, name)) for name in ("in", "satisfies"))
    return graph.Quantified(*_head(element), quantifier, variable, *parts)


_READERS: dict[str, Callable[[Source, Element], Logic]] = {
    "literalExpression": _literal,
    "decisionTable": _table,
    "context": _context,
    "invocation": _invocation,
    "functionDefinition": read_function,
    "relation": _relation,
    "list": _list,
    "conditional": _conditional,
    "filter": _filter,
    "for": _for,
    "some": _quantified,
    "every": _quantified,
}
