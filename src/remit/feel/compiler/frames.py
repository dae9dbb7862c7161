"""Frames and scopes: where the value of each name will be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remit.feel import tree as t
from remit.feel.dialects import Dialect
from remit.feel.functions import Function

RUN: Final = 0
"""The slot of the evaluation."""

Frame = list[Any]
Code = Callable[[Frame], Any]
External = Callable[[dict[str, Any], tuple[str, ...]], Function | None]
"""Makes the function that an external definition describes; None when there is no such."""


Table = Mapping[type[t.Node], "Callable[[Compiler, Any, Scope], Code]"]
"""What compiles each kind of node."""


class Missing:
    """What stands in the slot of a variable that nobody gave."""


MISSING: Final = Missing()


@dataclass(slots=True)
class Scope:
    """Names with their slots. In the scope of a filter the item's own entries come first."""

    outer: Scope | None
    slots: dict[str, int] = field(default_factory=dict)
    item: int = 0
    """The slot of a filter's item, 0 where the scope is none of a filter."""


@dataclass(slots=True)
class Compiler:
    """What the compilation of one expression shares. `variables` are its free names' slots."""

    dialect: Dialect
    table: Table
    shadowing: frozenset[str] = frozenset()
    """Names of built-in functions that variables have, too."""
    external: External | None = None
    variables: dict[str, int] = field(default_factory=dict)
    size: int = 1

    def slot(self) -> int:
        """A new slot."""
        self.size += 1
        return self.size - 1

    def code(self, node: t.Node, scope: Scope) -> Code:
        return self.table[node.__class__](self, node, scope)

    def variable(self, name: str) -> int:
        """The slot of a free name."""
        if name not in self.variables:
            self.variables[name] = self.slot()
        return self.variables[name]


def inner_scope(outer: Scope, names: Mapping[str, int]) -> Scope:
    return Scope(outer, dict(names))


def find(scope: Scope | None, name: str) -> tuple[list[int], int | None]:
    """The items of the filters around a name, inmost first, and the slot where it is bound."""
    items: list[int] = []
    while scope is not None:
        if name in scope.slots:
            return items, scope.slots[name]
        if scope.item:
            items.append(scope.item)
        scope = scope.outer
    return items, None
