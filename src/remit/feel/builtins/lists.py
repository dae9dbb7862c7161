"""Functions of lists."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from remit.feel.builtins.define import define, define_list
from remit.feel.values import (
    DECIMAL,
    Function,
    add,
    divide,
    equal,
    is_number,
    less,
    multiply,
    normal,
    subtract,
    to_text,
)


def contains(items: Any, element: Any) -> bool | None:
    if items.__class__ is not list:
        return None
    return any(equal(each, element) is True for each in items)


def extreme(items: list[Any], is_better: Callable[[Any, Any], bool | None]) -> Any:
    """The smallest or largest; null when two of them have no order."""
    best = None
    for position, item in enumerate(items):
        if position == 0:
            best = item
            if item is None:
                return None
            continue
        better = is_better(item, best)
        if better is None:
            return None
        best = item if better else best
    return best


def total(items: list[Any]) -> Any:
    if not items or any(not is_number(each) for each in items):
        return None
    result: Any = 0
    for each in items:
        result = add(result, each)
    return result


def product(items: list[Any]) -> Any:
    if not items or any(not is_number(each) for each in items):
        return None
    result: Any = 1
    for each in items:
        result = multiply(result, each)
    return result


def mean(items: list[Any]) -> Any:
    return divide(total(items), len(items)) if items else None


def median(items: list[Any]) -> Any:
    if not items or any(not is_number(each) for each in items):
        return None
    ordered = sorted(items)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return divide(add(ordered[middle - 1], ordered[middle]), 2)


def deviation(items: list[Any]) -> Any:
    if len(items) < 2 or any(not is_number(each) for each in items):
        return None
    average = mean(items)
    squares = [multiply(subtract(each, average), subtract(each, average)) for each in items]
    variance = divide(total(squares), len(items) - 1)
    return normal(DECIMAL.sqrt(Decimal(variance)))


def mode(items: list[Any]) -> Any:
    if any(not is_number(each) for each in items):
        return None
    counts: dict[Any, int] = {}
    for each in items:
        counts[each] = counts.get(each, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(each for each, count in counts.items() if count == most)


def all_of(items: list[Any]) -> bool | None:
    if False in [each for each in items if each.__class__ is bool]:
        return False
    return None if any(each.__class__ is not bool for each in items) else True


def any_of(items: list[Any]) -> bool | None:
    if True in [each for each in items if each.__class__ is bool]:
        return True
    return None if any(each.__class__ is not bool for each in items) else False


def sublist(items: Any, start: Any, length: Any = None) -> Any:
    if items.__class__ is not list or not is_number(start) or start == 0:
        return None
    first = int(start) - 1 if start > 0 else len(items) + int(start)
    if first < 0 or first >= len(items) + (start > 0):
        return None
    return items[first:] if length is None else items[first : first + int(length)]


def insert_before(items: Any, position: Any, element: Any) -> Any:
    index = int(position) - 1 if position > 0 else len(items) + int(position)
    if position == 0 or not 0 <= index <= len(items):
        return None
    return [*items[:index], element, *items[index:]]


def remove(items: Any, position: Any) -> Any:
    index = int(position) - 1 if position > 0 else len(items) + int(position)
    if position == 0 or not 0 <= index < len(items):
        return None
    return [*items[:index], *items[index + 1 :]]


def replace(items: Any, where: Any, element: Any) -> Any:
    if items.__class__ is not list:
        return None
    if where.__class__ is Function:
        return [element if where.call([each, element]) is True else each for each in items]
    index = int(where) - 1 if where > 0 else len(items) + int(where)
    if where == 0 or not 0 <= index < len(items):
        return None
    return [*items[:index], element, *items[index + 1 :]]


def index_of(items: Any, element: Any) -> Any:
    if items.__class__ is not list:
        return None
    return [at for at, each in enumerate(items, 1) if equal(each, element) is True]


def distinct(items: Any) -> Any:
    if items.__class__ is not list:
        return None
    found: list[Any] = []
    for each in items:
        if not contains(found, each):
            found.append(each)
    return found


def duplicates(items: list[Any]) -> Any:
    return distinct([each for each in items if sum(equal(each, o) is True for o in items) > 1])


def flatten(items: Any) -> Any:
    if items.__class__ is not list:
        return None
    flat: list[Any] = []
    for each in items:
        flat.extend(flatten(each) if each.__class__ is list else [each])
    return flat


def concatenate(*lists: Any) -> list[Any]:
    joined: list[Any] = []
    for each in lists:
        joined.extend(each if each.__class__ is list else [each])
    return joined


def sort(items: Any, precedes: Any = None) -> Any:
    if items.__class__ is not list:
        return None
    before = (lambda a, b: precedes.call([a, b])) if precedes.__class__ is Function else less

    def compare(left: Any, right: Any) -> int:
        if before(left, right) is True:
            return -1
        return 1 if before(right, left) is True else 0

    return sorted(items, key=cmp_to_key(compare))


def join(items: Any, delimiter: Any = "", prefix: Any = "", suffix: Any = "") -> Any:
    if items.__class__ is not list:
        return None
    texts = [to_text(each) for each in items if each is not None]
    return f"{prefix or ''}{(delimiter or '').join(texts)}{suffix or ''}"


def partition(items: Any, size: Any) -> Any:
    if items.__class__ is not list or not is_number(size) or size <= 0:
        return None
    return [items[at : at + int(size)] for at in range(0, len(items), int(size))]


FUNCTIONS = {
    "list contains": define("list, element", contains),
    "count": define_list("list", len),
    "min": define_list("list", lambda items: extreme(items, less)),
    "max": define_list("list", lambda items: extreme(items, lambda a, b: less(b, a))),
    "sum": define_list("list", total),
    "product": define_list("list", product),
    "mean": define_list("list", mean),
    "median": define_list("list", median),
    "stddev": define_list("list", deviation),
    "mode": define_list("list", mode),
    "all": define_list("list", all_of),
    "any": define_list("list", any_of),
    "and": define_list("list", all_of),
    "or": define_list("list", any_of),
    "sublist": define("list, start position, length", sublist),
    "append": define("list, item", lambda items, *more: [*(items or []), *more]),
    "concatenate": define("list1, list2", concatenate),
    "insert before": define("list, position, newItem", insert_before),
    "remove": define("list, position", remove),
    "list replace": define("list, position, newItem", replace),
    "reverse": define("list", lambda items: items[::-1] if items.__class__ is list else None),
    "index of": define("list, match", index_of),
    "union": define("list1, list2", lambda *lists: distinct(concatenate(*lists))),
    "distinct values": define("list", distinct),
    "duplicate values": define("list", duplicates),
    "flatten": define("list", flatten),
    "sort": define("list, precedes", sort),
    "string join": define("list, delimiter, prefix, suffix", join),
    "partition": define("list, size", partition),
    "is empty": define("list", lambda items: not items if items.__class__ is list else None),
}
