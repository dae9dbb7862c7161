"""Which rules hold, found by looking up instead of trying one after the other.

A set of rules is an int with a bit for each. Every column keeps such sets: of the rules with `-`, by
constant, and by the stretch of the number line that a number falls on, between the ends of all
intervals. A table's answer is the intersection over its columns. Cells that are no constants
(`cells.constant_test`) leave their rules in, and FEEL tries them on what is left at the end.

Values that are no number, string or boolean go to FEEL cell by cell.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from remit.dmn.cells import Interval, Test, constant_test
from remit.dmn.place import INPUT, Code, Scope
from remit.feel.evaluation import Evaluation
from remit.feel.kinds import kind_of

MAX_STRETCH_BITS: Final = 256 * 1024 * 1024
"""Bits that one column may spend on its stretches (32 MiB); beyond, FEEL tries its intervals."""

MAX_SINGLE_BITS: Final = 20
"""Hits up to which taking them off one by one is faster, measured with 1,000 rules."""

Compile = Callable[[str, int], Code]
"""Compiles the cell with this text, of the rule with this index, as unary tests."""


class Constants:
    """The rules of a column by constants of one kind.

    While cells are added, `rules` holds what a constant turns on, or off for the rules with `not(…)`
    in `others`. Once `settled` it has the whole answer for each constant, and `others` that for
    every other value.
    """

    __slots__ = ("others", "rules")

    def __init__(self) -> None:
        self.rules: dict[Any, int] = {}
        self.others = 0

    def settle(self, always: int) -> None:
        """Put in the rules that hold for every value."""
        others = self.others
        self.rules = {value: always | (rules ^ others) for value, rules in self.rules.items()}
        self.others = always | others


class Column:
    """One column of tests. Cells with the same text are one cell, whatever their number."""

    def __init__(self, texts: Sequence[str], compile_cell: Compile) -> None:
        self._compile = compile_cell
        self._cells: dict[str, int] = {}
        self._first_rule: dict[str, int] = {}
        self._codes: dict[str, Code] = {}
        self._texts = [text.strip() for text in texts]
        for rule, text in enumerate(self._texts):
            self._cells[text] = self._cells.get(text, 0) | 1 << rule
            self._first_rule.setdefault(text, rule)
        self._all = 0
        self._unsure = 0
        self._numbers = Constants()
        self._strings = Constants()
        self._booleans = Constants()
        self._cuts: list[Any] = []
        self._stretches: list[int] = []
        self._null: int | None = None
        self._sort_cells()
        self._always = self._all | self._unsure
        self._settle()

    def _sort_cells(self) -> None:
        spread: list[tuple[Test, int]] = []
        for text, rules in self._cells.items():
            test = constant_test(text)
            if test is None:
                self._unsure |= rules
                self.code(text)  # faults of a text are found now
            elif test.matches_all:
                self._all |= rules
            elif test.intervals:
                spread.append((test, rules))
            else:
                self._add_values(test, rules)
        self._add_stretches(spread)

    def _settle(self) -> None:
        for constants in (self._numbers, self._strings, self._booleans):
            constants.settle(self._always)
        self._intervals = self._stretches or [0]
        self._stretches = [self._numbers.others | rules for rules in self._intervals]

    def _add_values(self, test: Test, rules: int) -> None:
        for kind, value in _distinct(test):
            constants = self._constants(kind)
            constants.rules[value] = constants.rules.get(value, 0) ^ rules
        if test.negated:
            self._constants(kind_of(test.values[0])).others |= rules

    def _constants(self, kind: str) -> Constants:
        if kind == "number":
            return self._numbers
        return self._strings if kind == "string" else self._booleans

    def _add_stretches(self, spread: list[tuple[Test, int]]) -> None:
        cuts = sorted({end for test, _ in spread for end in _ends(test)})
        bits = (2 * len(cuts) + 1) * len(self._texts)
        if bits > MAX_STRETCH_BITS:
            for _, rules in spread:
                self._unsure |= rules
            return
        self._cuts = cuts
        changes = [0] * (2 * len(cuts) + 2)
        for test, rules in spread:
            self._add_changes(changes, test, rules)
            for kind, value in _distinct(test):
                if kind != "number":
                    constants = self._constants(kind).rules
                    constants[value] = constants.get(value, 0) ^ rules
        inside = 0
        for change in changes[:-1]:
            inside ^= change
            self._stretches.append(inside)

    def _add_changes(self, changes: list[int], test: Test, rules: int) -> None:
        """Where along the number line the rules come in and go out."""
        covered = sorted(self._covered(test))
        at = -1
        for first, last in covered:
            if last <= at or last < first:
                continue
            first = max(first, at + 1)
            changes[first] ^= rules
            changes[last + 1] ^= rules
            at = last
        if test.negated:
            changes[0] ^= rules

    def _covered(self, test: Test) -> Iterator[tuple[int, int]]:
        """First and last stretch of every interval and number; odd stretches are the cuts."""
        for interval in test.intervals:
            yield self._span(interval)
        for kind, value in _distinct(test):
            if kind == "number":
                place = 2 * bisect_left(self._cuts, value) + 1
                yield place, place

    def _span(self, interval: Interval) -> tuple[int, int]:
        first, last = 0, 2 * len(self._cuts)
        if interval.low is not None:
            first = 2 * bisect_left(self._cuts, interval.low) + (1 if interval.low_closed else 2)
        if interval.high is not None:
            last = 2 * bisect_left(self._cuts, interval.high) + (1 if interval.high_closed else 0)
        return first, last

    @property
    def unsure(self) -> int:
        """The rules whose cell FEEL has to try."""
        return self._unsure

    def holding(self, value: Any, scope: Scope, run: Evaluation) -> int:
        """The rules whose cell holds for a value, or may hold."""
        kind = value.__class__
        if kind is str:
            return self._strings.rules.get(value, self._strings.others)
        if kind is int or kind is Decimal:
            return self._number(value)
        if kind is bool:
            return self._booleans.rules.get(value, self._booleans.others)
        if value is None:
            if self._null is None:
                self._null = self._tried(value, scope, run)
            return self._null
        return self._tried(value, scope, run)

    def _number(self, value: Any) -> int:
        cuts, constants = self._cuts, self._numbers.rules
        place = bisect_left(cuts, value)
        is_cut = place < len(cuts) and cuts[place] == value
        if constants and value in constants:
            return constants[value] | self._intervals[2 * place + is_cut]
        return self._stretches[2 * place + is_cut]

    def _tried(self, value: Any, scope: Scope, run: Evaluation) -> int:
        """FEEL tries the constant cells, too: it knows what they mean for lists, dates, null …"""
        inner = {**scope, INPUT: value}
        found = self._always
        for text, rules in self._cells.items():
            if not rules & self._always and self.code(text)(inner, run) is True:
                found |= rules
        return found

    def code(self, text: str) -> Code:
        """The code of a cell, compiled when first needed."""
        found = self._codes.get(text)
        if found is None:
            found = self._codes[text] = self._compile(text, self._first_rule[text])
        return found

    def holds(self, rule: int, inner: Scope, run: Evaluation) -> bool:
        """Whether a rule's cell holds for the value `?` in a scope, as FEEL sees it."""
        return self.code(self._texts[rule])(inner, run) is True


