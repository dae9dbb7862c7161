"""Variables: a tree of scopes, read from the inner scope up, written by the rules 3-9.

Every element instance is a scope; the process instance is the root. A called process starts a tree of
its own. A value that does not change leaves no event (rule 7).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from remit.engine.agenda import AskConditions
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.variable import VariableCreated, VariableUpdated
from remit.protocol.values import NONE_KEY, Document

_encode = msgspec.msgpack.Encoder().encode
_SIMPLE = (str, int, bool, type(None))


class Missing:
    """What `look_up` gives for a name that no scope has."""


MISSING = Missing()


def look_up(run: Run, scope_key: int, name: str) -> Any:
    """The value of `name` as seen from this scope, or MISSING."""
    rows, elements = run.state.variables.rows, run.state.elements.rows
    while scope_key != NONE_KEY:
        row = rows.get((scope_key, name))
        if row is not None:
            return row.value
        element = elements.get(scope_key)
        if element is None:
            break
        scope_key = element.scope
    return MISSING


def visible(run: Run, scope_key: int, names: Iterable[str] = ()) -> Document:
    """All variables seen from this scope, or those of `names` that exist; inner ones win."""
    wanted = tuple(names)
    if wanted:
        found = ((name, look_up(run, scope_key, name)) for name in wanted)
        return {name: value for name, value in found if value is not MISSING}
    document: Document = {}
    elements = run.state.elements
    while scope_key != NONE_KEY:
        for row in run.state.variables.values_of(scope_key):
            document.setdefault(row.name, row.value)
        element = elements.get(scope_key)
        if element is None:
            break
        scope_key = element.scope
    return document


def local(run: Run, scope_key: int, names: Iterable[str] = ()) -> Document:
    """The variables of this scope alone."""
    wanted = set(names)
    return {
        row.name: row.value
        for row in run.state.variables.values_of(scope_key)
        if not wanted or row.name in wanted
    }


def set_local(run: Run, element: ElementInstance, document: Document) -> None:
    """Write every name into this scope (rules 2, 9-12)."""
    for name, value in document.items():
        _write(run, element, name, value)


def propagate(run: Run, element: ElementInstance, document: Document) -> None:
    """Merge from this scope upward: the nearest scope that has the name, else the root (rule 5).

    Below the root a stored value that equals the new one is passed by (rule 6): Zeebe's quirk, which
    running processes rely on.
    """
    elements, rows = run.state.elements, run.state.variables.rows
    for name, value in document.items():
        scope = element
        while scope.scope != NONE_KEY:
            row = rows.get((scope.key, name))
            if row is not None and not same(row.value, value):
                break
            scope = elements[scope.scope]
        _write(run, scope, name, value)


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: 1, 1.0 and true are three values.

    >>> same(1, True), same(1, 1.0), same([1], [1])
    (False, False, True)
    """
    if left.__class__ is not right.__class__:
        return False
    if left.__class__ in _SIMPLE:
        return bool(left == right)
    return _encode(left) == _encode(right)


def _write(run: Run, scope: ElementInstance, name: str, value: Any) -> None:
    row = run.state.variables.get((scope.key, name))
    if row is not None and same(row.value, value):
        return
    if run.state.conditions.rows:
        kind = "create" if row is None else "update"
        run.later(AskConditions(scope.instance, ((name, kind),)))
    if row is None:
        run.emit(
            VariableCreated(
                run.new_key(),
                scope.key,
                scope.instance,
                scope.definition,
                name,
                value,
                scope.root,
                scope.tenant,
            )
        )
    else:
        run.emit(
            VariableUpdated(
                row.key,
                scope.key,
                scope.instance,
                scope.definition,
                name,
                value,
                scope.root,
                scope.tenant,
            )
        )
