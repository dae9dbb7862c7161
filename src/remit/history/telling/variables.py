"""Variables."""

from __future__ import annotations

from remit.history.telling.rows import json
from remit.history.telling.told import Tells, Told
from remit.protocol.events import variable as v


def variable_created(told: Told, event: v.VariableCreated) -> None:
    told.variables.add(
        event.key,
        {
            "key": event.key, "name": event.name, "value": json(event.value).decode(),
            "scope": event.scope, "instance": event.instance, "definition": event.definition,
            "root": event.root, "tenant": event.tenant,
        },
    )  # fmt: skip


def variable_updated(told: Told, event: v.VariableUpdated) -> None:
    told.variables.change(event.key, value=json(event.value).decode())


TELLS: Tells = {
    v.VariableCreated: variable_created,
    v.VariableUpdated: variable_updated,
}
