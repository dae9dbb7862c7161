"""The requirements graph: scopes, knowledge, services, imports, and what is broken."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from remit import dmn
from remit.feel import to_json
from tests.dmn.writing import (
    decision,
    input_data,
    knowledge,
    literal,
    model,
    needs,
    service,
    table,
)


def load(*elements: str, dialect: Any = "dmn") -> dmn.Model:
    return dmn.load(model(*elements), dialect=dialect)


def chain() -> dmn.Model:
    return load(
        input_data("x", "number"),
        decision("c", literal("a + b"), needs(decisions="a,b")),
        decision("b", literal("a * 10"), needs(decisions="a")),
        decision("a", literal("x + 1"), needs(inputs="x")),
    )


def test_required_decisions_come_first_each_once() -> None:
    result = chain().evaluate("c", {"x": 1})

    assert result.value == 22
    assert [each.id for each in result.decisions] == ["a", "b", "c"]


def test_a_decision_is_found_by_id_name_and_namespace() -> None:
    loaded = load(decision("my decision", literal("1")))

    for asked in ("my_decision", "my decision", "{main}my_decision"):
        assert loaded.evaluate(asked).value == 1
    with pytest.raises(dmn.UnknownDecision, match="no decision or service 'other'"):
        loaded.evaluate("other")


def test_a_value_given_for_a_decision_stands_for_it() -> None:
    result = chain().evaluate("c", {"a": 5})

    assert result.value == 55
    assert [each.id for each in result.decisions] == ["b", "c"]


def test_a_decision_without_logic_is_null_unless_it_is_given() -> None:
    loaded = load(
        decision("said", "", type_="string"),
        decision("d", literal('said + "!"'), needs(decisions="said")),
    )

    assert loaded.evaluate("d", {"said": "yes"}).value == "yes!"
    assert loaded.evaluate("said", {"said": "yes"}).value == "yes"
    assert loaded.evaluate("d").value is None


def test_a_decision_sees_what_it_requires_and_nothing_else() -> None:
    loaded = load(input_data("x"), input_data("y"), decision("d", literal("y"), needs(inputs="x")))
    result = loaded.evaluate("d", {"x": 1, "y": 2})

    assert result.value is None
    assert result.diagnostics[0].kind == "NO_VARIABLE_FOUND"


def test_in_zeebe_a_decision_sees_all_variables() -> None:
    loaded = load(decision("d", literal("y + 1")), dialect="camunda")

    assert loaded.evaluate("d", {"y": 2}).value == 3


@pytest.mark.parametrize("name", ["first_step", "outcome"])
def test_in_zeebe_a_required_decision_is_seen_by_variable_and_id(name: str) -> None:
    first = '<decision id="first_step" name="first"><variable name="outcome"/>{}</decision>'
    loaded = load(
        first.format(literal("1")),
        decision("d", literal(f"{name} + 1"), needs(decisions="first_step")),
        dialect="camunda",
    )

    assert loaded.evaluate("d", {name: 100}).value == 2


def test_knowledge_sees_its_parameters_and_the_knowledge_it_requires() -> None:
    loaded = load(
        input_data("x"),
        knowledge("inner", "n", literal("n + 1")),
        knowledge("outer", "n", literal("[inner(n), x]"), needs(knowledge="inner")),
        decision("d", literal("outer(x)"), needs(inputs="x", knowledge="outer")),
    )

    assert loaded.evaluate("d", {"x": 1}).value == [2, None]


def test_knowledge_may_call_itself() -> None:
    loaded = load(
        knowledge("factorial", "n: number", literal("if n <= 1 then 1 else n * factorial(n - 1)")),
        decision("d", literal("factorial(20)"), needs(knowledge="factorial")),
    )

    assert loaded.evaluate("d").value == 2432902008176640000


def test_endless_recursion_fails_the_decision_and_nothing_else() -> None:
    loaded = load(
        knowledge("endless", "n", literal("endless(n + 1)")),
        decision("d", literal("endless(1)"), needs(knowledge="endless")),
        decision("e", literal("1")),
    )
    result = loaded.evaluate("d")

    assert result.value is None
    assert result.failed == "d"
    assert loaded.evaluate("e").value == 1


def test_knowledge_is_not_called_with_what_does_not_fit() -> None:
    loaded = load(
        knowledge("f", "n: number", literal("[n]")),
        decision("d", literal('[f("a"), f([1]), f(null), f(), f(1, 2)]'), needs(knowledge="f")),
    )

    assert loaded.evaluate("d").value == [None, [1], [None], None, None]


def test_knowledge_may_be_a_table_and_be_handed_on_as_a_value() -> None:
    loaded = load(
        knowledge("size", "n: number", table("n", "o", '> 9 => "L"', '<= 9 => "S"')),
        decision("d", literal("for f in [size] return f(10)"), needs(knowledge="size")),
    )

    assert loaded.evaluate("d").value == ["L"]


def services() -> dmn.Model:
    return load(
        input_data("x", "number"),
        decision("rate", literal("2")),
        decision("inner", literal("x * rate"), needs(inputs="x", decisions="rate")),
        decision("sum", literal("inner + 1"), needs(decisions="inner")),
        decision("text", literal("string(inner)"), needs(decisions="inner")),
        service("one", "sum", inputs="x", decisions="rate", inner="inner"),
        service("both", "sum,text", inputs="x", decisions="rate", inner="inner"),
        decision("call", literal("one(3, 10)"), needs(knowledge="one")),
        decision("named", literal("both(rate: 1, x: 3)"), needs(knowledge="both")),
        decision("wrong", literal('[one("a", 1), one(1), one(1, 2, 3)]'), needs(knowledge="one")),
    )


def test_a_service_takes_its_input_data_and_input_decisions() -> None:
    assert services().evaluate("one", {"x": 3, "rate": 10}).value == 31
    assert services().evaluate("call").value == 31


def test_a_service_with_several_outputs_gives_a_context() -> None:
    assert services().evaluate("both", {"x": 3, "rate": 1}).value == {"sum": 4, "text": "3"}
    assert services().evaluate("named").value == {"sum": 4, "text": "3"}


def test_a_service_does_not_evaluate_its_input_decisions() -> None:
    result = services().evaluate("one", {"x": 3})

    assert result.value is None
    assert [each.id for each in result.decisions] == ["inner", "sum"]


def test_a_service_called_wrongly_is_null() -> None:
    assert services().evaluate("wrong").value == [None, None, None]


def test_in_zeebe_what_fails_in_a_service_fails_the_caller() -> None:
    loaded = load(
        input_data("x"),
        decision("inner", table("x", "o", "> 1 => 1", "> 2 => 2"), needs(inputs="x")),
        service("s", "inner", inputs="x"),
        decision("d", literal("s(n)"), needs(knowledge="s")),
        dialect="camunda",
    )

    assert loaded.evaluate("d", {"n": 2}).value == 1
    assert loaded.evaluate("d", {"n": 3}).failed == "d"


def test_imported_elements_have_the_name_of_the_import_before_theirs() -> None:
    imported = model(
        '<itemDefinition name="tAge"><typeRef>number</typeRef></itemDefinition>',
        input_data("his age", "tAge"),
        decision("next year", literal("his age + 1"), needs(inputs="his age")),
        knowledge("double", "n", literal("n * 2")),
        namespace="other",
    )
    main = model(
        decision(
            "d",
            literal("[my lib.next year, my lib.double(my lib.his age), 1 instance of my lib.tAge]"),
            needs(inputs="other#his_age", decisions="other#next_year", knowledge="other#double"),
        ),
        imports=[("my lib", "other")],
    )
    loaded = dmn.load([main, imported], dialect="dmn")

    assert loaded.refusal() == ""
    assert loaded.evaluate("d", {"his age": 4}).value == [5, 8, True]
    assert loaded.evaluate("d", {"{other}his age": 4}).value == [5, 8, True]


def test_an_import_without_a_name_needs_no_prefix() -> None:
    imported = model(
        '<itemDefinition name="tAge"><typeRef>number</typeRef></itemDefinition>',
        decision("a", literal("1")),
        namespace="other",
    )
    main = model(
        decision("d", literal("a + 1"), needs(decisions="other#a"), "tAge"), imports=[("", "other")]
    )

    assert dmn.load([main, imported], dialect="dmn").evaluate("d").value == 2


def test_a_service_names_imported_parameters_with_the_import() -> None:
    imported = model(input_data("x", "number"), namespace="other")
    twice = decision("twice", literal("lib.x * 2"), needs(inputs="other#x"))
    served = service("s", "twice").replace(
        "</decisionService>", '<inputData href="other#x"/></decisionService>'
    )
    binding = f'<binding><parameter name="lib.x"/>{literal("2")}</binding>'
    named = decision(
        "named", f"<invocation>{literal('s')}{binding}</invocation>", needs(knowledge="s")
    )
    placed = decision("placed", literal("[s(4), s(x: 2)]"), needs(knowledge="s"))
    main = model(twice, served, named, placed, imports=[("lib", "other")])
    loaded = dmn.load([main, imported], dialect="dmn")

    assert loaded.evaluate("named").value == 4
    assert loaded.evaluate("placed").value == [8, None]


def test_two_files_may_use_the_same_ids() -> None:
    imported = model(decision("d", literal('"imported"')), namespace="other")
    main = model(
        decision("d", literal('lib.d + " and here"'), needs(decisions="other#d")),
        imports=[("lib", "other")],
    )
    loaded = dmn.load([main, imported], dialect="dmn")

    assert loaded.evaluate("d").value == "imported and here"
    assert loaded.evaluate("{other}d").value == "imported"


def test_one_broken_decision_leaves_the_others() -> None:
    for dialect in ("dmn", "camunda"):
        loaded = load(
            decision("broken", literal("1 +")),
            decision("after", literal("broken"), needs(decisions="broken")),
            decision("fine", literal("2")),
            dialect=dialect,
        )

        assert loaded.evaluate("fine").value == 2
        result = loaded.evaluate("after")
        assert result.value is None
        assert result.failed == "broken"
        assert "failed to parse expression" in result.failure_message


def test_a_circle_of_requirements_breaks_those_in_it() -> None:
    loaded = load(
        decision("a", literal("b"), needs(decisions="b")),
        decision("b", literal("a"), needs(decisions="a")),
        decision("c", literal("3")),
    )

    assert loaded.evaluate("a").failed is not None
    assert loaded.evaluate("c").value == 3
    assert {each.rule for each in loaded.findings} == {"circle"}


def test_a_long_chain_needs_no_deep_stack() -> None:
    size = 5_000
    elements = [decision("d0", literal("1"))]
    for number in range(1, size):
        before = f"d{number - 1}"
        elements.append(decision(f"d{number}", literal(f"{before} + 1"), needs(decisions=before)))

    assert load(*elements[::-1]).evaluate(f"d{size - 1}").value == size


def test_the_clock_and_chance_come_from_the_caller() -> None:
    moment = datetime(2024, 2, 29, 12, tzinfo=UTC)
    loaded = load(decision("d", literal("[string(today()), random number()]")), dialect="camunda")

    told = loaded.evaluate("d", clock=moment, random=lambda: 0.25)
    assert told.value == ["2024-02-29", Decimal("0.25")]


def test_json_values_come_in_and_go_out() -> None:
    loaded = load(input_data("x"), decision("d", literal("x.price * 2"), needs(inputs="x")))

    assert to_json(loaded.evaluate("d", {"x": {"price": 1.05}}).value) == 2.1
