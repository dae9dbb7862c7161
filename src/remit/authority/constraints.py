"""Constraints: operator and operand become a closure over the facts.

    eq in nin   text, number, flag      min max   number      prefix   text
    sub         every one of the fact's texts is in the list (the fact is a subset)
    sup         every one of the list is among the fact's texts
    any         at least one of the fact's texts is in the list

A fact of another type than the operand's is as good as missing: `true` is no 1 and "5" is no 5, null
and NaN are nothing. A constraint on a missing fact is false in an allow clause and true in a deny
or duty clause: in doubt, no (T28). `nin` on a missing fact is no exception.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite

from remit.authority.policy import Clause, Operand
from remit.authority.vocabulary import Type

Test = Callable[[Mapping[str, object]], bool]

OPERATORS: dict[str, tuple[Type, ...]] = {
    "eq": ("text", "number", "flag"),
    "in": ("text", "number", "flag"),
    "nin": ("text", "number", "flag"),
    "min": ("number",),
    "max": ("number",),
    "prefix": ("text",),
    "sub": ("texts",),
    "sup": ("texts",),
    "any": ("texts",),
}
"""The types of fact that each operator is for."""

LISTS = {"in", "nin", "sub", "sup", "any"}
"""Operators that take a list."""


def misuse(attribute: str, declared: Type, operator: str, operand: Operand) -> str:
    """Why this constraint can mean nothing; empty when it is fine."""
    types = OPERATORS.get(operator)
    if types is None:
        return f"there is no operator {operator}; there are {', '.join(OPERATORS)}"
    if declared not in types and declared != "any":
        return f"{operator} is for {' or '.join(types)}, {attribute} is {declared}"
    if (operator in LISTS) != isinstance(operand, list):
        wanted = "a list" if operator in LISTS else "one value"
        return f"{operator} takes {wanted}"
    found = {type_of(item) for item in (operand if isinstance(operand, list) else [operand])}
    accepted = _item_types(declared, types)
    if not found <= accepted:
        return f"{attribute} {operator} takes {' or '.join(sorted(accepted))}, not {operand!r}"
    return "" if len(found) <= 1 else f"{attribute} {operator} mixes {' and '.join(sorted(found))}"


def _item_types(declared: Type, types: tuple[Type, ...]) -> set[str]:
    if types == ("texts",):
        return {"text"}
    return set(types) if declared == "any" else {declared}


def type_of(value: object) -> str:
    """The type of a fact or operand; empty for what counts as missing.

    >>> type_of(True), type_of(1), type_of(float("nan")), type_of(None)
    ('flag', 'number', '', '')
    """
    kind = value.__class__
    if kind is str:
        return "text"
    if kind is bool:
        return "flag"
    if kind is int:
        return "number"
    if kind is Decimal or kind is float:
        return "number" if isfinite(value) else ""  # type: ignore[arg-type]
    if kind in _COLLECTIONS and all(item.__class__ is str for item in value):  # type: ignore[attr-defined]
        return "texts"
    return ""


_COLLECTIONS = (list, tuple, set, frozenset)


def compile_clause(clause: Clause, *, in_doubt: bool) -> Test | None:
    """A test that is true when all constraints hold; None when there are none.

    `in_doubt` is what a constraint on a missing fact is.
    """
    tests = [
        compile_constraint(attribute, operator, operand, in_doubt=in_doubt)
        for attribute, operators in clause.on.items()
        for operator, operand in operators.items()
    ]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    first, rest = tests[0], tuple(tests[1:])

    def all_hold(facts: Mapping[str, object]) -> bool:
        if not first(facts):
            return False
        for test in rest:  # noqa: SIM110 - a generator would cost more than the tests
            if not test(facts):
                return False
        return True

    return all_hold


def compile_constraint(attribute: str, operator: str, operand: Operand, *, in_doubt: bool) -> Test:
    """One constraint as a closure. The operand was checked by `misuse`."""
    return _COMPILERS[operator](attribute, operand, in_doubt)


def _among(attribute: str, operand: Operand, in_doubt: bool, wanted: bool) -> Test:
    """`eq`, `in` and `nin`: is the fact one of these values of one type?"""
    values = frozenset(operand) if isinstance(operand, list) else frozenset((operand,))
    type_name = next((type_of(value) for value in values), "text")
    if type_name == "text":

        def test(facts: Mapping[str, object]) -> bool:
            fact = facts.get(attribute)
            return (fact in values) is wanted if fact.__class__ is str else in_doubt

    else:

        def test(facts: Mapping[str, object]) -> bool:
            fact = facts.get(attribute)
            return (fact in values) is wanted if type_of(fact) == type_name else in_doubt

    return test


def _equal(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    return _among(attribute, operand, in_doubt, True)


def _within(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    return _among(attribute, operand, in_doubt, True)


def _outside(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    return _among(attribute, operand, in_doubt, False)


def _at_least(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    def test(facts: Mapping[str, object]) -> bool:
        fact = facts.get(attribute)
        if fact.__class__ is int or type_of(fact) == "number":
            return fact >= operand  # type: ignore[operator]
        return in_doubt

    return test


def _at_most(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    def test(facts: Mapping[str, object]) -> bool:
        fact = facts.get(attribute)
        if fact.__class__ is int or type_of(fact) == "number":
            return fact <= operand  # type: ignore[operator]
        return in_doubt

    return test


def _starts_with(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    assert isinstance(operand, str)
    prefix: str = operand

    def test(facts: Mapping[str, object]) -> bool:
        fact = facts.get(attribute)
        return fact.startswith(prefix) if isinstance(fact, str) else in_doubt

    return test


def _subset(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    allowed = frozenset(operand)  # type: ignore[arg-type]

    def test(facts: Mapping[str, object]) -> bool:
        fact = facts.get(attribute)
        return allowed.issuperset(fact) if type_of(fact) == "texts" else in_doubt  # type: ignore[arg-type]

    return test


def _superset(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    needed = frozenset(operand)  # type: ignore[arg-type]

    def test(facts: Mapping[str, object]) -> bool:
        fact = facts.get(attribute)
        return needed.issubset(fact) if type_of(fact) == "texts" else in_doubt  # type: ignore[arg-type]

    return test


def _overlaps(attribute: str, operand: Operand, in_doubt: bool) -> Test:
    wanted = frozenset(operand)  # type: ignore[arg-type]

    def test(facts: Mapping[str, object]) -> bool:
        fact = facts.get(attribute)
        return not wanted.isdisjoint(fact) if type_of(fact) == "texts" else in_doubt  # type: ignore[arg-type]

    return test


_COMPILERS: dict[str, Callable[[str, Operand, bool], Test]] = {
    "eq": _equal,
    "in": _within,
    "nin": _outside,
    "min": _at_least,
    "max": _at_most,
    "prefix": _starts_with,
    "sub": _subset,
    "sup": _superset,
    "any": _overlaps,
}
assert set(_COMPILERS) == set(OPERATORS)
