"""Arithmetic, comparison, logic, membership."""

from __future__ import annotations

from typing import Any

from remit.feel import arithmetic
from remit.feel import tree as t
from remit.feel.comparison import compare, equal, within
from remit.feel.compiler.access import INPUT
from remit.feel.compiler.frames import RUN, Code, Compiler, Frame, Scope, Table, inner_scope
from remit.feel.numbers import WHOLE_LIMIT
from remit.feel.ranges import Range
from remit.feel.texts import shortened
from remit.feel.types import UnknownType


def binary(compiler: Compiler, node: t.Binary, scope: Scope) -> Code:
    """A chain like a + b - c is one loop: it may be longer than Python's stack is deep."""
    steps: list[tuple[str, t.Node]] = []
    first: t.Node = node
    while isinstance(first, t.Binary):
        steps.append((first.operator, first.right))
        first = first.left
    if len(steps) == 1:
        return _one(node.operator, compiler.code(first, scope), compiler.code(node.right, scope))
    if len(steps) <= 8:
        code = compiler.code(first, scope)
        for operator, right in reversed(steps):
            code = _one(operator, code, compiler.code(right, scope))
        return code
    begin = compiler.code(first, scope)
    rest = [(operator, compiler.code(right, scope)) for operator, right in reversed(steps)]

    def compute(frame: Frame) -> Any:
        value = begin(frame)
        for operator, right in rest:
            value = _apply(operator, value, right(frame), frame)
        return value

    return compute


def _one(operator: str, left: Code, right: Code) -> Code:
    if operator == "+":
        return _sum(left, right)
    if operator == "*":
        return _product(left, right)

    def compute(frame: Frame) -> Any:
        return _apply(operator, left(frame), right(frame), frame)

    return compute


def _sum(left: Code, right: Code) -> Code:
    def compute(frame: Frame) -> Any:
        a, b = left(frame), right(frame)
        if a.__class__ is int and b.__class__ is int:
            total = a + b
            if -WHOLE_LIMIT < total < WHOLE_LIMIT:
                return total
        return _apply("+", a, b, frame)

    return compute


def _product(left: Code, right: Code) -> Code:
    def compute(frame: Frame) -> Any:
        a, b = left(frame), right(frame)
        if a.__class__ is int and b.__class__ is int:
            product = a * b
            if -WHOLE_LIMIT < product < WHOLE_LIMIT:
                return product
        return _apply("*", a, b, frame)

    return compute


def _apply(operator: str, a: Any, b: Any, frame: Frame) -> Any:
    value = arithmetic.OPERATORS[operator](a, b)
    if value is None and frame[RUN].warnings is not None:
        message = f"Can't compute {shortened(a)} {operator} {shortened(b)}"
        frame[RUN].warn("INVALID_TYPE", message)
    return value


def negation(compiler: Compiler, node: t.Negation, scope: Scope) -> Code:
    operand = compiler.code(node.operand, scope)

    def compute(frame: Frame) -> Any:
        value = operand(frame)
        negated = arithmetic.negate(value)
        if negated is None and frame[RUN].warnings is not None:
            frame[RUN].warn("INVALID_TYPE", f"Can't negate {shortened(value)}")
        return negated

    return compute


def comparison(compiler: Compiler, node: t.Comparison, scope: Scope) -> Code:
    left, right = compiler.code(node.left, scope), compiler.code(node.right, scope)
    if node.operator == "=":
        return _equality(left, right, compiler.dialect.converts)
    if node.operator == ">":
        return _greater(left, right)
    operator, converts = node.operator, compiler.dialect.converts

    def decide(frame: Frame) -> bool | None:
        return _compared(operator, left(frame), right(frame), frame, converts)

    return decide


def _equality(left: Code, right: Code, converts: bool) -> Code:
    def decide(frame: Frame) -> bool | None:
        a, b = left(frame), right(frame)
        kind = a.__class__
        if kind is b.__class__ and (kind is str or kind is int):
            return bool(a == b)
        return _compared("=", a, b, frame, converts)

    return decide


def _greater(left: Code, right: Code) -> Code:
    def decide(frame: Frame) -> bool | None:
        a, b = left(frame), right(frame)
        if a.__class__ is int and b.__class__ is int:
            return bool(a > b)
        return _compared(">", a, b, frame, False)

    return decide


def _compared(operator: str, a: Any, b: Any, frame: Frame, converts: bool) -> bool | None:
    outcome = compare(operator, a, b)
    if outcome is None and converts and operator in ("=", "!="):
        outcome = compare(operator, *_unwrapped(a, b))
    if outcome is None and frame[RUN].warnings is not None:
        frame[RUN].warn("NOT_COMPARABLE", f"Can't compare {shortened(a)} with {shortened(b)}")
    return outcome


def _unwrapped(a: Any, b: Any) -> tuple[Any, Any]:
    """A list of one beside something that is no list counts as its item."""
    if a.__class__ is list and b.__class__ is not list and len(a) == 1:
        return a[0], b
    if b.__class__ is list and a.__class__ is not list and len(b) == 1:
        return a, b[0]
    return a, b


