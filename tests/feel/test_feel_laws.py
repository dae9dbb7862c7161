"""What holds for every text and all data."""

from __future__ import annotations

import datetime as clocks
import decimal
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit import feel
from remit.feel.builtins import CAMUNDA, DMN
from remit.feel.dialects import DIALECTS
from remit.feel.hot import COLD, generate

NOW = clocks.datetime(2026, 11, 20, 10, 30, tzinfo=clocks.UTC)
DIALECT = st.sampled_from(["camunda", "dmn"])

law: Callable[[Any], Any] = settings(max_examples=150, deadline=None, derandomize=True)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abxy"), inner),
    max_leaves=6,
)
LITERAL = st.sampled_from(
    (
        *("1", "0", "-2", "2.5", "1e30", '"a"', '"P1D"', "true", "false", "null", "a", "b", "item"),
        *('@"2024-02-29"', '@"P1M"', '@"-PT36H"', '@"10:00:00@Europe/Paris"', "[]", "{}", "?"),
        *('@"2024-03-31T01:30:00@Europe/Paris"', '@"-0001-01-01T00:00:00Z"', "[1..3]", "(< 5)"),
        *("[1, 2, null]", '["a", "b"]', "{a: 1, x: [2]}", "function(a, b) a < b", "1e-6000", "abs"),
    )
)
BUILTINS = tuple(sorted(CAMUNDA.keys() | DMN.keys()))


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """An expression around smaller ones."""
    operator = st.sampled_from(
        ("+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in")
    )
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda each: f"-({each})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]})[{p[1]}]"),
        st.tuples(inner, st.sampled_from(("a", "x", "year", "days", "start"))).map(
            lambda p: f"({p[0]}).{p[1]}"
        ),
        st.tuples(inner, inner, inner).map(lambda p: f"(if {p[0]} then {p[1]} else {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"(for a in {p[0]} return {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"(some b in {p[0]} satisfies {p[1]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} between {p[1]} and {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]}, {p[1]}]"),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]}..{p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"{{a: {p[0]}, x: {p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"(function(a) {p[0]})({p[1]})"),
        st.tuples(st.sampled_from(BUILTINS), st.lists(inner, max_size=4)).map(
            lambda p: f"{p[0]}({', '.join(p[1])})"
        ),
        inner.map(lambda each: f"({each} instance of list<number>)"),
    )


EXPRESSION = st.recursive(LITERAL, _wider, max_leaves=7)


@law
@given(st.text(alphabet="abi 123.+-*/()[]{}<>=,:\"'?@`\n%\\", max_size=40), DIALECT)
def test_no_text_raises_anything_but_a_feel_error(text: str, dialect: feel.Dialect) -> None:
    with suppress(feel.FeelError):
        feel.compile(text, dialect=dialect).evaluate({"a": 1, "b": [1, 2]}, clock=NOW)
    with suppress(feel.FeelError):
        feel.unary_tests(text, dialect=dialect).matches(1, {"a": 1, "b": [1, 2]}, clock=NOW)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(EXPRESSION, JSON, JSON, DIALECT)
def test_no_expression_raises_anything_but_a_feel_error(
    text: str, a: Any, b: Any, dialect: feel.Dialect
) -> None:
    with suppress(feel.FeelError):
        expression = feel.compile(text, dialect=dialect)
        explained = expression.evaluate_explained({"a": a, "b": b}, clock=NOW)
        feel.to_json(explained.value)
        feel.to_text(explained.value)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(EXPRESSION, JSON, JSON, DIALECT)
def test_the_same_data_give_the_same_value(
    text: str, a: Any, b: Any, dialect: feel.Dialect
) -> None:
    given_values = {"a": a, "b": b}

    def value() -> Any:
        try:
            expression = feel.compile(text, dialect=dialect)
            return feel.to_json(
                expression.evaluate(given_values, clock=NOW, random=lambda: 0.5, uuid=lambda: "u")
            )
        except feel.FeelError as fault:
            return str(fault)

    assert repr(value()) == repr(value())


SIMPLE = st.sampled_from(("a", "b", "c.a", "1", "2", '"a"', "true", "s", "null", "10"))


def _simply_wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(("+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or"))
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"(if {p[0]} then {p[1]} else {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} between {p[1]} and {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} in [{p[1]}..{p[2]}))"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} in ({p[1]}, < {p[2]}))"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} in [{p[1]}, {p[1]}])"),
        inner.map(lambda each: f"-({each})"),
    )


VALUE = st.none() | st.booleans() | st.integers(-5, 10**34) | st.floats() | st.sampled_from("abs")


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=1_000, deadline=None, derandomize=True)
@given(st.recursive(SIMPLE, _simply_wider, max_leaves=8), VALUE, VALUE, VALUE, VALUE, DIALECT)
def test_generated_code_answers_as_the_closures_do(
    text: str, a: Any, b: Any, c: Any, s: Any, dialect: feel.Dialect
) -> None:
    expression = feel.compile(text, dialect=dialect)
    seen: dict[str, Any] = {"a": 1, "b": 2, "c": {"a": 3}, "s": "a"}
    assert expression.tree is not None
    hot = generate(expression.tree, DIALECTS[dialect], seen)
    if hot is None:
        return

    for context in (seen, {"a": a, "b": b, "c": {"a": c}, "s": s}, {"a": a, "c": c}, {}):
        found = hot(context)
        if found is not COLD:
            assert repr(found) == repr(expression.evaluate_explained(context).value)


