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
from typing import Any, Final

from remit.dmn.cells import Interval, Test, constant_test
from remit.dmn.place import INPUT, Code, Scope
from remit.feel.evaluation import Evaluation
from remit.feel.kinds import kind_of

MAX_STRETCH_BITS: Final = 256 * 1024 * 1024
"""Bits that one column may spend on its stretches (32 MiB); beyond, FEEL tries its intervals."""

Compile = Callable[[str, int], Code]
"""Compiles the cell with this text, of the rule with this index, as unary tests."""


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
        self._values: dict[str, dict[Any, int]] = {"number": {}, "string": {}, "boolean": {}}
        self._others: dict[str, int] = {"number": 0, "string": 0, "boolean": 0}
        self._cuts: list[Any] = []
        self._stretches: list[int] = []
        self._null: int | None = None
        self._sort_cells()

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

    def _add_values(self, test: Test, rules: int) -> None:
        """In `_others` a value turns off, what it would turn on else: hence the exclusive or."""
        for kind, value in _distinct(test):
            known = self._values[kind]
            known[value] = known.get(value, 0) ^ rules
        if test.negated:
            self._others[kind_of(test.values[0])] |= rules

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
                    self._values[kind][value] = self._values[kind].get(value, 0) ^ rules
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
            known = self._values["string"].get(value, 0) ^ self._others["string"]
            return self._all | self._unsure | known
        if kind is bool:
            known = self._values["boolean"].get(value, 0) ^ self._others["boolean"]
            return self._all | self._unsure | known
        if kind_of(value) == "number":
            return self._all | self._unsure | self._number(value)
        if value is None:
            if self._null is None:
                self._null = self._tried(value, scope, run)
            return self._null | self._unsure
        return self._tried(value, scope, run) | self._unsure

    def _number(self, value: Any) -> int:
        known = self._values["number"].get(value, 0) ^ self._others["number"]
        cuts = self._cuts
        if not cuts:
            return known
        place = bisect_left(cuts, value)
        is_cut = place < len(cuts) and cuts[place] == value
        return known | self._stretches[2 * place + is_cut]

    def _tried(self, value: Any, scope: Scope, run: Evaluation) -> int:
        """FEEL tries the constant cells, too: it knows what they mean for lists, dates, null …"""
        inner = {**scope, INPUT: value}
        found = self._all
        for text, rules in self._cells.items():
            if not rules & (self._all | self._unsure) and self.code(text)(inner, run) is True:
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
    ) -> list[int]:
        """The rules that hold, in their order, from 0; only the first one when that is enough."""
        left = self._every
        for column, value in zip(self._columns, tested, strict=True):
            left &= column.holding(value, scope, run)
            if not left:
                return []
        found: list[int] = []
        unsure = left & self._unsure
        scopes = [{**scope, INPUT: value} for value in tested] if unsure else []
        while left:
            bit = left & -left
            left ^= bit
            rule = bit.bit_length() - 1
            if bit & unsure and not self._surely_holds(rule, bit, scopes, run):
                continue
            found.append(rule)
            if first:
                return found
        return found

    def _surely_holds(self, rule: int, bit: int, scopes: Sequence[Scope], run: Evaluation) -> bool:
        return all(
            column.holds(rule, inner, run)
            for column, inner in zip(self._columns, scopes, strict=True)
            if column.unsure & bit
        )
