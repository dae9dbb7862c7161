"""From tree to closures: one function per kind of node.

A closure takes the names it may read and the run of the evaluation (clock, warnings), and gives a
value. Nothing in it raises for what the data do wrong: the value is null and a warning says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from remit.feel import tree as t
from remit.feel.builtins import NAMES, find
from remit.feel.errors import FeelLimitError
from remit.feel.temporal import YearsMonths
from remit.feel.values import (
    Function,
    Range,
    add,
    contains,
    divide,
    equal,
    is_number,
    less,
    multiply,
    negate,
    power,
    subtract,
    to_text,
    type_of,
)

MAX_ITEMS = 1_000_000
"""Items that one evaluation may make with `for`, filters and ranges."""


@dataclass(slots=True)
class Evaluation:
    """What one evaluation knows beside its names. `random` and `uuid` come from the caller."""

    clock: datetime
    random: Callable[[], float]
    warnings: list[tuple[str, str]] = field(default_factory=list)
    items: int = 0

    def warn(self, kind: str, message: str) -> None:
        if len(self.warnings) < 100:
            self.warnings.append((kind, message))

    def count(self, items: int) -> None:
        self.items += items
        if self.items > MAX_ITEMS:
            raise FeelLimitError(f"an evaluation makes at most {MAX_ITEMS} items")


Scope = dict[str, Any]
Code = Callable[[Scope, Evaluation], Any]

INPUT = "?"
"""The name under which a unary test sees the value that is tested."""

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": add, "-": subtract, "*": multiply, "/": divide, "**": power,
}  # fmt: skip


def compile_node(node: t.Node) -> Code:
    return _COMPILERS[type(node)](node)


def _literal(node: t.Literal) -> Code:
    value = node.value
    return lambda scope, run: value


def _name(node: t.Name) -> Code:
    name = node.name

    def read(scope: Scope, run: Evaluation) -> Any:
        try:
            return scope[name]
        except KeyError:
            function = find(name, run.clock, run.random)
            if function is not None:
                return function
            run.warn("NO_VARIABLE_FOUND", f"No variable found with name '{name}'")
            return None

    return read


def _binary(node: t.Binary) -> Code:
    left, right, operator = compile_node(node.left), compile_node(node.right), node.operator
    operate = _ARITHMETIC[operator]

    def compute(scope: Scope, run: Evaluation) -> Any:
        a, b = left(scope, run), right(scope, run)
        value = operate(a, b)
        if value is None and a is not None and b is not None:
            run.warn("INVALID_TYPE", f"Can't compute {to_text(a)} {operator} {to_text(b)}")
        return value

    return compute


def _negation(node: t.Negation) -> Code:
    operand = compile_node(node.operand)
    return lambda scope, run: negate(operand(scope, run))


def _compare(operator: str, a: Any, b: Any) -> bool | None:
    if operator == "=":
        return equal(a, b)
    if operator == "!=":
        same = equal(a, b)
        return None if same is None else not same
    if operator == "<":
        return less(a, b)
    if operator == ">":
        return less(b, a)
    smaller = less(a, b) if operator == "<=" else less(b, a)
    return smaller or equal(a, b) if smaller is not None else None


def _comparison(node: t.Comparison) -> Code:
    left, right, operator = compile_node(node.left), compile_node(node.right), node.operator

    def compare(scope: Scope, run: Evaluation) -> bool | None:
        a, b = left(scope, run), right(scope, run)
        outcome = _compare(operator, a, b)
        if outcome is None:
            run.warn("NOT_COMPARABLE", f"Can't compare {to_text(a)} with {to_text(b)}")
        return outcome

    return compare


def _and(node: t.And) -> Code:
    left, right = compile_node(node.left), compile_node(node.right)

    def both(scope: Scope, run: Evaluation) -> bool | None:
        """Three-valued: false wins, then null."""
        a = left(scope, run)
        if a is False:
            return False
        b = right(scope, run)
        if b is False:
            return False
        return True if a is True and b is True else None

    return both


def _or(node: t.Or) -> Code:
    left, right = compile_node(node.left), compile_node(node.right)

    def either(scope: Scope, run: Evaluation) -> bool | None:
        a = left(scope, run)
        if a is True:
            return True
        b = right(scope, run)
        if b is True:
            return True
        return False if a is False and b is False else None

    return either


def _between(node: t.Between) -> Code:
    value, low, high = compile_node(node.value), compile_node(node.low), compile_node(node.high)

    def between(scope: Scope, run: Evaluation) -> bool | None:
        bounds = Range(low(scope, run), high(scope, run), True, True)
        return contains(bounds, value(scope, run))

    return between


def holds(outcome: Any, value: Any) -> bool | None:
    """What a test says of `value`: a boolean speaks for itself, anything else is compared."""
    kind = outcome.__class__
    if kind is Range:
        return contains(outcome, value)
    if kind is list and value.__class__ is not list:
        return any(holds(each, value) is True for each in outcome)
    if kind is bool and value.__class__ is not bool:
        return cast(bool, outcome)
    return equal(value, outcome)


def _in(node: t.In) -> Code:
    value = compile_node(node.value)
    tests = [compile_node(test) for test in node.tests]

    def within(scope: Scope, run: Evaluation) -> bool | None:
        tested = value(scope, run)
        inner = {**scope, INPUT: tested}
        outcomes = [holds(test(inner, run), tested) for test in tests]
        if True in outcomes:
            return True
        return None if None in outcomes else False

    return within


def _unary_test(node: t.UnaryTest) -> Code:
    operand, operator = compile_node(node.operand), node.operator
    return lambda scope, run: _compare(operator, scope.get(INPUT), operand(scope, run))


def _instance_of(node: t.InstanceOf) -> Code:
    value, wanted = compile_node(node.value), node.type

    def check(scope: Scope, run: Evaluation) -> bool:
        given = value(scope, run)
        return given is not None if wanted == "Any" else type_of(given) == wanted

    return check


def _if(node: t.If) -> Code:
    condition = compile_node(node.condition)
    then, otherwise = compile_node(node.then), compile_node(node.otherwise)
    return lambda scope, run: (
        then(scope, run) if condition(scope, run) is True else otherwise(scope, run)
    )


def _iterate(
    iterations: Sequence[tuple[str, Code, Code | None]], scope: Scope, run: Evaluation
) -> Iterator[Scope]:
    """Every combination of the iterated names; a later iteration sees the earlier names."""
    if not iterations:
        yield scope
        return
    name, source, high = iterations[0]
    low = source(scope, run)
    values = _range_values(low, high(scope, run)) if high else _items(low)
    for value in values:
        run.count(1)
        yield from _iterate(iterations[1:], {**scope, name: value}, run)


def _items(value: Any) -> Sequence[Any]:
    """A list as it is, a range of integers counted out, anything else as a list of one."""
    if value.__class__ is list:
        return cast(Sequence[Any], value)
    if value.__class__ is Range:
        return _range_values(value.low, value.high)
    return () if value is None else (value,)


def _range_values(low: Any, high: Any) -> Sequence[Any]:
    if low.__class__ is int and high.__class__ is int:
        return range(low, high + 1) if low <= high else range(low, high - 1, -1)
    if low.__class__ is date and high.__class__ is date:
        step = 1 if low <= high else -1
        days = abs((high - low).days)
        return [low + timedelta(days=step * each) for each in range(days + 1)]
    return ()


def _iterations(node: t.For | t.Quantified) -> list[tuple[str, Code, Code | None]]:
    return [
        (each.name, compile_node(each.source), compile_node(each.high) if each.high else None)
        for each in node.iterations
    ]


def _for(node: t.For) -> Code:
    iterations, body = _iterations(node), compile_node(node.body)

    def loop(scope: Scope, run: Evaluation) -> list[Any]:
        results: list[Any] = []
        for inner in _iterate(iterations, scope, run):
            inner["partial"] = list(results) if uses_partial else results
            results.append(body(inner, run))
        return results

    uses_partial = "partial" in free_names(node.body)
    return loop


def _quantified(node: t.Quantified) -> Code:
    iterations, condition = _iterations(node), compile_node(node.condition)
    decisive = node.quantifier == "some"

    def check(scope: Scope, run: Evaluation) -> bool | None:
        unknown = False
        for inner in _iterate(iterations, scope, run):
            outcome = condition(inner, run)
            if outcome is decisive:
                return bool(decisive)
            unknown = unknown or not isinstance(outcome, bool)
        return None if unknown else not decisive

    return check


def _function_definition(node: t.FunctionDefinition) -> Code:
    parameters, body = node.parameters, compile_node(node.body)

    def make(scope: Scope, run: Evaluation) -> Function:
        def call(arguments: Sequence[Any]) -> Any:
            return body({**scope, **dict(zip(parameters, arguments, strict=True))}, run)

        return Function(parameters, call)

    return make


def _list(node: t.ListLiteral) -> Code:
    items = [compile_node(item) for item in node.items]
    return lambda scope, run: [item(scope, run) for item in items]


def _context(node: t.ContextLiteral) -> Code:
    entries = [(name, compile_node(value)) for name, value in node.entries]

    def make(scope: Scope, run: Evaluation) -> dict[str, Any]:
        """Later entries see the earlier ones."""
        inner = dict(scope)
        context = {}
        for name, value in entries:
            inner[name] = context[name] = value(inner, run)
        return context

    return make


def _range(node: t.RangeLiteral) -> Code:
    low, high = compile_node(node.low), compile_node(node.high)
    return lambda scope, run: Range(
        low(scope, run), high(scope, run), node.low_closed, node.high_closed
    )


def _path(node: t.Path) -> Code:
    source, name = compile_node(node.source), node.name

    def read(scope: Scope, run: Evaluation) -> Any:
        value = source(scope, run)
        if value.__class__ is dict:
            if name not in value:
                run.warn("NO_CONTEXT_ENTRY_FOUND", f"No context entry found with key '{name}'")
            return value.get(name)
        if value.__class__ is list:
            return [member(each, name, run) for each in value]
        return member(value, name, run)

    return read


def member(value: Any, name: str, run: Evaluation) -> Any:
    """`value.name`: of a context, or a property of a temporal value or range."""
    if value.__class__ is dict:
        return value.get(name)
    read = _PROPERTIES.get((value.__class__, name))
    if read is None:
        if value is not None:
            run.warn(
                "NO_PROPERTY_FOUND", f"No property found with name '{name}' of {to_text(value)}"
            )
        return None
    return read(value)


def _offset(value: datetime | time) -> timedelta | None:
    return value.utcoffset()


def _zone(value: datetime | time) -> str | None:
    return getattr(value.tzinfo, "key", None)


def _make_properties() -> dict[tuple[type, str], Callable[[Any], Any]]:
    found: dict[tuple[type, str], Callable[[Any], Any]] = {}
    days: tuple[type, ...] = (date, datetime)
    clocks: tuple[type, ...] = (time, datetime)
    for kind in days:
        for name in ("year", "month", "day"):
            found[(kind, name)] = lambda value, name=name: getattr(value, name)  # type: ignore[misc]
        found[(kind, "weekday")] = lambda value: value.isoweekday()
    for kind in clocks:
        for name in ("hour", "minute", "second"):
            found[(kind, name)] = lambda value, name=name: getattr(value, name)  # type: ignore[misc]
        found[(kind, "time offset")] = _offset
        found[(kind, "timezone")] = _zone
    found[(timedelta, "days")] = lambda value: int(value / timedelta(days=1))
    found[(timedelta, "hours")] = lambda value: _part(value, 3600) % 24
    found[(timedelta, "minutes")] = lambda value: _part(value, 60) % 60
    found[(timedelta, "seconds")] = lambda value: _part(value, 1) % 60
    found[(YearsMonths, "years")] = lambda value: value.years
    found[(YearsMonths, "months")] = lambda value: value.months
    found[(Range, "start")] = lambda value: value.low
    found[(Range, "end")] = lambda value: value.high
    found[(Range, "start included")] = lambda value: value.low_closed
    found[(Range, "end included")] = lambda value: value.high_closed
    return found


def _part(value: timedelta, seconds: int) -> int:
    return int(abs(value) / timedelta(seconds=seconds)) * (-1 if value < timedelta(0) else 1)


_PROPERTIES = _make_properties()


def _filter(node: t.Filter) -> Code:
    source, condition = compile_node(node.source), compile_node(node.condition)
    constant = node.condition.value if isinstance(node.condition, t.Literal) else None
    if constant.__class__ is int:
        return lambda scope, run: item_at(source(scope, run), constant)

    def select(scope: Scope, run: Evaluation) -> Any:
        value = source(scope, run)
        if value is None:
            return None
        items = value if value.__class__ is list else [value]
        chosen = []
        for item in items:
            run.count(1)
            inner = {**scope, **item} if item.__class__ is dict else dict(scope)
            inner.setdefault("item", item)
            outcome = condition(inner, run)
            if is_number(outcome):
                return item_at(items, outcome)
            if outcome is True:
                chosen.append(item)
        return chosen

    return select


def item_at(value: Any, position: int | Decimal) -> Any:
    """Positions count from 1, and from -1 backward; beyond the list is null."""
    if value is None:
        return None
    items = value if value.__class__ is list else [value]
    index = int(position)
    if index == 0 or abs(index) > len(items):
        return None
    return items[index - 1] if index > 0 else items[index]


def _call(node: t.Call) -> Code:
    function = compile_node(node.function)
    arguments = [compile_node(argument) for argument in node.arguments]
    names = node.names
    builtin = node.function.name if isinstance(node.function, t.Name) else ""

    def call(scope: Scope, run: Evaluation) -> Any:
        found = function(scope, run)
        if found.__class__ is not Function and builtin in NAMES:
            found = find(builtin, run.clock, run.random)  # a variable has the function's name
        if found.__class__ is not Function:
            run.warn("NO_FUNCTION_FOUND", f"No function found with name '{_shown(node.function)}'")
            return None
        values = [argument(scope, run) for argument in arguments]
        if names:
            placed = _by_name(found, names, values)
            if placed is None:
                run.warn("NO_FUNCTION_FOUND", f"No parameters {names} in {to_text(found)}")
                return None
            values = placed
        try:
            return found.call(values)
        except (TypeError, ValueError, ArithmeticError, LookupError) as fault:
            run.warn(
                "FUNCTION_INVOCATION_FAILURE",
                f"Failed to invoke function '{_shown(node.function)}': {fault}",
            )
            return None

    return call


def _by_name(function: Function, names: tuple[str, ...], values: list[Any]) -> list[Any] | None:
    if not set(names) <= set(function.parameters):
        return None
    given = dict(zip(names, values, strict=True))
    last = max(function.parameters.index(name) for name in names)
    return [given.get(name) for name in function.parameters[: last + 1]]


def _shown(node: t.Node) -> str:
    return node.name if isinstance(node, t.Name) else "function"


_COMPILERS: dict[type[t.Node], Callable[[Any], Code]] = {
    t.Literal: _literal,
    t.Name: _name,
    t.Binary: _binary,
    t.Negation: _negation,
    t.Comparison: _comparison,
    t.And: _and,
    t.Or: _or,
    t.Between: _between,
    t.In: _in,
    t.UnaryTest: _unary_test,
    t.InstanceOf: _instance_of,
    t.If: _if,
    t.For: _for,
    t.Quantified: _quantified,
    t.FunctionDefinition: _function_definition,
    t.ListLiteral: _list,
    t.ContextLiteral: _context,
    t.RangeLiteral: _range,
    t.Path: _path,
    t.Filter: _filter,
    t.Call: _call,
}


def is_builtin(node: t.Node) -> bool:
    return isinstance(node, t.Name) and node.name in NAMES


def free_names(node: object) -> frozenset[str]:
    """Every name that a tree may read: more than are free at worst, never fewer.

    The name of a built-in function counts only where it is not called: `count` may be a variable.
    """
    found: set[str] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, t.Name):
            found.add(each.name)
        elif isinstance(each, t.Call) and is_builtin(each.function):
            waiting.append(each.arguments)
        elif isinstance(each, t.Node):
            waiting.extend(getattr(each, name) for name in each.__dataclass_fields__)
        elif isinstance(each, tuple):
            waiting.extend(each)
    return frozenset(found)
