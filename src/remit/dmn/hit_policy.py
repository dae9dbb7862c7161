"""Hit policies (8.2.10): from the rules that hold to one value.

A hit is the values of one rule in the order of the columns. Whatever the policy, no hit at all is
answered by the table before it asks here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from remit.dmn.errors import DecisionFailed
from remit.feel.comparison import equal
from remit.feel.texts import to_text
from remit.model.dmn.graph import HitPolicy

Hit = Sequence[Any]
Ranks = Sequence[Sequence[Any]]
"""Per column the values in the order of their priority, highest first; empty without priority."""

SINGLE = frozenset((HitPolicy.UNIQUE, HitPolicy.FIRST, HitPolicy.ANY, HitPolicy.PRIORITY))
"""The policies whose result is that of one rule; the others give a list."""


def choose(policy: HitPolicy, hits: Sequence[Hit], ranks: Ranks) -> Sequence[Hit]:
    """The hits that make the result, in its order; raises `DecisionFailed` for a violated policy."""
    return _CHOOSERS[policy](hits, ranks)


def _unique(hits: Sequence[Hit], ranks: Ranks) -> Sequence[Hit]:
    if len(hits) > 1:
        raise DecisionFailed(
            f"multiple values aren't allowed for UNIQUE hit policy. found: '{_shown(hits)}'"
        )
    return hits[:1]


def _first(hits: Sequence[Hit], ranks: Ranks) -> Sequence[Hit]:
    return hits[:1]


def _any(hits: Sequence[Hit], ranks: Ranks) -> Sequence[Hit]:
    first = list(hits[0])
    if any(equal(first, list(hit)) is not True for hit in hits[1:]):
        raise DecisionFailed(
            f"different values aren't allowed for ANY hit policy. found: '{_shown(hits)}'"
        )
    return hits[:1]


def _priority(hits: Sequence[Hit], ranks: Ranks) -> Sequence[Hit]:
    return _output_order(hits, ranks)[:1]


def _output_order(hits: Sequence[Hit], ranks: Ranks) -> Sequence[Hit]:
    """By the first column that has priorities, then the next; equals stay in rule order."""
    return sorted(
        hits,
        key=lambda hit: tuple(_rank(each, column) for each, column in zip(hit, ranks, strict=True)),
    )


def _rank(value: Any, column: Sequence[Any]) -> int:
    for rank, allowed in enumerate(column):
        if equal(value, allowed) is True:
            return rank
    return len(column)


def _all(hits: Sequence[Hit], ranks: Ranks) -> Sequence[Hit]:
    return hits


def _shown(hits: Sequence[Hit]) -> str:
    return to_text([hit[0] if len(hit) == 1 else list(hit) for hit in hits])


_CHOOSERS: dict[HitPolicy, Callable[[Sequence[Hit], Ranks], Sequence[Hit]]] = {
    HitPolicy.UNIQUE: _unique,
    HitPolicy.FIRST: _first,
    HitPolicy.ANY: _any,
    HitPolicy.PRIORITY: _priority,
    HitPolicy.OUTPUT_ORDER: _output_order,
    HitPolicy.RULE_ORDER: _all,
    HitPolicy.COLLECT: _all,
}
