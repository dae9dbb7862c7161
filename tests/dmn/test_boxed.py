"""Boxed expressions, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from remit import dmn
from remit.feel import to_json
from tests.dmn.writing import context, decision, input_data, knowledge, literal, model, needs, table


def result(logic: str, x: object = None, *others: str, required: str = "") -> dmn.Result:
    content = model(input_data("x"), *others, decision("d", logic, needs(inputs="x") + required))
    loaded = dmn.load(content, dialect="dmn")
    assert loaded.refusal() == ""
    return loaded.evaluate("d", {"x": x})


def value(logic: str, x: object = None, *others: str, required: str = "") -> Any:
    return to_json(result(logic, x, *others, required=required).value)


def part(name: str, text: str) -> str:
    return f"<{name}>{literal(text)}</{name}>"


def test_later_entries_of_a_context_see_the_earlier_ones() -> None:
    logic = context(("one item", literal("x + 1")), ("two", literal("one item * 2")))

    assert value(logic, 1) == {"one item": 2, "two": 4}


def test_an_entry_without_a_name_is_the_result() -> None:
    assert value(context(("a", literal("x")), literal("a + 1")), 1) == 2


def test_an_entry_may_be_a_table_or_another_context() -> None:
    logic = context(
        ("kind", table("x", "o", '> 1 => "big"', '- => "small"', policy="FIRST")),
        ("inner", context(("again", literal("kind")))),
        literal("inner.again"),
    )

    assert value(logic, 2) == "big"


def test_a_function_entry_can_be_called_and_sees_what_is_around_it() -> None:
    function = (
        '<functionDefinition><formalParameter name="n" typeRef="number"/>'
        f"{literal('n * x')}</functionDefinition>"
    )
    called = context(("times", function), literal("[times(2), times(n: 3), times(true)]"))

    assert value(called, 5) == [10, 15, None]


def test_an_invocation_names_its_arguments() -> None:
    bkm = knowledge("pay rate", "gross: number, tax: number", literal("gross - tax"))
    logic = (
        f"<invocation>{literal('pay rate')}"
        f'<binding><parameter name="tax"/>{literal("2")}</binding>'
        f'<binding><parameter name="gross"/>{literal("x")}</binding></invocation>'
    )

    assert value(logic, 10, bkm, required=needs(knowledge="pay rate")) == 8


@pytest.mark.parametrize("name", ["other", "gross, tax, more"])
def test_an_invocation_with_other_names_is_null_with_a_reason(name: str) -> None:
    bkm = knowledge("net", "gross, tax", literal("gross"))
    bindings = "".join(
        f'<binding><parameter name="{each.strip()}"/>{literal("1")}</binding>'
        for each in name.split(",")
    )
    told = result(
        f"<invocation>{literal('net')}{bindings}</invocation>", 1, bkm,
        required=needs(knowledge="net"),
    )  # fmt: skip

    assert told.value is None
    assert told.diagnostics[0].kind == "FUNCTION_INVOCATION_FAILURE"


def test_an_invocation_of_no_function_is_null_with_a_reason() -> None:
    told = result(f"<invocation>{literal('x')}</invocation>", 1)

    assert told.value is None
    assert told.diagnostics[0].kind == "NO_FUNCTION_FOUND"


def test_a_relation_is_a_list_of_contexts() -> None:
    ann, bo, unknown = (literal(f'"{text}"') for text in ("Ann", "Bo", "?"))
    logic = (
        '<relation><column name="name"/><column name="age" typeRef="number"/>'
        f"<row>{ann}{literal('x')}</row><row>{bo}{unknown}</row></relation>"
    )

    assert value(logic, 40) == [{"name": "Ann", "age": 40}, {"name": "Bo", "age": None}]


def test_a_list_has_its_items_in_order() -> None:
    assert value(f"<list>{literal('x')}{literal('x + 1', 'string')}</list>", 1) == [1, None]


@pytest.mark.parametrize(
    ("given", "expected"), [(True, "yes"), (False, "no"), (None, "no"), ("true", None)]
)
def test_a_conditional_needs_a_boolean(given: object, expected: object) -> None:
    parts = part("if", "x") + part("then", '"yes"') + part("else", '"no"')

    assert value(f"<conditional>{parts}</conditional>", given) == expected


@pytest.mark.parametrize(
    ("source", "match", "expected"),
    [
        ("[1, 2, 3]", "item > 1", [2, 3]),
        ("[{a: 1}, {a: 2}, {b: 3}]", "a > 1", [{"a": 2}]),
        ("[{item: 1}, {item: 5}]", "item > 2", [{"item": 5}]),
        ("3", "item > 1", [3]),
        ("null", "true", None),
        ("[1, 2]", "item", None),
        ("[]", "item > 1", []),
    ],
)
def test_a_filter_keeps_what_matches(source: str, match: str, expected: object) -> None:
    assert value(f"<filter>{part('in', source)}{part('match', match)}</filter>") == expected


def _loop(name: str, source: str, body: str, ending: str) -> str:
    parts = part("in", source) + part(ending, body)
    return f'<{name} iteratorVariable="each">{parts}</{name}>'


@pytest.mark.parametrize(
    ("source", "body", "expected"),
    [
        ("[1, 2, 3]", "each * 2", [2, 4, 6]),
        ("[1, 1, 1]", "count(partial) + each", [1, 2, 3]),
        ("[]", "each", []),
        ("null", "each", None),
    ],
)
def test_for_makes_a_list(source: str, body: str, expected: object) -> None:
    assert value(_loop("for", source, body, "return")) == expected


@pytest.mark.parametrize(
    ("quantifier", "source", "condition", "expected"),
    [
        ("some", "[1, 2]", "each > 1", True),
        ("some", "[1, 2]", "each > 2", False),
        ("some", "[]", "true", False),
        ("every", "[1, 2]", "each > 0", True),
        ("every", "[1, 2]", "each > 1", False),
        ("every", "[]", "false", True),
        ("some", "[1, 2]", "each", None),
        ("every", "[true, 1]", "each", None),
    ],
)
def test_quantifiers_need_booleans(
    quantifier: str, source: str, condition: str, expected: object
) -> None:
    assert value(_loop(quantifier, source, condition, "satisfies")) is expected


def test_boxed_expressions_stand_in_each_other() -> None:
    inner = f"<list>{literal('x')}{literal('x * 2')}</list>"
    logic = (
        f'<for iteratorVariable="each"><in>{inner}</in><return>'
        f"{context(('twice', literal('each * 2')), literal('twice + x'))}</return></for>"
    )

    assert value(logic, 3) == [9, 15]


def test_a_java_method_of_the_registry_runs_and_no_other() -> None:
    def external(class_: str, signature: str) -> str:
        return (
            '<functionDefinition kind="Java"><formalParameter name="a"/>'
            '<formalParameter name="b"/>'
            + context(
                ("class", literal(f'"{class_}"')), ("method signature", literal(f'"{signature}"'))
            )
            + "</functionDefinition>"
        )

    known = context(("f", external("java.lang.Math", "max(int, int)")), literal("f(x, 4)"))
    unknown = context(("f", external("java.lang.Runtime", "exit(int, int)")), literal("f(x, 4)"))

    assert value(known, 3) == 4
    assert value(known, 1.5) is None
    assert value(unknown, 3) is None


def test_an_external_function_can_be_written_in_feel() -> None:
    text = (
        'function(n) external {java: {class: "java.lang.Integer", '
        'method signature: "valueOf(java.lang.String)"}}'
    )

    assert value(context(("f", literal(text)), literal("f(x)")), "42") == 42
    assert value(context(("f", literal(text)), literal("f(x)")), "4x") is None
