"""The index and the shapes of cells agree with FEEL, whatever the table and the inputs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remit import feel
from remit.dmn.cells import ALL, constant_test, constant_value
from remit.dmn.index import Column, Index, _places
from remit.dmn.place import Code, code_of
from remit.feel.evaluation import Evaluation

NUMBERS = st.integers(-3, 12) | st.sampled_from([Decimal("0.5"), Decimal("2.5"), Decimal("-1.25")])
STRINGS = st.sampled_from(["a", "b", "ab", "", "not(a)", "1", "x, y"])
CONSTANTS = st.one_of(
    NUMBERS.map(str), STRINGS.map(lambda text: f'"{text}"'), st.sampled_from(["true", "false"])
)
INTERVALS = st.tuples(
    st.sampled_from("[(]"), NUMBERS, NUMBERS, st.sampled_from("])[")
).map(lambda parts: f"{parts[0]}{min(parts[1:3])}..{max(parts[1:3])}{parts[3]}")  # fmt: skip
COMPARISONS = st.tuples(st.sampled_from(["<", "<=", ">", ">="]), NUMBERS).map(
    lambda parts: f"{parts[0]} {parts[1]}"
)
TESTS = st.lists(CONSTANTS | INTERVALS | COMPARISONS, min_size=1, max_size=3).map(", ".join)
CELLS = TESTS | TESTS.map(lambda tests: f"not({tests})") | st.sampled_from(["-", "", "? = 1", "y"])
VALUES = st.one_of(
    NUMBERS, STRINGS, st.booleans(), st.none(), st.lists(NUMBERS, max_size=2), st.just({"a": 1})
)


def run() -> Evaluation:
    return Evaluation(None, float, str, None)


def compiled(text: str) -> Code:
    return code_of(feel.compile(text.strip() or "-", dialect="dmn", unary=True))


def by_trying(rows: list[list[str]], values: list[Any], scope: dict[str, Any]) -> list[int]:
    """The rules that hold when FEEL tries them one after the other."""
    return [
        number
        for number, row in enumerate(rows)
        if all(
            compiled(cell)({**scope, "?": value}, run()) is True
            for cell, value in zip(row, values, strict=True)
        )
    ]


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=12), VALUES, VALUES)
@example([["1, true", "-"], ["not(1, 2)", "-"]], True, None)
@example([["(5..5)", "-"], ["[5..5]", "-"]], 5, None)
@example([["1, 1", "-"], ['"a", "a"', "-"]], 1, None)
def test_the_index_finds_the_rules_that_feel_finds(
    rows: list[list[str]], first: Any, second: Any
) -> None:
    columns = [
        Column([row[number] for row in rows], lambda text, rule: compiled(text))
        for number in range(2)
    ]
    scope = {"y": first}

    found = Index(columns, len(rows)).matching([first, second], scope, run())

    assert list(found) == by_trying(rows, [first, second], scope)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=1), max_size=8), VALUES)
def test_the_first_hit_is_the_first_of_all(rows: list[list[str]], value: Any) -> None:
    column = Column([row[0] for row in rows], lambda text, rule: compiled(text))
    index = Index([column], len(rows))

    every = list(index.matching([value], {"y": 1}, run()))

    assert list(index.matching([value], {"y": 1}, run(), first=True)) == every[:1]


@given(st.integers(0, 1 << 200))
def test_places_are_those_of_the_set_bits(bits: int) -> None:
    assert _places(bits) == [place for place in range(201) if bits >> place & 1]


@pytest.mark.parametrize("cell", ["-", "", "  - "])
def test_an_empty_cell_and_a_dash_take_all(cell: str) -> None:
    assert constant_test(cell) is ALL


@pytest.mark.parametrize(
    "cell", ["x", "1 + 1", '"a" + "b"', "[x..2]", r'"a\"b"', "not(1, \"a\")", "3..1", "[3..1]",
             'date("2020-01-01")', "null", "1 2", "1,", "<", "not(-)", "- 1 - 1"]
)  # fmt: skip
def test_only_feel_knows_the_rest(cell: str) -> None:
    assert constant_test(cell) is None


def test_a_literal_output_needs_no_compiler() -> None:
    assert constant_value(' "a" ') == ("a",)
    assert constant_value("-1.50") == (Decimal("-1.50"),)
    assert constant_value("false") == (False,)
    assert constant_value("a") is None
    assert constant_value("null") is None


def test_a_column_with_too_many_stretches_is_left_to_feel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit.dmn.index.MAX_STRETCH_BITS", 10)
    texts = [f"[{number}..{number + 5}]" for number in range(20)]
    column = Column(texts, lambda text, rule: compiled(text))

    assert list(Index([column], 20).matching([7], {}, run())) == [2, 3, 4, 5, 6, 7]
