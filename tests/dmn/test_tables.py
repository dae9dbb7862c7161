"""Decision tables: hit policies, aggregations, defaults, allowed values, both dialects."""

from __future__ import annotations

from typing import Any

import pytest

from remit import dmn
from remit.feel import to_json
from tests.dmn.writing import decision, input_data, literal, model, needs, table


def loaded(logic: str, *, dialect: str = "dmn", inputs: str = "x") -> dmn.Model:
    data = [input_data(name) for name in inputs.split(",")]
    return dmn.load(
        model(*data, decision("d", logic, needs(inputs=inputs))),
        dialect=dialect,  # type: ignore[arg-type]
    )


def value(logic: str, x: object = None, **options: Any) -> Any:
    return to_json(loaded(logic, **options).evaluate("d", {"x": x}).value)


GRADES = ('>= 90 => "A"', '>= 50 => "B"', '- => "C"')


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("FIRST", "A"),
        ("PRIORITY", "C"),
        ("COLLECT", ["A", "B", "C"]),
        ("RULE ORDER", ["A", "B", "C"]),
        ("OUTPUT ORDER", ["C", "B", "A"]),
    ],
)
def test_a_policy_says_which_of_the_hits_count(policy: str, expected: object) -> None:
    logic = table("x", "o", *GRADES, policy=policy, output_values='"C", "B", "A"')

    assert value(logic, 95) == expected


def test_without_a_hit_the_value_is_null_or_the_default() -> None:
    for policy in ("UNIQUE", "FIRST", "ANY", "PRIORITY", "COLLECT", "RULE ORDER"):
        assert value(table("x", "o", "1 => 2", policy=policy), 3) is None
        assert value(table("x", "o", "1 => 2", policy=policy, default="7"), 3) == 7


def test_two_hits_of_a_unique_table_are_null_with_a_reason_in_the_standard() -> None:
    result = loaded(table("x", "o", "> 1 => 1", "> 2 => 2")).evaluate("d", {"x": 3})

    assert result.value is None
    assert result.failed is None
    assert "UNIQUE" in result.diagnostics[0].message


def test_two_hits_of_a_unique_table_fail_the_decision_in_zeebe() -> None:
    model_ = loaded(table("x", "o", "> 1 => 1", "> 2 => 2"), dialect="camunda")
    result = model_.evaluate("d", {"x": 3})

    assert result.value is None
    assert result.failed == "d"
    assert result.failure_message == (
        "multiple values aren't allowed for UNIQUE hit policy. found: '[1, 2]'"
    )
    assert [rule.index for rule in result.decisions[0].matched_rules] == [1, 2]


def test_any_takes_hits_that_agree() -> None:
    logic = table("x", "o|p", "> 1 => 1 | 2", "> 2 => 1 | 2", "> 3 => 1 | 3", policy="ANY")

    assert value(logic, 3) == {"o": 1, "p": 2}
    assert value(logic, 4) is None


@pytest.mark.parametrize(
    ("aggregation", "expected"), [("SUM", 6), ("COUNT", 3), ("MIN", 1), ("MAX", 3)]
)
def test_collect_aggregates_one_output(aggregation: str, expected: int) -> None:
    rules = ("> 0 => 1", "> 1 => 2", "> 2 => 3", "> 9 => 4")

    for dialect in ("dmn", "camunda"):
        logic = table("x", "o", *rules, policy="COLLECT", aggregation=aggregation)
        assert value(logic, 5, dialect=dialect) == expected


def test_numbers_add_up_exactly() -> None:
    logic = table("x", "o", "- => 0.1", "- => 0.2", policy="COLLECT", aggregation="SUM")

    assert str(loaded(logic).evaluate("d").value) == "0.3"


def test_the_priority_of_the_first_column_goes_before_that_of_the_second() -> None:
    logic = table(
        "x", "o|p", '- => "low" | 1', '- => "high" | 2', '- => "high" | 3',
        policy="OUTPUT ORDER", output_values='"high", "low"',
    )  # fmt: skip

    assert [each["p"] for each in value(logic)] == [2, 3, 1]


