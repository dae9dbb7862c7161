"""Boxed expressions (10.2): from structs to code, one function per kind.

Code takes the names it may read and the run (clock, warnings), and gives a value. What the data do
wrong is null with a warning; `DecisionFailed` and FEEL's limits are the only faults.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from remit import feel
from remit.dmn import external
from remit.dmn.compile_table import compile_table
from remit.dmn.place import Code, Place, Scope, code_of, null
from remit.dmn.types import Declared, Types, fitted, fitting
from remit.feel.evaluation import Evaluation
from remit.feel.functions import MISMATCH, Function
from remit.feel.texts import shortened
from remit.model.dmn import graph as g

_ITEMS = code_of(feel.compile("for each in source return each", dialect="dmn"))
_SOME = code_of(feel.compile("some each in source satisfies each", dialect="dmn"))
_EVERY = code_of(feel.compile("every each in source satisfies each", dialect="dmn"))


class Compiler:
    """Compiles the boxed expressions of one file."""

    def __init__(self, types: Types) -> None:
        self.types = types

    def declared(self, reference: str, place: Place, line: int) -> Declared:
        """The declared type; an unknown one is a finding, and fits everything."""
        if not place.has_fit_types or not reference:
            return self.types.declared("")
        if reference not in self.types:
            place.fault(
                "", line, "type", f"the type '{reference}' is unknown",
                "name a type of FEEL or an item definition", is_error=False,
            )  # fmt: skip
        return self.types.declared(reference)

    def fitted(self, code: Code, reference: str, place: Place, line: int) -> Code:
        """The code whose values fit a type."""
        return fitted(code, fitting(self.declared(reference, place, line)))

    def compile(self, logic: g.Logic | None, place: Place) -> Code:
        """The code of any boxed expression."""
        if logic is None:
            place.fault("", 0, "logic", "a boxed expression is missing", "complete the model")
            return null
        code = _COMPILERS[type(logic)](self, logic, place)
        return self.fitted(code, logic.type, place, logic.line)


def _literal(compiler: Compiler, logic: g.Literal, place: Place) -> Code:
    return place.expression(logic.text, logic.id, logic.line, logic.language)


def _table(compiler: Compiler, logic: g.Table, place: Place) -> Code:
    return compile_table(compiler.types, logic, place).value


def _context(compiler: Compiler, logic: g.Context, place: Place) -> Code:
    entries: list[tuple[str, Code]] = []
    result: Code | None = None
    for entry in logic.entries:
        code = compiler.compile(entry.logic, place)
        if entry.variable is None:
            result = code
            continue
        name = entry.variable.name
        if any(name == known for known, _ in entries):
            place.fault(
                logic.id, entry.line, "entry", f"there are two entries '{name}'", "rename one"
            )
        entries.append((name, compiler.fitted(code, entry.variable.type, place, entry.line)))
        place = place.knowing(name)

    def make(scope: Scope, run: Evaluation) -> Any:
        """Later entries see the earlier ones."""
        inner = dict(scope)
        context: dict[str, Any] = {}
        for name, code in entries:
            inner[name] = context[name] = code(inner, run)
        return context if result is None else result(inner, run)

    return make


def _invocation(compiler: Compiler, logic: g.Invocation, place: Place) -> Code:
    called = compiler.compile(logic.called, place)
    shown = logic.called.text if isinstance(logic.called, g.Literal) else "function"
    names = tuple(binding.parameter.name for binding in logic.bindings)
    codes = [
        compiler.fitted(
            compiler.compile(each.logic, place), each.parameter.type, place, each.parameter.line
        )
        for each in logic.bindings
    ]

    def invoke(scope: Scope, run: Evaluation) -> Any:
        function = called(scope, run)
        if not isinstance(function, Function):
            run.warn("NO_FUNCTION_FOUND", f"No function found with name '{shown}'")
            return None
        value = function.invoke([code(scope, run) for code in codes], names)
        if value is MISMATCH:
            run.warn("FUNCTION_INVOCATION_FAILURE", f"'{shown}' takes no parameters {names}")
            return None
        return value

    return invoke


def function_maker(
    compiler: Compiler, definition: g.FunctionDefinition, place: Place, name: str = ""
) -> Callable[[Scope, Evaluation], Function | None]:
    """Code that makes the function; its body sees the scope that it was made in."""
    names = tuple(parameter.name for parameter in definition.parameters)
    declared = [
        compiler.declared(parameter.type, place, parameter.line)
        for parameter in definition.parameters
    ]
    if definition.kind != "FEEL":
        return _external(definition, place, names)
    body = compiler.compile(definition.body, place.knowing(*names))
    body = compiler.fitted(body, definition.type, place, definition.line)
    fits = [fitting(each) for each in declared]
    types = tuple(each.type for each in declared)
    result_type = definition.type or (definition.body.type if definition.body else "")
    result = compiler.types.declared(result_type).type if result_type else None

    def make(scope: Scope, run: Evaluation) -> Function:
        def call(arguments: Sequence[Any]) -> Any:
            """Not invoked at all when an argument does not fit its parameter."""
            inner = dict(scope)
            for parameter, fit, given in zip(names, fits, arguments, strict=True):
                value = given if fit is None else fit(given, run)
                if value is None and given is not None:
                    run.warn(
                        "FUNCTION_INVOCATION_FAILURE",
                        f"{shortened(given)} does not fit the parameter '{parameter}'",
                    )
                    return None
                inner[parameter] = value
            return body(inner, run)

        return Function(names, call, types, result, name)

    return make


def _function(compiler: Compiler, logic: g.FunctionDefinition, place: Place) -> Code:
    return function_maker(compiler, logic, place)


def _external(definition: g.FunctionDefinition, place: Place, names: tuple[str, ...]) -> Code:
    """A Java method by class and signature: a boxed context says which (10.2.1.7)."""
    described: dict[str, str] = {}
    if definition.kind == "Java" and isinstance(definition.body, g.Context):
        for entry in definition.body.entries:
            if entry.variable is not None and isinstance(entry.logic, g.Literal):
                text = entry.logic.text.strip()
                described[entry.variable.name] = text.removeprefix('"').removesuffix('"')
    method = external.find(described.get("class", ""), described.get("method signature", ""))
    if method is None:
        place.fault(
            definition.id, definition.line, "external-function",
            f"an external function of kind {definition.kind} is not available: {described}",
            "write the function in FEEL", is_error=False,
        )  # fmt: skip
        return null

    return lambda scope, run: Function(names, method)


def _relation(compiler: Compiler, logic: g.Relation, place: Place) -> Code:
    rows = []
    for row in logic.rows:
        if len(row) != len(logic.columns):
            place.fault(
                logic.id, logic.line, "relation",
                f"a row has {len(row)} cells for {len(logic.columns)} columns", "complete it",
            )  # fmt: skip
        cells = zip(logic.columns, row, strict=False)
        rows.append([(column.name, _cell(compiler, column, each, place)) for column, each in cells])
    return lambda scope, run: [{name: code(scope, run) for name, code in row} for row in rows]


def _cell(compiler: Compiler, column: g.Variable, logic: g.Logic, place: Place) -> Code:
    return compiler.fitted(compiler.compile(logic, place), column.type, place, column.line)


def _list(compiler: Compiler, logic: g.BoxedList, place: Place) -> Code:
    items = [compiler.compile(item, place) for item in logic.items]
    return lambda scope, run: [item(scope, run) for item in items]


def _conditional(compiler: Compiler, logic: g.Conditional, place: Place) -> Code:
    condition = compiler.compile(logic.condition, place)
    then, otherwise = (compiler.compile(each, place) for each in (logic.then, logic.otherwise))

    def choose(scope: Scope, run: Evaluation) -> Any:
        """Null leads to `else` as in FEEL; any other condition that is no boolean gives null."""
        outcome = condition(scope, run)
        if outcome is True:
            return then(scope, run)
        if outcome is False or outcome is None:
            return otherwise(scope, run)
        run.warn("INVALID_TYPE", f"the condition is {shortened(outcome)}, no boolean")
        return None

    return choose


def _filter(compiler: Compiler, logic: g.Filter, place: Place) -> Code:
    source = compiler.compile(logic.source, place)
    match = compiler.compile(logic.match, place.knowing("item"))

    def select(scope: Scope, run: Evaluation) -> list[Any] | None:
        """Null as a whole when `match` is neither a boolean nor null for an item."""
        items = source(scope, run)
        if items is None:
            return None
        chosen = []
        for item in items if items.__class__ is list else [items]:
            outcome = match(_item_scope(scope, item), run)
            if outcome is True:
                chosen.append(item)
            elif outcome is not False and outcome is not None:
                run.warn("INVALID_TYPE", f"the filter gives {shortened(outcome)}, no boolean")
                return None
        return chosen

    return select


def _item_scope(scope: Scope, item: Any) -> Scope:
    """`item`, and the entries of an item that is a context; an entry `item` wins."""
    inner = {**scope, "item": item}
    if item.__class__ is dict:
        inner.update(item)
    return inner


def _for(compiler: Compiler, logic: g.For, place: Place) -> Code:
    source = compiler.compile(logic.source, place)
    body = compiler.compile(logic.result, place.knowing(logic.variable, "partial"))
    variable = logic.variable

    def loop(scope: Scope, run: Evaluation) -> list[Any] | None:
        items = _ITEMS({"source": source(scope, run)}, run)
        if items is None:
            return None
        results: list[Any] = []
        for item in items:
            results.append(body({**scope, variable: item, "partial": list(results)}, run))
        return results

    return loop


def _quantified(compiler: Compiler, logic: g.Quantified, place: Place) -> Code:
    source = compiler.compile(logic.source, place)
    condition = compiler.compile(logic.condition, place.knowing(logic.variable))
    decide = _SOME if logic.quantifier == "some" else _EVERY
    variable = logic.variable

    def check(scope: Scope, run: Evaluation) -> Any:
        items = _ITEMS({"source": source(scope, run)}, run)
        if items is None:
            return None
        outcomes = [condition({**scope, variable: item}, run) for item in items]
        if any(each is not None and each.__class__ is not bool for each in outcomes):
            run.warn("INVALID_TYPE", f"'{logic.quantifier}' is given {shortened(outcomes)}")
            return None
        return decide({"source": outcomes}, run)

    return check


_COMPILERS: dict[type[g.Logic], Callable[[Compiler, Any, Place], Code]] = {
    g.Literal: _literal,
    g.Table: _table,
    g.Context: _context,
    g.Invocation: _invocation,
    g.FunctionDefinition: _function,
    g.Relation: _relation,
    g.BoxedList: _list,
    g.Conditional: _conditional,
    g.Filter: _filter,
    g.For: _for,
    g.Quantified: _quantified,
}
