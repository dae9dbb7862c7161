"""Reading a DMN file: definitions, types and the requirements graph."""

from __future__ import annotations

from lxml import etree

from remit.model import xml
from remit.model.dmn import graph
from remit.model.dmn.boxed import (
    Element,
    Source,
    first_logic,
    optional_text,
    read_function,
    read_variable,
)
from remit.model.dmn.graph import Definitions, ItemDefinition, Reference, Variable
from remit.model.dmn.versions import READ, REFUSED, ZEEBE
from remit.model.errors import Unreadable
from remit.model.finding import Finding


def read(content: bytes, source: str = "") -> Definitions:
    """The file as structs. `source` is its name, for messages.

    A file that can't be read at all gives empty definitions with one finding.
    """
    try:
        root = xml.parse(content, shallower="name inner expressions as context entries")
        version = _version(root)
    except Unreadable as fault:
        return _unreadable(source, fault)
    return _definitions(root, version, source)


def _version(root: Element) -> str:
    name, namespace = xml.local_name(root), etree.QName(root).namespace or ""
    version = READ.get(namespace)
    if version is not None and name == "definitions":
        return version
    known = ", ".join(READ.values())
    if namespace in REFUSED:
        said = f"it is DMN {REFUSED[namespace]}"
    else:
        said = f"its root element is '{name}' of namespace '{namespace}'"
    raise Unreadable(
        xml.line(root), f"{said}, not the 'definitions' of DMN {known}", "export it as DMN 1.3"
    )


def _unreadable(source: str, fault: Unreadable) -> Definitions:
    finding = Finding(source or "file", None, fault.line, "file", str(fault), fault.fix)
    return Definitions(source, "", "", "", "", "", (), (), (), (), (), (), {}, (finding,))


def _definitions(root: Element, version: str, name: str) -> Definitions:
    source = Source(f"{{{etree.QName(root).namespace}}}")
    namespace = root.get("namespace", "")
    reader = _Reader(source, namespace)
    decisions = tuple(map(reader.decision, _elements(source, root, "decision")))
    knowledge = tuple(map(reader.knowledge, _elements(source, root, "businessKnowledgeModel")))
    services = tuple(map(reader.service, _elements(source, root, "decisionService")))
    inputs = tuple(map(reader.input_data, _elements(source, root, "inputData")))
    return Definitions(
        source=name,
        id=root.get("id", ""),
        name=root.get("name", ""),
        namespace=namespace,
        version=version,
        language=root.get("expressionLanguage", ""),
        imports=tuple(_import(each) for each in source.children(root, "import")),
        types=tuple(
            reader.item_definition(each) for each in source.children(root, "itemDefinition")
        ),
        inputs=inputs,
        decisions=decisions,
        knowledge=knowledge,
        services=services,
        prefixes={prefix: uri for prefix, uri in root.nsmap.items() if prefix},
        findings=tuple(source.findings),
    )


def _elements(source: Source, root: Element, name: str) -> list[Element]:
    return list(source.children(root, name))


def _import(element: Element) -> graph.Import:
    return graph.Import(
        element.get("name", ""),
        element.get("namespace", ""),
        element.get("importType", ""),
        xml.line(element),
    )


class _Reader:
    """Reads the elements of one file, all of one namespace."""

    def __init__(self, source: Source, namespace: str) -> None:
        self._source = source
        self._namespace = namespace

    def head(self, element: Element) -> tuple[str, str, int, Variable]:
        """Id, name, line and variable. An element without an id has its name for one."""
        name, line = element.get("name", ""), xml.line(element)
        id_ = element.get("id") or name
        variable = read_variable(self._source.child(element, "variable"), name, line)
        return id_, name or id_, line, variable

    def references(self, element: Element, holder: str, name: str) -> tuple[Reference, ...]:
        """The hrefs of `holder/name`, or of `name` itself when `holder` is empty."""
        holders = self._source.children(element, holder) if holder else (element,)
        return tuple(
            self.reference(each) for outer in holders for each in self._source.children(outer, name)
        )

    def reference(self, element: Element) -> Reference:
        namespace, _, id_ = element.get("href", "").rpartition("#")
        return Reference(namespace or self._namespace, id_, xml.line(element))

    def input_data(self, element: Element) -> graph.InputData:
        return graph.InputData(*self.head(element))

    def decision(self, element: Element) -> graph.Decision:
        return graph.Decision(
            *self.head(element),
            self.references(element, "informationRequirement", "requiredInput"),
            self.references(element, "informationRequirement", "requiredDecision"),
            self.references(element, "knowledgeRequirement", "requiredKnowledge"),
            first_logic(self._source, element),
            self.version_tag(element),
        )

    def version_tag(self, element: Element) -> str:
        holder = self._source.child(element, "extensionElements")
        tag = None if holder is None else holder.find(f"{{{ZEEBE}}}versionTag")
        return "" if tag is None else tag.get("value", "")

    def knowledge(self, element: Element) -> graph.KnowledgeModel:
        holder = self._source.child(element, "encapsulatedLogic")
        return graph.KnowledgeModel(
            *self.head(element),
            self.references(element, "knowledgeRequirement", "requiredKnowledge"),
            None if holder is None else read_function(self._source, holder),
        )

    def service(self, element: Element) -> graph.Service:
        return graph.Service(
            *self.head(element),
            self.references(element, "", "outputDecision"),
            self.references(element, "", "encapsulatedDecision"),
            self.references(element, "", "inputDecision"),
            self.references(element, "", "inputData"),
        )

    def item_definition(self, element: Element) -> ItemDefinition:
        source = self._source
        type_ref = source.child(element, "typeRef")
        function = source.child(element, "functionItem")
        return ItemDefinition(
            id=element.get("id", ""),
            name=element.get("name", ""),
            line=xml.line(element),
            type=xml.text_of(type_ref) or "",
            components=tuple(
                self.item_definition(each) for each in source.children(element, "itemComponent")
            ),
            is_collection=xml.is_true(element, "isCollection"),
            allowed=optional_text(source, element, "allowedValues"),
            constraint=optional_text(source, element, "typeConstraint"),
            function=None if function is None else self.function_item(function),
        )

    def function_item(self, element: Element) -> graph.FunctionItem:
        parameters = tuple(
            read_variable(each) for each in self._source.children(element, "parameters")
        )
        return graph.FunctionItem(parameters, element.get("outputTypeRef", ""))