def test_an_input_that_is_not_allowed_gives_null_with_a_reason() -> None:
    logic = table("x", "o", "- => 1", allowed='"a", "b"')

    assert value(logic, "a") == 1
    result = loaded(logic).evaluate("d", {"x": "c"})
    assert result.value is None
    assert "no allowed input of 'x'" in result.diagnostics[0].message
    assert value(logic, "c", dialect="camunda") == 1  # Zeebe does not look at them


def test_a_cell_with_a_boolean_variable_is_compared_with_the_input() -> None:
    model_ = dmn.load(
        model(
            input_data("x"),
            input_data("y"),
            decision("d", table("x", "o", "y => 1", "not(y) => 2"), needs(inputs="x,y")),
        ),
        dialect="dmn",
    )

    assert model_.evaluate("d", {"x": False, "y": False}).value == 1
    assert model_.evaluate("d", {"x": True, "y": False}).value == 2


def test_a_cell_may_name_the_input_and_the_variables() -> None:
    logic = table("x", "o", "? > 2 * 3 => 1", "? in [1..x] => 2", policy="FIRST")

    assert value(logic, 7) == 1
    assert value(logic, 2) == 2
    assert value(logic, 0) is None


@pytest.mark.parametrize("given", [None, [1], {"a": 1}, "1", True])
def test_an_input_of_another_kind_hits_only_what_takes_all(given: object) -> None:
    logic = table("x", "o", "> 0 => 1", "- => 2", policy="COLLECT")

    assert value(logic, given, dialect="camunda") == [2]


def test_a_list_as_input_is_what_feel_makes_of_it() -> None:
    logic = table("x", "o", '["a"] => 1', 'list contains(?, "b") => 2', policy="COLLECT")

    assert value(logic, ["a"]) == [1]
    assert value(logic, ["a", "b"]) == [2]


def test_an_evaluation_tells_inputs_and_matched_rules() -> None:
    logic = table("x|x + 1", "o|p", "1|2 => 3|4", "1|- => 5|6", policy="COLLECT")
    told = loaded(logic, dialect="camunda").evaluate("d", {"x": 1}).decisions[0]

    assert (told.id, told.name, told.type) == ("d", "d", "DECISION_TABLE")
    assert told.inputs == (("in1", "x", 1), ("in2", "x + 1", 2))
    assert [(rule.id, rule.index, rule.outputs) for rule in told.matched_rules] == [
        ("rule1", 1, (("out1", "o", 3), ("out2", "p", 4))),
        ("rule2", 2, (("out1", "o", 5), ("out2", "p", 6))),
    ]


def test_the_first_hit_is_the_only_matched_rule_of_first() -> None:
    logic = table("x", "o", "> 0 => 1", "> 1 => 2", policy="FIRST")
    told = loaded(logic).evaluate("d", {"x": 5}).decisions[0]

    assert [rule.index for rule in told.matched_rules] == [1]


def test_a_table_without_rules_is_null() -> None:
    assert value(table("x", "o"), 1) is None


def test_an_output_is_evaluated_over_the_variables() -> None:
    assert value(table("x", "o", '- => {sum: x + 1, text: "<" + string(x)}'), 1) == {
        "sum": 2,
        "text": "<1",
    }


def test_the_table_fits_the_declared_type() -> None:
    logic = table("x", "o", "- => 1", "- => 2", policy="COLLECT", type_="string")
    result = loaded(logic).evaluate("d", {"x": 1})

    assert result.value is None
    assert result.diagnostics[0].message == "[1, 2] is no string"


def test_a_literal_decision_is_no_table() -> None:
    told = loaded(literal("x + 1")).evaluate("d", {"x": 1}).decisions[0]

    assert (told.type, told.value, told.inputs, told.matched_rules) == (
        "LITERAL_EXPRESSION", 2, (), (),
    )  # fmt: skip
