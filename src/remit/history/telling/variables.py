"""Variables."""

from __future__ import annotations

from remit.history.telling.frequent import VariableRow
from remit.history.telling.rows import json
from remit.history.telling.told import Tells, Told
from remit.protocol.events import variable as v


def variable_created(told: Told, event: v.VariableCreated) -> None:
    told.variables.new[event.key] = VariableRow(
        event.key, event.name, json(event.value).decode(), event.scope, event.instance,
        event.definition, event.root, event.tenant,
    )  # fmt: skip


def variable_updated(told: Told, event: v.VariableUpdated) -> None:
    told.variables.change(event.key, value=json(event.value).decode())


TELLS: Tells = {
    v.VariableCreated: variable_created,
    v.VariableUpdated: variable_updated,
}
