"""Variables, one row each."""

from __future__ import annotations

from typing import Any

from remit.engine.state.entities import Variable
from remit.engine.state.state import State
from remit.protocol.events.variable import VariableCreated, VariablesSet, VariableUpdated


def written(state: State, event: VariableCreated | VariableUpdated) -> None:
    state.variables.put(
        (event.scope, event.name),
        Variable(event.key, event.scope, event.name, event.value, event.root),
    )


def document_set(state: State, event: VariablesSet) -> None:
    """Says who set what; each variable is an event of its own."""


FOLDS: dict[Any, Any] = {
    VariableCreated: written,
    VariableUpdated: written,
    VariablesSet: document_set,
}
