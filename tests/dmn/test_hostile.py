"""Bad and hostile input: answered with a documented error or a null, never with anything else."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit import dmn
from tests.dmn.writing import context, decision, input_data, knowledge, literal, model, needs, table

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
INPUTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)
EVERYTHING = model(
    '<itemDefinition name="tList" isCollection="true"><typeRef>number</typeRef>'
    "<allowedValues><text>&lt; 10, [20..30]</text></allowedValues></itemDefinition>",
    input_data("x", "tList"),
    input_data("y"),
    knowledge("f", "n: number", literal("n / y")),
    decision("a", table("x | y", "o|p", '< 5 | - => "a" | x', "- | y => y | 1", policy="PRIORITY"),
             needs(inputs="x,y")),
    decision("b", context(("one", literal("f(x[1])")), ("two", literal("a.o + y.z"))),
             needs(inputs="x,y", decisions="a", knowledge="f")),
    decision("c", table("b.one|a", "o", "> 1|- => 1", "null|- => y", policy="COLLECT",
                        aggregation="SUM"), needs(inputs="y", decisions="a,b"), "string"),
)  # fmt: skip
LOADED = [dmn.load(EVERYTHING, dialect="dmn"), dmn.load(EVERYTHING)]


@given(INPUTS, INPUTS)
def test_no_input_makes_an_evaluation_raise(x: Any, y: Any) -> None:
    for loaded in LOADED:
        result = loaded.evaluate("c", {"x": x, "y": y})

        assert result.failed is None or result.failure_message
        for each in result.decisions:
            assert len(each.matched_rules) <= 2


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200), st.integers(0, len(EVERYTHING)), st.integers(0, 40))
def test_no_file_makes_loading_raise_anything_else(noise: bytes, at: int, cut: int) -> None:
    content = EVERYTHING[:at] + noise + EVERYTHING[at + cut :]
    try:
        loaded = dmn.load(content, dialect="dmn")
    except dmn.DmnError:
        return
    for each in loaded.decisions:
        loaded.evaluate(each.id, {"x": 1})


@pytest.mark.parametrize("text", ["1 +", "(" * 5_000, "1 " * 50_000, "-" * 90_000, '"' * 99_999])
def test_hostile_texts_are_findings_at_once(text: str) -> None:
    start = time.process_time()
    loaded = dmn.load(
        model(decision("d", table("1", "o", f"{text} => 1")), decision("e", literal("1")))
    )

    assert time.process_time() - start < 1
    assert loaded.evaluate("e").value == 1
    assert loaded.evaluate("d").failed == "d"


def test_an_evaluation_that_asks_for_too_much_fails_the_decision() -> None:
    loaded = dmn.load(model(decision("d", literal("count(for i in 1..100000000 return i)"))))
    result = loaded.evaluate("d")

    assert result.failed == "d"
    assert "at most" in result.failure_message


def test_inputs_that_nest_too_deep_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(dmn.InputsRefused):
        LOADED[0].evaluate("c", {"x": deep})


def test_expressions_nested_in_xml_end_in_a_finding() -> None:
    nested = literal("1")
    for _ in range(220):
        nested = f"<list>{nested}</list>"

    with pytest.raises(dmn.UnreadableModel, match="nest more than"):
        dmn.load(model(decision("d", nested)))
