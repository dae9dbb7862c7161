"""Lists, contexts and ranges: how they are made, walked and filtered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from remit.feel import tree as t
from remit.feel.compiler.frames import RUN, Code, Compiler, Frame, Scope, Table, inner_scope
from remit.feel.dates.values import Date
from remit.feel.numbers import is_number
from remit.feel.ranges import Range, one_sided
from remit.feel.texts import shortened


def list_literal(compiler: Compiler, node: t.ListLiteral, scope: Scope) -> Code:
    items = [compiler.code(item, scope) for item in node.items]
    return lambda frame: [item(frame) for item in items]


def context_literal(compiler: Compiler, node: t.ContextLiteral, scope: Scope) -> Code:
    """Later entries see earlier ones. In the standard a key that comes twice makes it null."""
    names = [name for name, _ in node.entries]
    is_broken = compiler.dialect.converts and len(set(names)) < len(names)
    inner = inner_scope(scope, {})
    entries: list[tuple[str, int, Code]] = []
    for name, value in node.entries:
        slot = compiler.slot()
        entries.append((name, slot, compiler.code(value, inner)))
        inner.slots[name] = slot

    def make(frame: Frame) -> dict[str, Any] | None:
        found = {}
        for name, slot, value in entries:
            frame[slot] = found[name] = value(frame)
        return None if is_broken else found

    return make


def range_literal(compiler: Compiler, node: t.RangeLiteral, scope: Scope) -> Code:
    low, high = compiler.code(node.low, scope), compiler.code(node.high, scope)
    low_closed, high_closed = node.low_closed, node.high_closed
    if isinstance(node.low, t.Literal) and isinstance(node.high, t.Literal):
        constant = Range(node.low.value, node.high.value, low_closed, high_closed)
        return lambda frame: constant
    return lambda frame: Range(low(frame), high(frame), low_closed, high_closed)


def one_sided_range(compiler: Compiler, node: t.OneSidedRange, scope: Scope) -> Code:
    bound, operator = compiler.code(node.bound, scope), node.operator
    return lambda frame: one_sided(operator, bound(frame))


# --- walking ---------------------------------------------------------------------------------------

Source = Callable[[Frame], Sequence[Any] | None]


def _source(compiler: Compiler, iteration: t.Iteration, scope: Scope) -> Source:
    """The items of an iteration, None when it has no list."""
    low = compiler.code(iteration.source, scope)
    if iteration.high is None:
        converts = compiler.dialect.converts
        return lambda frame: _items(low(frame), converts, frame)
    high = compiler.code(iteration.high, scope)
    return lambda frame: counted(low(frame), high(frame))


def _items(value: Any, converts: bool, frame: Frame) -> Sequence[Any] | None:
    if value.__class__ is list:
        return value
    if value.__class__ is Range:
        return _items_of_range(value)
    if value is not None and converts:
        return [value]
    if frame[RUN].warnings is not None:
        frame[RUN].warn("INVALID_TYPE", f"Expected a list, but found {shortened(value)}")
    return None


def _items_of_range(bounds: Range) -> Sequence[Any] | None:
    """The whole numbers or days of an ascending range."""
    low, high = bounds.low, bounds.high
    if bounds.operator:
        return None
    if low.__class__ is int and high.__class__ is int and low <= high:
        return range(low if bounds.low_closed else low + 1, high + bounds.high_closed)
    if low.__class__ is Date and high.__class__ is Date and low.days <= high.days:
        first = low.days if bounds.low_closed else low.days + 1
        return _Days(range(first, high.days + bounds.high_closed))
    return None


class _Days(Sequence[Date]):
    """A row of days."""

    def __init__(self, days: range) -> None:
        self.days = days

    def __len__(self) -> int:
        return len(self.days)

    def __getitem__(self, place: Any) -> Any:
        found = self.days[place]
        return _Days(found) if isinstance(found, range) else Date(found)


def counted(low: Any, high: Any) -> Sequence[Any] | None:
    """`low..high`: whole numbers or days, up or down; None for anything else."""
    if low.__class__ is int and high.__class__ is int:
        return _row(low, high)
    if low.__class__ is Date and high.__class__ is Date:
        return _Days(_row(low.days, high.days))
    return None


def _row(low: int, high: int) -> range:
    return range(low, high + 1) if low <= high else range(low, high - 1, -1)


def _iterations(
    compiler: Compiler, iterations: tuple[t.Iteration, ...], scope: Scope
) -> tuple[list[tuple[int, Source]], Scope]:
    """Slots and sources; each sees the names before it."""
    found = []
    for iteration in iterations:
        source = _source(compiler, iteration, scope)
        slot = compiler.slot()
        found.append((slot, source))
        scope = inner_scope(scope, {iteration.name: slot})
    return found, scope


def _walk(iterations: list[tuple[int, Source]], frame: Frame) -> Iterator[bool]:
    """Sets the slots to every combination in turn; False when a source has no list."""
    slot, source = iterations[0]
    items = source(frame)
    if items is None:
        yield False
        return
    count = frame[RUN].spend
    rest = iterations[1:]
    for item in items:
        count(1)
        frame[slot] = item
        if rest:
            yield from _walk(rest, frame)
        else:
            yield True


def loop(compiler: Compiler, node: t.For, scope: Scope) -> Code:
    iterations, inner = _iterations(compiler, node.iterations, scope)
    partial = compiler.slot()
    body = compiler.code(node.body, inner_scope(inner, {"partial": partial}))
    uses_partial = _mentions(node.body, "partial")

    def run(frame: Frame) -> list[Any] | None:
        found: list[Any] = []
        for goes_on in _walk(iterations, frame):
            if not goes_on:
                return None
            if uses_partial:
                frame[RUN].spend(len(found) // 16)  # copying is cheap, not free
                frame[partial] = found.copy()
            found.append(body(frame))
        return found

    return run


def _mentions(node: t.Node, name: str) -> bool:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, t.Name) and each.name == name:
            return True
        waiting.extend(each.children())
    return False


def quantified(compiler: Compiler, node: t.Quantified, scope: Scope) -> Code:
    """`some` is true when one is true, `every` false when one is false; else null spoils it."""
    iterations, inner = _iterations(compiler, node.iterations, scope)
    condition = compiler.code(node.condition, inner)
    decisive = node.quantifier == "some"

    def decide(frame: Frame) -> bool | None:
        unknown = False
        for goes_on in _walk(iterations, frame):
            if not goes_on:
                return None
            outcome = condition(frame)
            if outcome is decisive:
                return bool(decisive)
            unknown = unknown or outcome.__class__ is not bool
        return None if unknown else not decisive

    return decide


# --- filters ---------------------------------------------------------------------------------------


def filter_(compiler: Compiler, node: t.Filter, scope: Scope) -> Code:
    """By a number the item at that place, by a condition the list of the items it holds for."""
    source = compiler.code(node.source, scope)
    converts = compiler.dialect.converts
    if isinstance(node.condition, t.Literal) and is_number(node.condition.value):
        position = node.condition.value
        return lambda frame: item_at(source(frame), position, converts)
    slot = compiler.slot()
    condition = compiler.code(node.condition, Scope(scope, item=slot))

    def select(frame: Frame) -> Any:
        value = source(frame)
        items = as_list(value, converts)
        if items is None:
            if frame[RUN].warnings is not None:
                frame[RUN].warn("INVALID_TYPE", f"Can't filter {shortened(value)}")
            return None
        if not items:
            return _of_nothing(condition, slot, frame)
        frame[RUN].spend(len(items))
        return _selected(items, condition, slot, frame)

    return select


def _selected(items: list[Any], condition: Code, slot: int, frame: Frame) -> Any:
    chosen = []
    for item in items:
        frame[slot] = item
        outcome = condition(frame)
        if outcome is True:
            chosen.append(item)
        elif outcome is not False and outcome is not None:
            if is_number(outcome):
                return item_at(items, outcome, False)
            return None
    return chosen


def _of_nothing(condition: Code, slot: int, frame: Frame) -> Any:
    """An empty list has no item anywhere, and none for which anything holds."""
    frame[slot] = None
    return None if is_number(condition(frame)) else []


def as_list(value: Any, converts: bool) -> list[Any] | None:
    if value.__class__ is list:
        return value
    return [value] if converts and value is not None else None


def item_at(value: Any, position: Any, converts: bool) -> Any:
    """Positions count from 1, and from -1 backward; beyond the list, and broken, is null."""
    items = as_list(value, converts)
    if items is None or position.__class__ is Decimal:
        return None
    if position == 0 or abs(position) > len(items):
        return None
    return items[position - 1 if position > 0 else position]


TABLE: Table = {
    t.ListLiteral: list_literal,
    t.ContextLiteral: context_literal,
    t.RangeLiteral: range_literal,
    t.OneSidedRange: one_sided_range,
    t.For: loop,
    t.Quantified: quantified,
    t.Filter: filter_,
}
