"""What values a set of constraints lets through: can it be true at all, and does one imply another?

Used by the linter only, never by admission. Answers are cautious: `impossible` and `implies` say
True only when it is certain.
"""

from __future__ import annotations

from collections.abc import Mapping

from remit.authority.constraints import compile_constraint
from remit.authority.policy import Constraints, Operand

Operators = Mapping[str, Operand]


def impossible(operators: Operators) -> bool:
    """No value satisfies all of these.

    >>> impossible({"min": 5, "max": 4}), impossible({"in": ["a"], "nin": ["a"]})
    (True, True)
    """
    values = _listed(operators)
    if values is not None:
        return not any(_fits(value, operators) for value in values)
    low, high = operators.get("min"), operators.get("max")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        return True
    needed, allowed = operators.get("sup"), operators.get("sub")
    if isinstance(needed, list) and isinstance(allowed, list) and not set(needed) <= set(allowed):
        return True
    return operators.get("any") == []


def disjoint(first: Operators, second: Operators) -> bool:
    """No value satisfies both.

    >>> disjoint({"eq": "a"}, {"in": ["b", "c"]}), disjoint({"max": 5}, {"min": 5})
    (True, False)
    """
    for one, other in ((first, second), (second, first)):
        values = _listed(one)
        if values is not None and not any(_fits(v, one) and _fits(v, other) for v in values):
            return True
    low = max((each["min"] for each in (first, second) if "min" in each), default=None, key=_size)
    high = min((each["max"] for each in (first, second) if "max" in each), default=None, key=_size)
    if low is not None and high is not None and _size(low) > _size(high):
        return True
    return _prefixes_part(first.get("prefix"), second.get("prefix"))


def _size(operand: Operand) -> int:
    assert isinstance(operand, int)
    return operand


def _prefixes_part(one: Operand | None, other: Operand | None) -> bool:
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return not one.startswith(other) and not other.startswith(one)


def implies(stronger: Constraints, weaker: Constraints) -> bool:
    """Whatever satisfies `stronger` satisfies `weaker`.

    >>> implies({"a": {"eq": 5}, "b": {"eq": 1}}, {"a": {"min": 3}})
    True
    """
    return all(
        name in stronger and _operators_imply(stronger[name], operators)
        for name, operators in weaker.items()
    )


def _operators_imply(stronger: Operators, weaker: Operators) -> bool:
    values = _listed(stronger)
    if values is not None:
        fitting = [value for value in values if _fits(value, stronger)]
        return all(_fits(value, weaker) for value in fitting)
    return all(_one_implies(stronger, name, operand) for name, operand in weaker.items())


def _one_implies(stronger: Operators, operator: str, operand: Operand) -> bool:
    held = stronger.get(operator)
    if held is None:
        return False
    if held == operand:
        return True
    if operator == "min":
        return held > operand  # type: ignore[operator]
    if operator == "max":
        return held < operand  # type: ignore[operator]
    if operator == "prefix":
        return str(held).startswith(str(operand))
    one, other = set(held), set(operand)  # type: ignore[arg-type]
    return one <= other if operator in ("sub", "any") else one >= other


def _listed(operators: Operators) -> list[object] | None:
    """The finite values that `eq` or `in` name; None when there is neither."""
    if "eq" in operators:
        return [operators["eq"]]
    found = operators.get("in")
    return list(found) if isinstance(found, list) else None


def _fits(value: object, operators: Operators) -> bool:
    """Does this one value satisfy all operators for single values?"""
    for operator, operand in operators.items():
        test = compile_constraint("value", operator, operand, in_doubt=False)
        if not test({"value": value}):
            return False
    return True