def _ends(test: Test) -> Iterator[Any]:
    for interval in test.intervals:
        if interval.low is not None:
            yield interval.low
        if interval.high is not None:
            yield interval.high
    for kind, value in _distinct(test):
        if kind == "number":
            yield value


def _distinct(test: Test) -> set[tuple[str, Any]]:
    """The constants, each once, with their kinds: to Python, true is 1."""
    return {(kind_of(value), value) for value in test.values}


def _places(rules: int) -> list[int]:
    """The places of the bits that are set. Few are taken off one by one; many are found faster in
    the text of the number.

    >>> _places(0b1101)
    [0, 2, 3]
    """
    found: list[int] = []
    if rules.bit_count() <= MAX_SINGLE_BITS:
        while rules:
            place = rules.bit_length() - 1
            found.append(place)
            rules ^= 1 << place
        found.reverse()
        return found
    bits = bin(rules)[:1:-1]
    place = bits.find("1")
    while place >= 0:
        found.append(place)
        place = bits.find("1", place + 1)
    return found


class Index:
    """The rules of one table."""

    def __init__(self, columns: Sequence[Column], rules: int) -> None:
        self._columns = columns
        self._every = (1 << rules) - 1
        self._unsure = 0
        for column in columns:
            self._unsure |= column.unsure

    def matching(
        self, tested: Sequence[Any], scope: Scope, run: Evaluation, *, first: bool = False
    ) -> Sequence[int]:
        """The rules that hold, in their order, from 0; only the first one when that is enough."""
        left = self._every
        for column, value in zip(self._columns, tested, strict=True):
            left &= column.holding(value, scope, run)
            if not left:
                return ()
        if left & self._unsure:
            return self._tried(left, tested, scope, run, first=first)
        return ((left & -left).bit_length() - 1,) if first else _places(left)

    def _tried(
        self, left: int, tested: Sequence[Any], scope: Scope, run: Evaluation, *, first: bool
    ) -> Sequence[int]:
        """The rules that hold for sure, of those that may."""
        scopes = [{**scope, INPUT: value} for value in tested]
        found = []
        for rule in _places(left):
            bit = 1 << rule
            if not bit & self._unsure or self._surely_holds(rule, bit, scopes, run):
                found.append(rule)
                if first:
                    break
        return found

    def _surely_holds(self, rule: int, bit: int, scopes: Sequence[Scope], run: Evaluation) -> bool:
        return all(
            column.holds(rule, inner, run)
            for column, inner in zip(self._columns, scopes, strict=True)
            if column.unsure & bit
        )
