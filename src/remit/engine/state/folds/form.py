"""Deployed forms."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events.form import FormCreated, FormDeleted


def created(state: State, event: FormCreated) -> None:
    state.forms.put(event.key, event.form)


def deleted(state: State, event: FormDeleted) -> None:
    state.forms.delete(event.key)


FOLDS: dict[Any, Any] = {FormCreated: created, FormDeleted: deleted}
