"""The cells that most tables consist of: tests of an input against constants.

`constant_test` recognises them by their shape alone, many times faster than the FEEL compiler:
`-`, literals, comparisons and intervals of numbers, lists of these, and `not(…)` around them. It
tells what values pass; any other cell is left to FEEL. Both must agree: a property test holds one
against the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from remit.feel import numbers
from remit.feel.kinds import kind_of

_NUMBER: Final = r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_CONSTANT: Final = rf"{_NUMBER}|{_STRING}|true|false"
_TEST: Final = re.compile(
    rf"""\s*(?:
      (?P<operator><=|>=|<|>)\s*(?P<end>{_NUMBER})
      |(?P<value>{_CONSTANT})
      |(?P<open>[\[(\]])\s*(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})\s*(?P<close>[\])\[])
    )\s*(?P<more>,|\Z)""",
    re.VERBOSE | re.ASCII,
)
_NEGATED: Final = re.compile(r"\s*not\s*\((?P<inner>.*)\)\s*\Z", re.DOTALL)
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers between two ends; None is no end."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Test:
    """Passed by one of `values` and by what lies in an interval; or, `negated`, by all others.

    `matches_all` is the test `-`.
    """

    values: tuple[Any, ...] = ()
    intervals: tuple[Interval, ...] = ()
    negated: bool = False
    matches_all: bool = False


ALL: Final = Test(matches_all=True)


def constant_test(text: str) -> Test | None:
    """The test that a cell means, or None when only FEEL can tell.

    >>> constant_test('"a", "b"').values, constant_test("< 5").intervals[0].high
    (('a', 'b'), 5)
    >>> constant_test("x + 1") is None
    True
    """
    stripped = text.strip()
    if stripped in ("", "-"):
        return ALL
    if len(stripped) > _LONGEST:
        return None
    negated = _NEGATED.match(stripped)
    return _tests(negated["inner"] if negated else stripped, negated=negated is not None)


def constant_value(text: str) -> tuple[Any] | None:
    """The value of a literal, or None when the text is anything else.

    >>> constant_value('"x"'), constant_value("1.50"), constant_value("a")
    (('x',), (Decimal('1.50'),), None)
    """
    stripped = text.strip()
    if re.fullmatch(_CONSTANT, stripped, re.ASCII) is None:
        return None
    value = _value(stripped)
    return None if value is None else (value,)


def _tests(text: str, *, negated: bool) -> Test | None:
    values: list[Any] = []
    intervals: list[Interval] = []
    at = 0
    while True:
        match = _TEST.match(text, at)
        if match is None:
            return None
        found = _value(match["value"]) if match["value"] else _interval(match)
        if found is None:
            return None
        (intervals if isinstance(found, Interval) else values).append(found)
        at = match.end()
        if match["more"] != ",":
            return _test(tuple(values), tuple(intervals), negated=negated)


def _test(
    values: tuple[Any, ...], intervals: tuple[Interval, ...], *, negated: bool
) -> Test | None:
    """A negated test needs constants of one kind: for another the outcome is null, not true."""
    if negated:
        kinds = {kind_of(value) for value in values} | ({"number"} if intervals else set())
        if len(kinds) != 1:
            return None
    return Test(values, intervals, negated)


def _interval(match: re.Match[str]) -> Interval | None:
    operator = match["operator"]
    if operator is None:
        low, high = _value(match["low"]), _value(match["high"])
        if low is None or high is None or low > high:
            return None
        return Interval(low, high, match["open"] == "[", match["close"] == "]")
    end = _value(match["end"])
    if end is None:
        return None
    if operator[0] == "<":
        return Interval(None, end, False, operator == "<=")
    return Interval(end, None, operator == ">=", False)


def _value(text: str) -> Any:
    """The constant; None when only FEEL knows it (escapes, numbers beyond decimal128)."""
    if text[0] == '"':
        return None if "\\" in text else text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    if text[0] == "-":
        value = numbers.from_text(text[1:])
        return None if value is None else -value
    return numbers.from_text(text)