@law
@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.sampled_from("+-*"))
def test_whole_numbers_compute_as_in_python(a: int, b: int, operator: str) -> None:
    expected = {"+": a + b, "-": a - b, "*": a * b}[operator]

    assert feel.compile(f"a {operator} b").evaluate({"a": a, "b": b}) == expected


@law
@given(
    st.decimals(-(10**12), 10**12, places=6),
    st.decimals(-(10**12), 10**12, places=6),
    st.sampled_from("+-*/"),
)
def test_decimals_compute_as_ieee_754_decimal128_does(
    a: Decimal, b: Decimal, operator: str
) -> None:
    exact = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144)
    compute = {"+": exact.add, "-": exact.subtract, "*": exact.multiply, "/": exact.divide}
    expected = None if operator == "/" and b == 0 else compute[operator](a, b)

    assert feel.compile(f"a {operator} b").evaluate({"a": a, "b": b}) == expected


MOMENT = st.datetimes(clocks.datetime(1, 2, 1), clocks.datetime(9998, 12, 1))
LENGTH = st.timedeltas(clocks.timedelta(days=-20), clocks.timedelta(days=20))


@law
@given(MOMENT, LENGTH)
def test_moments_move_as_in_python(moment: clocks.datetime, length: clocks.timedelta) -> None:
    moved = feel.compile("m + d").evaluate({"m": moment, "d": length})

    assert feel.to_python(moved) == moment + length
    assert feel.to_json(moved).startswith((moment + length).isoformat().split(".")[0][:19])


@law
@given(MOMENT)
def test_dates_are_read_and_counted_as_in_python(moment: clocks.datetime) -> None:
    day = moment.date()
    text = '[day of year(d), week of year(d), d.weekday, string(d), d - date("1970-01-01")]'
    found = feel.compile(text, dialect="dmn").evaluate({"d": day})

    year, week, weekday = day.isocalendar()
    distance = feel.from_python(day - clocks.date(1970, 1, 1))
    assert found == [day.timetuple().tm_yday, week, weekday, day.isoformat(), distance]
    assert year in (day.year - 1, day.year, day.year + 1)


@law
@given(JSON)
def test_documents_come_back_as_they_went_in(document: Any) -> None:
    def plain(value: Any) -> Any:
        """Infinities and NaN have no place in JSON; a whole number is an int by what it shows."""
        if isinstance(value, float):
            if not abs(value) < float("inf"):
                return None
            shown = Decimal(repr(value))
            return int(shown) if shown == shown.to_integral_value() else value
        if isinstance(value, list):
            return [plain(each) for each in value]
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return value

    assert feel.to_json(feel.from_json(document)) == plain(document)


DOUBLED = "if i = 1 then [1] else [partial[-1], partial[-1]]"
HOSTILE = {
    "open brackets": "(" * 1_000_000,
    "a long text": '"' + "a" * 1_000_000,
    "brackets": "[" * 50_000 + "]" * 50_000,
    "a long sum": "1 + " * 20_000 + "1",
    "signs": "-" * 90_000 + "1",
    "a long path": "a" + ".a" * 49_000,
    "unfinished comments": "/* " * 33_000,
    "nested membership": "x in (" * 16_000,
    "a long loop": "for i in 1..100000000 return i",
    "nested loops": "for i in 1..10000, j in 1..10000 return i * j",
    "a power": "x ** 99999999",
    "a text that doubles": 'for i in 1..99 return if i = 1 then "aa" else partial[-1] + partial[-1]',
    "a list that doubles": f"string(for i in 1..60 return {DOUBLED})",
    "equal doubled lists": f"(for i in 1..60 return {DOUBLED}) = (for i in 1..60 return {DOUBLED})",
    "a deep list": "for i in 1..5000 return if i = 1 then [1] else [partial[-1]]",
    "a slow pattern": 'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a|a|aa)+$")',
    "a large pattern": 'matches("a", "((((a{999}){999}){999}){999}){999}")',
    "a large replacement": 'replace(string join(for i in 1..9999 return "aaaaaaaaaa"), "a",'
    ' string join(for i in 1..9999 return "aaaaaaaaaa"))',
    "endless recursion": "(function(f) f(f))(function(f) f(f))",
    "a large duration": 'string(duration("P999999999999999999D") * 1e6000)',
    "a large range": "for i in [1..1e30) return i",
    "all days": "for d in date(-999999999,1,1)..date(999999999,1,1) return d",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("dialect", ["camunda", "dmn"])
def test_hostile_expressions_are_answered_soon(name: str, dialect: feel.Dialect) -> None:
    began = time.process_time()
    with suppress(feel.FeelError):
        value = feel.compile(HOSTILE[name], dialect=dialect).evaluate({"x": 9, "a": 1})
        feel.to_json(value)

    assert time.process_time() - began < 3
