"""Declared types: conversion, constraints, contexts, functions (7.3.3, 10.3.2.9)."""

from __future__ import annotations

from html import escape

import pytest

from remit import dmn
from tests.dmn.writing import decision, input_data, knowledge, literal, model, needs


def item(name: str, inner: str, *, collection: bool = False) -> str:
    many = ' isCollection="true"' if collection else ""
    return f'<itemDefinition name="{name}"{many}>{inner}</itemDefinition>'


def ref(name: str) -> str:
    return f"<typeRef>{name}</typeRef>"


def allowed(tests: str, element: str = "allowedValues") -> str:
    return f"<{element}><text>{escape(tests)}</text></{element}>"


def component(name: str, inner: str) -> str:
    return f'<itemComponent name="{name}">{inner}</itemComponent>'


TYPES = (
    item("tGrade", ref("string") + allowed('"A", "B"')),
    item("tGrades", ref("tGrade"), collection=True),
    item("tFew", ref("number") + allowed("count(?) < 3", "typeConstraint"), collection=True),
    item("tSmall", ref("number") + allowed("[0..9]", "typeConstraint")),
    item("tPerson", component("name", ref("string")) + component("grade", ref("tGrade"))),
    item("tTree", component("value", ref("number")) + component("sons", ref("tForest"))),
    item("tForest", ref("tTree"), collection=True),
    item("tTimes", '<functionItem outputTypeRef="number"><parameters name="n" typeRef="number"/>'
         "</functionItem>"),
)  # fmt: skip


def loaded(type_: str) -> dmn.Model:
    content = model(*TYPES, input_data("x", type_), decision("d", literal("x"), needs(inputs="x")))
    found = dmn.load(content, dialect="dmn")
    assert found.findings == ()
    return found


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        ("number", 1, 1),
        ("number", "1", None),
        ("number", True, None),
        ("number", [1], 1),
        ("number", [1, 2], None),
        ("Any", [1], [1]),
        ("", {"a": 1}, {"a": 1}),
        ("tGrade", "A", "A"),
        ("tGrade", "C", None),
        ("tGrade", None, None),
        ("tGrades", ["A", "B"], ["A", "B"]),
        ("tGrades", ["A", None], ["A", None]),
        ("tGrades", ["A", "C"], None),
        ("tGrades", "A", ["A"]),
        ("tGrades", None, None),
        ("tFew", [1, 2], [1, 2]),
        ("tFew", [1, 2, 3], None),
        ("tSmall", 9, 9),
        ("tSmall", 10, None),
        ("tPerson", {"name": "n", "grade": "A"}, {"name": "n", "grade": "A"}),
        ("tPerson", {"name": "n", "grade": "A", "age": 1}, {"name": "n", "grade": "A", "age": 1}),
        ("tPerson", {"name": "n", "grade": None}, {"name": "n", "grade": None}),
        ("tPerson", {"name": "n"}, None),
        ("tPerson", {"name": "n", "grade": "C"}, None),
        ("tTree", {"value": 1, "sons": []}, {"value": 1, "sons": []}),
        ("tTree", {"value": 1, "sons": [{"value": "x", "sons": []}]}, None),
    ],
)
def test_a_value_fits_or_is_null_with_a_reason(type_: str, given: object, expected: object) -> None:
    result = loaded(type_).evaluate("d", {"x": given})

    assert result.value == expected
    assert result.value.__class__ is expected.__class__
    lost = expected is None and given is not None
    assert [each.kind for each in result.diagnostics] == (["INVALID_TYPE"] if lost else [])


def test_zeebe_makes_nothing_fit() -> None:
    content = model(*TYPES, input_data("x", "tGrade"), decision("d", literal("x"), "", "number"))

    assert dmn.load(content).evaluate("d", {"x": [7]}).value == [7]


def test_a_date_becomes_its_midnight_where_a_date_and_time_is_wanted() -> None:
    content = model(decision("d", literal('date("2024-02-29")'), "", "date and time"))

    assert str(dmn.load(content, dialect="dmn").evaluate("d").value) == "2024-02-29T00:00:00Z"


def test_instance_of_looks_at_the_type_and_not_at_its_constraints() -> None:
    text = '["C" instance of tGrade, {name: "n", grade: null} instance of tPerson]'
    content = model(*TYPES, decision("d", literal(text)))

    assert dmn.load(content, dialect="dmn").evaluate("d").value == [True, True]


def test_a_function_parameter_takes_functions_of_its_type() -> None:
    content = model(
        *TYPES,
        knowledge("apply", "f: tTimes", literal("f(3)")),
        decision(
            "d",
            literal("[apply(function(n: number) n * 2), apply(function(a, b) a), apply(1)]"),
            needs(knowledge="apply"),
        ),
    )

    assert dmn.load(content, dialect="dmn").evaluate("d").value == [6, None, None]


def test_a_result_is_made_to_fit_where_it_is_declared() -> None:
    content = model(
        knowledge("f", "", literal("[1]", "number")),
        knowledge("g", "", literal('"a"'), type_="number"),
        decision("d", literal("[f(), g()]"), needs(knowledge="f,g")),
    )

    assert dmn.load(content, dialect="dmn").evaluate("d").value == [1, None]


def test_an_unknown_type_is_a_finding() -> None:
    content = model(item("tX", ref("tNowhere")), decision("d", literal("1"), "", "tElsewhere"))
    rules = [(each.rule, each.is_error) for each in dmn.load(content, dialect="dmn").findings]

    assert ("type", False) in rules
