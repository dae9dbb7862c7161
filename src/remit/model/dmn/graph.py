"""What a DMN file says, as structs: nothing is resolved, compiled or judged here.

    Definitions ── imports, types: ItemDefinition, inputs: InputData
       ├─ decisions: Decision              variable, requirements, logic
       ├─ knowledge: KnowledgeModel        variable, requirements, function
       └─ services: Service                variable, references

`Logic` is a boxed expression (DMN 1.5, chapter 7.3 and 10.2); a requirement is a `Reference` to an
element of this file or, by namespace, of another. Every struct has the line it begins on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from remit.model.finding import Finding


class HitPolicy(StrEnum):
    """DMN 1.5, 8.2.10."""

    UNIQUE = "UNIQUE"
    FIRST = "FIRST"
    PRIORITY = "PRIORITY"
    ANY = "ANY"
    COLLECT = "COLLECT"
    RULE_ORDER = "RULE ORDER"
    OUTPUT_ORDER = "OUTPUT ORDER"


class Aggregation(StrEnum):
    SUM = "SUM"
    COUNT = "COUNT"
    MIN = "MIN"
    MAX = "MAX"


@dataclass(frozen=True, slots=True)
class Reference:
    """`href`: an id, in the file's own namespace unless another is named."""

    namespace: str
    id: str
    line: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A name with a declared type; `type` is empty where none is declared."""

    name: str
    type: str
    line: int


@dataclass(frozen=True, slots=True)
class Text:
    """A FEEL text in a table: a test, an output, a list of allowed values."""

    id: str
    text: str
    line: int
    type: str = ""
    language: str = ""


# --- boxed expressions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Logic:
    """Base of all boxed expressions. `type` is the declared type of the value, or empty."""

    id: str
    line: int
    type: str


@dataclass(frozen=True, slots=True)
class Literal(Logic):
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class TableInput:
    """A column of tests. `allowed` are the tests that every value has to pass."""

    id: str
    label: str
    line: int
    expression: Text
    allowed: Text | None


@dataclass(frozen=True, slots=True)
class TableOutput:
    """A column of values. The order in `allowed` is the priority, highest first."""

    id: str
    name: str
    label: str
    line: int
    type: str
    allowed: Text | None
    default: Text | None


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    line: int
    tests: tuple[Text, ...]
    outputs: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Table(Logic):
    inputs: tuple[TableInput, ...]
    outputs: tuple[TableOutput, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy
    aggregation: Aggregation | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a context; without a variable it is the result of the whole."""

    variable: Variable | None
    logic: Logic | None
    line: int


@dataclass(frozen=True, slots=True)
class Context(Logic):
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    parameter: Variable
    logic: Logic | None


@dataclass(frozen=True, slots=True)
class Invocation(Logic):
    called: Logic | None
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class FunctionDefinition(Logic):
    """`kind` is FEEL, Java or PMML."""

    kind: str
    parameters: tuple[Variable, ...]
    body: Logic | None


@dataclass(frozen=True, slots=True)
class Relation(Logic):
    columns: tuple[Variable, ...]
    rows: tuple[tuple[Logic, ...], ...]


@dataclass(frozen=True, slots=True)
class BoxedList(Logic):
    items: tuple[Logic, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Logic):
    condition: Logic | None
    then: Logic | None
    otherwise: Logic | None


@dataclass(frozen=True, slots=True)
class Filter(Logic):
    source: Logic | None
    match: Logic | None


@dataclass(frozen=True, slots=True)
class For(Logic):
    variable: str
    source: Logic | None
    result: Logic | None


@dataclass(frozen=True, slots=True)
class Quantified(Logic):
    """`quantifier` is some or every."""

    quantifier: str
    variable: str
    source: Logic | None
    condition: Logic | None


# --- types -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A type (7.3.3): another one, narrowed; or a context of components; or a function.

    `allowed` narrows each item of a collection, `constraint` the collection itself.
    """

    id: str
    name: str
    line: int
    type: str
    components: tuple[ItemDefinition, ...]
    is_collection: bool
    allowed: Text | None
    constraint: Text | None
    function: FunctionItem | None


@dataclass(frozen=True, slots=True)
class FunctionItem:
    parameters: tuple[Variable, ...]
    output: str


# --- the requirements graph ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    name: str
    namespace: str
    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class InputData:
    id: str
    name: str
    line: int
    variable: Variable


@dataclass(frozen=True, slots=True)
class Decision:
    id: str
    name: str
    line: int
    variable: Variable
    required_inputs: tuple[Reference, ...]
    required_decisions: tuple[Reference, ...]
    required_knowledge: tuple[Reference, ...]
    logic: Logic | None
    version_tag: str


@dataclass(frozen=True, slots=True)
class KnowledgeModel:
    id: str
    name: str
    line: int
    variable: Variable
    required_knowledge: tuple[Reference, ...]
    function: FunctionDefinition | None


@dataclass(frozen=True, slots=True)
class Service:
    """A part of the graph that is called like a function (10.4)."""

    id: str
    name: str
    line: int
    variable: Variable
    output_decisions: tuple[Reference, ...]
    encapsulated_decisions: tuple[Reference, ...]
    input_decisions: tuple[Reference, ...]
    input_data: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """One DMN file. `prefixes` are its XML namespaces, which old type references use."""

    source: str
    id: str
    name: str
    namespace: str
    version: str
    language: str
    imports: tuple[Import, ...]
    types: tuple[ItemDefinition, ...]
    inputs: tuple[InputData, ...]
    decisions: tuple[Decision, ...]
    knowledge: tuple[KnowledgeModel, ...]
    services: tuple[Service, ...]
    prefixes: dict[str, str]
    findings: tuple[Finding, ...]
