"""From files to nodes: imports are linked, types resolved, requirements found, logic compiled.

Nothing here raises for what is wrong in a model: it leaves findings with the element it is in, and
that decision is broken, the others are served.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from remit.dmn.boxed import Compiler, function_maker
from remit.dmn.compile_table import compile_table
from remit.dmn.nodes import (
    DecisionNode,
    InputNode,
    Key,
    KnowledgeNode,
    Node,
    Required,
    ServiceNode,
    find_circles,
    in_order,
)
from remit.dmn.place import Dialect, Place, Scope
from remit.dmn.types import Declared, Fit, Types, fitting
from remit.feel.evaluation import Evaluation
from remit.feel.types import FunctionType
from remit.model.dmn import graph as g
from remit.model.dmn.graph import Definitions, Reference
from remit.model.finding import Finding

_KINDS: dict[type[g.Logic], str] = {
    g.Table: "DECISION_TABLE",
    g.Literal: "LITERAL_EXPRESSION",
    g.Context: "CONTEXT",
    g.Invocation: "INVOCATION",
    g.BoxedList: "LIST",
    g.Relation: "RELATION",
    g.FunctionDefinition: "FUNCTION_DEFINITION",
    g.Conditional: "CONDITIONAL",
    g.Filter: "FILTER",
    g.For: "FOR",
    g.Quantified: "QUANTIFIED",
}
"""Zeebe's words, as far as Zeebe has one."""

_Node = TypeVar("_Node", bound=Node)


