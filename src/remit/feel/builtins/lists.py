"""List functions (10.3.4.4 and 10.3.4.6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key, reduce
from typing import Any

from remit.feel import arithmetic, numbers
from remit.feel.builtins.define import define
from remit.feel.comparison import equal, identity, less
from remit.feel.evaluation import Evaluation
from remit.feel.functions import Function
from remit.feel.limits import check_text
from remit.feel.numbers import Number, is_number

Items = list[Any]


def _contains(items: Items, element: Any) -> bool:
    return any(equal(item, element) is True for item in items)


def _extreme(is_better: Callable[[Any, Any], bool | None]) -> Callable[[Items], Any]:
    def find(items: Items) -> Any:
        """The first or last of comparable items; null when they are not."""
        if not items or less(items[0], items[0]) is None:
            return None
        best = items[0]
        for item in items[1:]:
            better = is_better(item, best)
            if better is None:
                return None
            if better:
                best = item
        return best

    return find


def _sum(items: Items) -> Any:
    """Of numbers, or of durations of one kind."""
    if not items or not (is_number(items[0]) or arithmetic.negate(items[0]) is not None):
        return None
    return reduce(lambda a, b: None if a is None else arithmetic.add(a, b), items)


def _product(items: Items) -> Number | None:
    if not items or not all(map(is_number, items)):
        return None
    return reduce(lambda a, b: None if a is None else arithmetic.multiply(a, b), items, 1)


def _mean(items: Items) -> Any:
    total = _sum(items)
    return None if total is None else arithmetic.divide(total, len(items))


def _median(items: Items) -> Number | None:
    if not items or not all(map(is_number, items)):
        return None
    ordered = sorted(items)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]  # type: ignore[no-any-return]
    total = arithmetic.add(ordered[middle - 1], ordered[middle])
    return None if total is None else numbers.divide(total, 2)


def _stddev(items: Items) -> Number | None:
    """Of a sample: divided by one less than there are."""
    if len(items) < 2 or not all(map(is_number, items)):
        return None
    mean = _mean(items)
    squares = [
        arithmetic.multiply(distance, distance)
        for distance in (arithmetic.subtract(item, mean) for item in items)
    ]
    variance = numbers.divide(_sum(squares), len(items) - 1)
    return None if variance is None else numbers.square_root(variance)


def _mode(items: Items) -> Items | None:
    """The most frequent numbers, ascending."""
    if not all(map(is_number, items)):
        return None
    counts: dict[Number, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(item for item, count in counts.items() if count == most)


def _all(items: Items) -> bool | None:
    """False when one is false, else null when one is no boolean."""
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


def _any(items: Items) -> bool | None:
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None


def _place(items: Items, position: Number) -> int | None:
    """The index of a position that counts from 1, or backward from -1; null outside."""
    if position.__class__ is not int or position == 0 or abs(position) > len(items):
        return None
    return int(position) - 1 if position > 0 else len(items) + int(position)


def _sublist(items: Items, start: Number, length: Number | None) -> Items | None:
    first = _place(items, start)
    if first is None:
        return None
    if length is None:
        return items[first:]
    size = int(length)
    return items[first : first + size] if 0 < size <= len(items) - first else None


def _append(items: Items, added: Items) -> Items:
    return items + added


def _concatenate(lists: Items) -> Items:
    return [item for items in lists for item in items]


def _union(lists: Items) -> Items:
    return _distinct(_concatenate(lists))


def _distinct(items: Items) -> Items:
    seen = set()
    found = []
    for item in items:
        key = identity(item)
        if key not in seen:
            seen.add(key)
            found.append(item)
    return found


def _duplicates(items: Items) -> Items:
    counts: dict[Any, int] = {}
    for item in items:
        key = identity(item)
        counts[key] = counts.get(key, 0) + 1
    return _distinct([item for item in items if counts[identity(item)] > 1])


def _insert_before(items: Items, position: Number, new: Any) -> Items | None:
    place = _place(items, position)
    if place is None:
        if position != len(items) + 1:
            return None
        place = len(items)
    return [*items[:place], new, *items[place:]]


def _remove(items: Items, position: Number) -> Items | None:
    place = _place(items, position)
    return None if place is None else items[:place] + items[place + 1 :]


def _replace_at(items: Items, position: Number, new: Any) -> Items | None:
    place = _place(items, position)
    return None if place is None else [*items[:place], new, *items[place + 1 :]]


def _replace_where(items: Items, match: Function, new: Any) -> Items | None:
    found = []
    for item in items:
        outcome = match.invoke([item, new])
        if outcome.__class__ is not bool:
            return None
        found.append(new if outcome else item)
    return found


def _index_of(items: Items, match: Any) -> Items:
    return [
        place
        for place, item in enumerate(items, 1)
        if (item is None if match is None else equal(item, match) is True)
    ]


def _reverse(items: Items) -> Items:
    return items[::-1]


def _flatten(run: Evaluation, items: Items) -> Items:
    found: Items = []
    waiting = [iter(items)]
    while waiting:
        for item in waiting[-1]:
            run.spend(1)
            if item.__class__ is list:
                waiting.append(iter(item))
                break
            found.append(item)
        else:
            waiting.pop()
    return found


def _sort(run: Evaluation, items: Items, precedes: Function | None = None) -> Items | None:
    """Stable. `precedes` says whether its first argument comes first; null spoils it all."""
    spoiled = False

    def compare(a: Any, b: Any) -> int:
        nonlocal spoiled
        run.spend(1)
        if precedes is None:
            first, second = less(a, b), less(b, a)
        else:
            first, second = precedes.invoke([a, b]), precedes.invoke([b, a])
        if first.__class__ is not bool or second.__class__ is not bool:
            spoiled = True
        return -1 if first is True else 1 if second is True else 0

    ordered = sorted(items, key=cmp_to_key(compare))
    return None if spoiled else ordered


def _join(
    items: Items, delimiter: str | None, prefix: str | None = None, suffix: str | None = None
) -> str | None:
    """The strings of a list in one; nulls are left out."""
    texts = [item for item in items if item is not None]
    if not all(text.__class__ is str for text in texts):
        return None
    check_text(sum(map(len, texts)) + len(texts) * len(delimiter or ""))
    return f"{prefix or ''}{(delimiter or '').join(texts)}{suffix or ''}"


def _partition(items: Items, size: Number) -> Items | None:
    step = int(size)
    if step <= 0:
        return None
    return [items[start : start + step] for start in range(0, len(items), step)]


def _of_list(name: str, body: Callable[[Items], Any], of: str = "any", result: str = "any") -> Any:
    """A function of a list that may also be given as many arguments."""
    return define(
        f"{name}(list: list) -> {result}", body, f"{name}(items...: {of}) -> {result}", body
    )


BOTH = {
    **define("list contains(list: list, element: any) -> boolean", _contains),
    **define("count(list: list) -> number", len),
    **_of_list("min", _extreme(lambda a, b: less(a, b))),
    **_of_list("max", _extreme(lambda a, b: less(b, a))),
    **_of_list("sum", _sum),
    **_of_list("product", _product, result="number"),
    **_of_list("mean", _mean),
    **_of_list("median", _median, result="number"),
    **_of_list("stddev", _stddev, result="number"),
    **_of_list("mode", _mode, result="list"),
    **_of_list("all", _all, result="boolean"),
    **_of_list("any", _any, result="boolean"),
    **define("append(list: list, items...: any) -> list", _append),
    **define("concatenate(lists...: list) -> list", _concatenate),
    **define("union(lists...: list) -> list", _union),
    **define("insert before(list: list, position: number, newItem: any) -> list", _insert_before),
    **define("remove(list: list, position: number) -> list", _remove),
    **define("reverse(list: list) -> list", _reverse),
    **define("index of(list: list, match: any) -> list", _index_of),
    **define("distinct values(list: list) -> list", _distinct),
    **define("flatten(list: list) -> list", _flatten, takes_run=True),
}
DMN = {
    **BOTH,
    **define("sublist(list: list, start position: number, length?: number) -> list", _sublist),
    **define(
        "list replace(list: list, position: number, newItem: any) -> list",
        _replace_at,
        "list replace(list: list, match: function, newItem: any) -> list",
        _replace_where,
    ),
    **define("sort(list: list, precedes?: function) -> list", _sort, takes_run=True),
    **define("string join(list: list, delimiter?: string?) -> string", _join),
}
CAMUNDA = {
    **BOTH,
    **_of_list("and", _all, result="boolean"),
    **_of_list("or", _any, result="boolean"),
    **define(
        "sublist(list: list, start: number, length?: number) -> list",
        _sublist,
        "sublist(list: list, start position: number, length?: number) -> list",
        _sublist,
    ),
    **define("sort(list: list, precedes: function) -> list", _sort, takes_run=True),
    **define(
        "string join(list: list, delimiter?: string?, prefix?: string, suffix?: string) -> string",
        _join,
    ),
    **define("duplicate values(list: list) -> list", _duplicates),
    **define("is empty(list: list) -> boolean", lambda items: not items),
    **define("partition(list: list, size: number) -> list", _partition),
}
