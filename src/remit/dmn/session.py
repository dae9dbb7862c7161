"""One evaluation: decisions in order, each over the values of what it requires.

    inputs ──▶ values of input data and decisions, by key ──▶ the scope of each decision ──▶ value
                     knowledge models and services are functions in that scope

In the dialect of the standard a decision that fails is null for those that require it, and a value
given under a decision's name stands for it. In Zeebe's dialect all variables are in sight of every
decision, and the first failure ends the evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from remit.dmn.errors import DecisionFailed
from remit.dmn.nodes import (
    DecisionNode,
    InputNode,
    Key,
    KnowledgeNode,
    Node,
    Required,
    ServiceNode,
)
from remit.dmn.place import INPUT, Dialect, Scope
from remit.dmn.result import Diagnostic, EvaluatedDecision, Result, Trace
from remit.feel.errors import FeelError
from remit.feel.evaluation import Evaluation
from remit.feel.functions import Function
from remit.feel.texts import shortened
from remit.model.finding import line_of

_MISSING: Any = object()


class Session:
    """Evaluates decisions over one set of inputs; every decision at most once."""

    __slots__ = ("_all_in_sight", "_functions", "_given", "_run", "failed", "records", "values",
                 "warnings")  # fmt: skip

    def __init__(
        self,
        dialect: Dialect,
        given: Mapping[str, Any],
        run: Evaluation,
        warnings: list[tuple[str, str]],
    ) -> None:
        self._all_in_sight = dialect == "camunda"
        self._given = given
        self._run = run
        self._functions: dict[Key, Any] = {}
        self.warnings = warnings
        self.values: dict[Key, Any] = {}
        self.records: list[EvaluatedDecision] = []
        self.failed: tuple[str, str] | None = None

    # --- decisions ---------------------------------------------------------------------------------

    def result_of(self, node: DecisionNode) -> Result:
        """The answer for one decision."""
        self.evaluate(self._needed(node))
        return self._result(self.values.get(node.key))

    def _result(self, value: Any) -> Result:
        told = tuple(Diagnostic(*each) for each in self.warnings) if self.warnings else ()
        if self.failed is None:
            return Result(value, tuple(self.records), told)
        id_, message = self.failed
        return Result(value, tuple(self.records), told, id_, message)

    def _needed(self, node: DecisionNode) -> Sequence[DecisionNode]:
        """The order of evaluation, without what is given as an input and what only that needs."""
        if self._all_in_sight or all(
            self._given_value(each) is _MISSING for each in node.order[:-1]
        ):
            return node.order if node.code or node.table else self._given_or(node)
        needed: set[Key] = {node.key}
        for each in reversed(node.order):
            if each.key not in needed:
                continue
            for required in each.values:
                if not isinstance(required.node, DecisionNode):
                    continue
                value = self._given_value(required.node)
                if value is _MISSING:
                    needed.add(required.node.key)
                else:
                    self.values[required.node.key] = self._fitted(required.node, value)
        return [each for each in node.order if each.key in needed]

    def _given_or(self, node: DecisionNode) -> Sequence[DecisionNode]:
        """A decision without logic has the value that is given for it."""
        value = self._given_value(node)
        if value is _MISSING:
            return node.order
        self.values[node.key] = self._fitted(node, value)
        return ()

    def evaluate(self, order: Sequence[DecisionNode]) -> None:
        """Evaluate decisions; those they require are evaluated or given."""
        for node in order:
            if node.key in self.values:
                continue
            self._decide(node)
            if self.failed is not None and self._all_in_sight:
                return

    def _decide(self, node: DecisionNode) -> None:
        """One decision, with its record. Its failure is noted, never raised."""
        noted = len(self.warnings)
        value, trace = None, None
        try:
            value, trace = self._value(node)
        except (DecisionFailed, FeelError) as fault:
            self._fail(node, str(fault))
        except RecursionError:
            self._fail(node, "its evaluation nests too deep")
        except MemoryError:
            self._fail(node, "its evaluation needs too much memory")
        self.values[node.key] = value
        told = tuple(Diagnostic(*each) for each in self.warnings[noted:]) if self.warnings else ()
        self.records.append(EvaluatedDecision(node.id, node.name, node.kind, value, told, trace))

    def _fail(self, node: DecisionNode, message: str) -> None:
        self._run.warn("FUNCTION_INVOCATION_FAILURE", message)
        if self.failed is None:
            self.failed = (node.id, message)

    def _value(self, node: DecisionNode) -> tuple[Any, Trace | None]:
        if node.findings and node.is_broken:
            faults = (line_of(each) for each in node.findings if each.is_error)
            raise DecisionFailed("; ".join(faults))
        run = self._run
        scope = self.scope_of(node.values, node.functions)
        trace = None
        if node.table is not None:
            value, trace, failure = node.table.decide(scope, run)
            if failure is not None:
                self._fail(node, str(failure))
                return None, trace
            if node.code is not None:
                value = node.code({INPUT: value}, run)
        elif node.code is not None:
            value = node.code(scope, run)
        else:
            run.warn("NO_VARIABLE_FOUND", f"the decision '{node.name}' has no logic")
            return None, None
        return (value if node.fit is None else node.fit(value, run)), trace

    # --- scopes ------------------------------------------------------------------------------------

    def scope_of(self, values: Sequence[Required], functions: Sequence[Required]) -> Scope:
        """What a node sees, by name."""
        if self._all_in_sight:
            if not values and not functions:
                return self._given  # type: ignore[return-value]
            scope: Scope = dict(self._given)
        else:
            scope = {}
        for each in values:
            self._enter(scope, each, self._value_of(each.node))
        for each in functions:
            self._enter(scope, each, self.function_of(each.node))
        return scope

    def _enter(self, scope: Scope, required: Required, value: Any) -> None:
        if self._all_in_sight and isinstance(required.node, InputNode):
            return
        target = scope.setdefault(required.prefix, {}) if required.prefix else scope
        for name in required.names:
            target[name] = value

    def _value_of(self, node: Node) -> Any:
        value = self.values.get(node.key, _MISSING)
        if value is _MISSING:
            given = self._given_value(node)
            value = self._fitted(node, None if given is _MISSING else given)
            self.values[node.key] = value
        return value

    def _given_value(self, node: Node) -> Any:
        """The input for a node: under `{namespace}name`, or its name alone."""
        given = self._given
        value = given.get(node.variable, _MISSING)
        if value is _MISSING:
            value = given.get(node.name, _MISSING)
        if value is _MISSING and given:
            value = given.get(f"{{{node.key[0]}}}{node.variable}", _MISSING)
        return value

    def _fitted(self, node: Node, value: Any) -> Any:
        fit = node.fit if isinstance(node, InputNode | DecisionNode) else None
        return value if fit is None else fit(value, self._run)

    # --- functions ---------------------------------------------------------------------------------

    def function_of(self, node: Node) -> Function | None:
        """A knowledge model or service as a function of this evaluation."""
        if node.key not in self._functions:
            self._functions[node.key] = self._made(node)
        found: Function | None = self._functions[node.key]
        return found

    def _made(self, node: Node) -> Function | None:
        if isinstance(node, KnowledgeNode):
            return self._knowledge(node)
        assert isinstance(node, ServiceNode)
        return Function(
            node.parameter_names, lambda arguments: self._serve(node, arguments), name=node.name
        )

    def _knowledge(self, node: KnowledgeNode) -> Function | None:
        """What it requires is found when it is called: knowledge may call itself."""
        if node.is_broken:
            faults = "; ".join(line_of(each) for each in node.findings if each.is_error)
            return Function((), _raising(f"the knowledge model '{node.name}': {faults}"))
        scope: Scope = dict(self._given) if self._all_in_sight else {}
        function = None if node.make is None else node.make(scope, self._run)
        if function is None:
            return None
        if node.fit is not None:
            function = _narrowed(function, node.fit, self._run)
        scope[node.variable] = self._functions[node.key] = function
        for each in node.functions:
            self._enter(scope, each, self.function_of(each.node))
        return function

    def _serve(self, node: ServiceNode, arguments: Sequence[Any]) -> Any:
        """The value of a service for its arguments; null when one does not fit its parameter.

        What fails inside fails the caller in Zeebe's dialect.
        """
        inner = self._inner(node, arguments)
        for parameter, given in zip(node.parameters, arguments, strict=True):
            value = self._fitted(parameter, given)
            if value is None and given is not None:
                self._run.warn(
                    "FUNCTION_INVOCATION_FAILURE",
                    f"{shortened(given)} does not fit '{parameter.variable}' of '{node.name}'",
                )
                return None
            inner.values[parameter.key] = value
        value = inner.served(node)
        if inner.failed is not None and self._all_in_sight:
            raise DecisionFailed(inner.failed[1])
        return value

    def _inner(self, node: ServiceNode, arguments: Sequence[Any]) -> Session:
        """An evaluation of its own: nothing is in sight of a service but its arguments, or in
        Zeebe's dialect all variables with the arguments over them."""
        if not self._all_in_sight:
            return Session("dmn", {}, self._run, self.warnings)
        names = (each.variable for each in node.parameters)
        given = {**self._given, **dict(zip(names, arguments, strict=True))}
        return Session("camunda", given, self._run, self.warnings)

    def result_of_service(self, node: ServiceNode) -> Result:
        """The answer of a service, its parameters taken from the inputs by name; missing is null."""
        for parameter in node.parameters:
            given = self._given_value(parameter)
            value = None if given is _MISSING else given
            self.values[parameter.key] = self._fitted(parameter, value)
        return self._result(self.served(node))

    def served(self, node: ServiceNode) -> Any:
        """The value of a service: of its one output decision, or a context of several by name."""
        self.evaluate(node.order)
        if self.failed is not None and self._all_in_sight:
            return None
        values = {each.variable: self.values.get(each.key) for each in node.outputs}
        value = next(iter(values.values())) if len(values) == 1 else values
        return value if node.fit is None else node.fit(value, self._run)


def _raising(message: str) -> Callable[[Sequence[Any]], Any]:
    def call(arguments: Sequence[Any]) -> Any:
        raise DecisionFailed(message)

    return call


def _narrowed(
    function: Function, fit: Callable[[Any, Evaluation], Any], run: Evaluation
) -> Function:
    """The function, its values made to fit the declared type of its variable."""
    return Function(
        function.parameters,
        lambda arguments: fit(function.call(arguments), run),
        function.types,
        function.result,
        function.name,
    )