class Library:
    """All files of one model. The first file is the one that is asked; others are imported."""

    def __init__(self, files: Sequence[Definitions], dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        self.findings: list[Finding] = []
        self.nodes: dict[Key, Node] = {}
        self.units = [Unit(self, definitions) for definitions in files]
        for definitions in files:
            self.findings.extend(definitions.findings)
        for unit in self.units:
            unit.declare()
        for unit in self.units:
            unit.compile()
        find_circles(self.nodes.values())
        for unit in self.units:
            unit.connect_services()

    def unit(self, namespace: str) -> Unit | None:
        """The file with a namespace."""
        return next((each for each in self.units if each.namespace == namespace), None)

    def order_of_service(self, node: ServiceNode) -> Sequence[DecisionNode]:
        """What a service evaluates, its input decisions left out."""
        return in_order(node.outputs, {each.key for each in node.parameters})


class Unit:
    """One file of the library."""

    def __init__(self, library: Library, definitions: Definitions) -> None:
        self._library = library
        self._definitions = definitions
        self.namespace = definitions.namespace
        self.types = Types(definitions, self._type_place(), self._elsewhere)
        self._compiler = Compiler(self.types)
        self._type_names: dict[str, object] | None = None
        self._members: frozenset[str] | None = None

    # --- names and types ---------------------------------------------------------------------------

    def _elsewhere(self, reference: str) -> Declared | None:
        """The type of an imported file: `import.type`, or its plain name without an import name."""
        for each in self._definitions.imports:
            unit = self._library.unit(each.namespace)
            if unit is None or unit is self:
                continue
            if not each.name:
                found = unit.types.find(reference)
            elif reference.startswith(f"{each.name}."):
                found = unit.types.find(reference[len(each.name) + 1 :])
            else:
                continue
            if found is not None:
                return found
        return None

    def _type_place(self) -> Place:
        """Where the constraints of types stand: no names are in sight but `?`."""
        definitions = self._definitions
        return Place(
            self._library.dialect, (definitions.id, definitions.name, 0), frozenset(), frozenset(),
            {}, definitions.language, self._library.findings,
        )  # fmt: skip

    def place_of(self, node: Node, required: Iterable[Required]) -> Place:
        """Where the logic of a node stands: what it requires is in sight."""
        names = {each.prefix or name for each in required for name in each.names}
        return Place(
            self._library.dialect,
            (node.id, node.name, node.line),
            frozenset(names),
            self.members,
            self.type_names,
            self._definitions.language,
            node.findings,
        )

    @property
    def type_names(self) -> dict[str, object]:
        """What `instance of` may name, imported types with their prefix."""
        if self._type_names is None:
            found: dict[str, object] = dict(self.types.by_name())
            for each in self._definitions.imports:
                unit = self._library.unit(each.namespace)
                if unit is not None and unit is not self:
                    prefix = f"{each.name}." if each.name else ""
                    for name, type_ in unit.types.by_name().items():
                        found.setdefault(f"{prefix}{name}", type_)
            self._type_names = found
        return self._type_names

    @property
    def members(self) -> frozenset[str]:
        """All names that may stand after a dot: components, entries, outputs, imported elements."""
        if self._members is None:
            units = [self._library.unit(each.namespace) for each in self._definitions.imports]
            found = set(_own_members(self._definitions))
            for unit in units:
                if unit is not None and unit is not self:
                    found.update(_own_members(unit._definitions), _elements(unit._definitions))
            self._members = frozenset(found)
        return self._members

    # --- nodes -------------------------------------------------------------------------------------

    def declare(self) -> None:
        """Enter the nodes, without their logic."""
        definitions = self._definitions
        for data in definitions.inputs:
            self._enter(InputNode((self.namespace, data.id), data.name, data.line, _name(data)))
        for decision in definitions.decisions:
            node = DecisionNode(
                (self.namespace, decision.id), decision.name, decision.line, _name(decision)
            )
            node.version_tag = decision.version_tag
            self._enter(node)
        for model in definitions.knowledge:
            self._enter(
                KnowledgeNode((self.namespace, model.id), model.name, model.line, _name(model))
            )
        for service in definitions.services:
            self._enter(
                ServiceNode(
                    (self.namespace, service.id), service.name, service.line, _name(service)
                )
            )

    def _enter(self, node: Node) -> None:
        if node.key in self._library.nodes:
            self._library.findings.append(
                Finding(
                    node.id, node.name, node.line, "id", f"the id '{node.id}' is used twice",
                    "give every element an id of its own",
                )
            )  # fmt: skip
            return
        self._library.nodes[node.key] = node

    def compile(self) -> None:
        definitions = self._definitions
        for each in definitions.imports:
            if self._library.unit(each.namespace) is None and "DMN" in each.kind:
                self._library.findings.append(
                    Finding(
                        definitions.id, each.name, each.line, "import",
                        f"nothing with the namespace '{each.namespace}' was given",
                        "load the imported file with this one", is_error=False,
                    )
                )  # fmt: skip
        for data in definitions.inputs:
            node = self._node(data.id, InputNode)
            place = self.place_of(node, ())
            node.fit = self._fit(data.variable, place)
        for model in definitions.knowledge:
            self._compile_knowledge(model)
        for service in definitions.services:
            self._compile_service(service)
        for decision in definitions.decisions:
            self._compile_decision(decision)

    def _node(self, id_: str, kind: type[_Node]) -> _Node:
        node = self._library.nodes[self.namespace, id_]
        return node if isinstance(node, kind) else kind((self.namespace, id_), id_, 0, id_)

    def _fit(self, variable: g.Variable, place: Place) -> Fit | None:
        return fitting(self._compiler.declared(variable.type, place, variable.line))

    def _required(
        self, references: Iterable[Reference], node: Node, *kinds: type[Node]
    ) -> Iterator[Required]:
        """The nodes that are referred to; what can't be found is a finding of the node."""
        for reference in references:
            found = self._library.nodes.get((reference.namespace, reference.id))
            if found is None or not isinstance(found, kinds):
                node.findings.append(
                    Finding(
                        node.id, node.name, reference.line, "reference",
                        f"it requires '{reference.id}', which is not there",
                        "remove the requirement, or load the file that has it",
                    )
                )  # fmt: skip
                continue
            yield Required(self._prefix(reference.namespace), self._names_of(found), found)

    def _prefix(self, namespace: str) -> str:
        if namespace == self.namespace:
            return ""
        imports = (each for each in self._definitions.imports if each.namespace == namespace)
        return next((each.name for each in imports), "")

    def _names_of(self, node: Node) -> tuple[str, ...]:
        """Its variable; in Zeebe's dialect a decision's id and name, too."""
        if self._library.dialect == "dmn" or not isinstance(node, DecisionNode):
            return (node.variable,)
        return tuple(dict.fromkeys((node.name, node.id, node.variable)))

    def _compile_decision(self, decision: g.Decision) -> None:
        node = self._node(decision.id, DecisionNode)
        references = (*decision.required_inputs, *decision.required_decisions)
        node.values = tuple(self._required(references, node, InputNode, DecisionNode))
        node.functions = tuple(
            self._required(decision.required_knowledge, node, KnowledgeNode, ServiceNode)
        )
        place = self.place_of(node, (*node.values, *node.functions))
        node.fit = self._fit(decision.variable, place)
        logic = decision.logic
        if logic is None:
            return
        node.kind = _KINDS.get(type(logic), "UNKNOWN")
        if isinstance(logic, g.Table):
            node.table = compile_table(self.types, logic, place)
            code = self._compiler.fitted(_given_value, logic.type, place, logic.line)
            node.code = None if code is _given_value else code
        else:
            node.code = self._compiler.compile(logic, place)

    def _compile_knowledge(self, model: g.KnowledgeModel) -> None:
        node = self._node(model.id, KnowledgeNode)
        node.functions = tuple(
            self._required(model.required_knowledge, node, KnowledgeNode, ServiceNode)
        )
        place = self.place_of(node, node.functions).knowing(node.variable)
        if model.function is None:
            place.fault(
                node.id, node.line, "logic", "it has no encapsulated logic", "give it one",
                is_error=False,
            )  # fmt: skip
            return
        node.make = function_maker(self._compiler, model.function, place, node.name)
        node.fit = fitting(self._result_type(model.variable, place))

    def _result_type(self, variable: g.Variable, place: Place) -> Declared:
        """The type of a function's values: its variable may be declared as a function or as these."""
        declared = self._compiler.declared(variable.type, place, variable.line)
        if isinstance(declared.type, FunctionType):
            return Declared(declared.name, declared.type.result)
        return declared

    def _compile_service(self, service: g.Service) -> None:
        node = self._node(service.id, ServiceNode)
        given = self._required(service.input_data, node, InputNode)
        decisions = self._required(service.input_decisions, node, DecisionNode)
        parameters = (*given, *decisions)
        node.parameters = tuple(
            each.node for each in parameters if isinstance(each.node, InputNode | DecisionNode)
        )
        node.parameter_names = tuple(
            f"{each.prefix}.{each.node.variable}" if each.prefix else each.node.variable
            for each in parameters
        )
        outputs = self._required(service.output_decisions, node, DecisionNode)
        node.outputs = tuple(each.node for each in outputs if isinstance(each.node, DecisionNode))
        list(self._required(service.encapsulated_decisions, node, DecisionNode))
        place = self.place_of(node, ())
        node.fit = fitting(self._result_type(service.variable, place))

    def connect_services(self) -> None:
        """Find what each service evaluates; all decisions are compiled by now."""
        for service in self._definitions.services:
            node = self._node(service.id, ServiceNode)
            node.order = self._library.order_of_service(node)


def _given_value(scope: Scope, run: Evaluation) -> object:
    """Code that gives the value `?` back; what a table's own type is put around."""
    return scope["?"]


def _name(element: g.InputData | g.Decision | g.KnowledgeModel | g.Service) -> str:
    return element.variable.name or element.name


def _elements(definitions: Definitions) -> Iterator[str]:
    for group in (
        definitions.inputs, definitions.decisions, definitions.knowledge, definitions.services,
    ):  # fmt: skip
        for each in group:
            yield each.variable.name or each.name


def _own_members(definitions: Definitions) -> Iterator[str]:
    for definition in definitions.types:
        yield from _components(definition)
    for decision in definitions.decisions:
        yield from _entries(decision.logic)
    for model in definitions.knowledge:
        yield from _entries(model.function)
    for service in definitions.services:
        ids = {each.id for each in service.output_decisions}
        yield from (_name(each) for each in definitions.decisions if each.id in ids)


def _components(definition: g.ItemDefinition) -> Iterator[str]:
    for component in definition.components:
        yield component.name
        yield from _components(component)


def _entries(logic: object) -> Iterator[str]:
    """The names of context entries, table outputs and relation columns, however deep."""
    waiting = [logic]
    while waiting:
        each = waiting.pop()
        if isinstance(each, g.Entry) and each.variable is not None:
            yield each.variable.name
        if isinstance(each, g.Table):
            yield from (output.name for output in each.outputs if output.name)
        elif isinstance(each, g.Relation):
            yield from (column.name for column in each.columns)
            waiting.extend(cell for row in each.rows for cell in row)
        elif isinstance(each, g.Logic | g.Entry | g.Binding):
            waiting.extend(getattr(each, name) for name in each.__dataclass_fields__)
        elif isinstance(each, tuple):
            waiting.extend(each)