def conjunction(compiler: Compiler, node: t.And, scope: Scope) -> Code:
    """False when one is false, else null when one is no boolean."""
    operands = [compiler.code(operand, scope) for operand in node.operands]
    if len(operands) == 2:
        left, right = operands

        def both(frame: Frame) -> bool | None:
            a = left(frame)
            if a is False:
                return False
            b = right(frame)
            if b is False:
                return False
            return True if a is True and b is True else None

        return both

    def all_of(frame: Frame) -> bool | None:
        outcome: bool | None = True
        for operand in operands:
            value = operand(frame)
            if value is False:
                return False
            if value is not True:
                outcome = None
        return outcome

    return all_of


def disjunction(compiler: Compiler, node: t.Or, scope: Scope) -> Code:
    """True when one is true, else null when one is no boolean."""
    operands = [compiler.code(operand, scope) for operand in node.operands]

    def any_of(frame: Frame) -> bool | None:
        outcome: bool | None = False
        for operand in operands:
            value = operand(frame)
            if value is True:
                return True
            if value is not False:
                outcome = None
        return outcome

    return any_of


def between(compiler: Compiler, node: t.Between, scope: Scope) -> Code:
    value = compiler.code(node.value, scope)
    low, high = compiler.code(node.low, scope), compiler.code(node.high, scope)

    def decide(frame: Frame) -> bool | None:
        tested, bounds = value(frame), Range(low(frame), high(frame))
        outcome = within(bounds, tested)
        if outcome is None and frame[RUN].warnings is not None:
            shown = f"{shortened(tested)} with {shortened(bounds.low)} and {shortened(bounds.high)}"
            frame[RUN].warn("NOT_COMPARABLE", f"Can't compare {shown}")
        return outcome

    return decide


def belongs(value: Any, wanted: Any) -> bool | None:
    """Whether a value is what is wanted, or lies in the range or is in the list that is wanted."""
    kind = wanted.__class__
    if kind is Range:
        return within(wanted, value)
    if kind is list:
        return equal(value, wanted) is True or any(
            (within(item, value) if item.__class__ is Range else equal(value, item)) is True
            for item in wanted
        )
    return equal(value, wanted)


def membership(compiler: Compiler, node: t.In, scope: Scope) -> Code:
    """True when one test holds, else null when one is null."""
    value = compiler.code(node.value, scope)
    slot = compiler.slot()
    inner = inner_scope(scope, {INPUT: slot})
    tests = [test(compiler, each, inner) for each in node.tests]

    def decide(frame: Frame) -> bool | None:
        frame[slot] = tested = value(frame)
        outcome: bool | None = False
        for each in tests:
            held = each(frame)
            if held is True:
                return True
            if held is None:
                outcome = None
        if outcome is None and frame[RUN].warnings is not None:
            frame[RUN].warn("NOT_COMPARABLE", f"Can't compare {shortened(tested)} with the tests")
        return outcome

    return decide


def test(compiler: Compiler, node: t.Node, scope: Scope) -> Code:
    """One unary test over the value `?`: a comparison, a condition on `?`, or what it should be."""
    code = compiler.code(node, scope)
    if isinstance(node, t.UnaryTest):
        return code
    value = compiler.code(t.Input(node.at, node.end), scope)
    speaks = reads_input(node)
    lenient = not compiler.dialect.converts and not isinstance(node, t.Literal)

    def holds(frame: Frame) -> bool | None:
        outcome = code(frame)
        if outcome.__class__ is bool and (speaks or (lenient and outcome)):
            return bool(outcome)
        tested = value(frame)
        if lenient and outcome is False and tested.__class__ is not bool:
            return False
        return belongs(tested, outcome)

    return holds


def reads_input(node: t.Node) -> bool:
    """Whether `?` stands somewhere in it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, t.Input):
            return True
        waiting.extend(each.children())
    return False


def unary_test(compiler: Compiler, node: t.UnaryTest, scope: Scope) -> Code:
    operand = compiler.code(node.operand, scope)
    value = compiler.code(t.Input(node.at, node.end), scope)
    operator = node.operator

    def decide(frame: Frame) -> bool | None:
        return _compared(operator, value(frame), operand(frame), frame, False)

    return decide


def instance_of(compiler: Compiler, node: t.InstanceOf, scope: Scope) -> Code:
    value, wanted = compiler.code(node.value, scope), node.type
    if isinstance(wanted, UnknownType):
        unknown = wanted.name

        def complain(frame: Frame) -> None:
            frame[RUN].warn("INVALID_TYPE", f"No type found with name '{unknown}'")

        return complain

    return lambda frame: wanted.conforms(value(frame))


TABLE: Table = {
    t.Binary: binary,
    t.Negation: negation,
    t.Comparison: comparison,
    t.And: conjunction,
    t.Or: disjunction,
    t.Between: between,
    t.In: membership,
    t.UnaryTest: unary_test,
    t.InstanceOf: instance_of,
}
