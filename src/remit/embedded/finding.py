"""Which process instances run: read from the store, which holds everything after each command."""

from __future__ import annotations

from collections.abc import Iterator

from remit.engine.state import layout
from remit.engine.state.entities import ElementInstance
from remit.engine.state.state import State
from remit.partition.storage.contract import Store
from remit.protocol.values import NONE_KEY


def running_roots(
    store: Store,
    state: State,
    process_id: str,
    has_incident: bool | None,
    is_suspended: bool | None,
) -> Iterator[int]:
    """Keys of root process instances, oldest first; None: whichever.

    An incident of a called process is one of its root.
    """
    elements, incidents, suspensions = state.elements, state.incidents, state.suspensions
    found: dict[int, ElementInstance] = {}
    troubled: set[int] = set()
    held: set[int] = set()
    for address, row in store.scan(layout.INSTANCE):
        table = layout.table_of_owned(address)
        if table == elements.number:
            element = elements.decode(row)
            if element.key == element.root and element.scope == NONE_KEY:
                found[element.key] = element
        elif table == incidents.number:
            troubled.add(incidents.decode(row).root)
        elif table == suspensions.number:
            held.add(suspensions.decode(row).key)
    for key, element in found.items():
        if process_id and state.processes[element.definition].process_id != process_id:
            continue
        if has_incident is not None and (key in troubled) != has_incident:
            continue
        if is_suspended is not None and (key in held) != is_suspended:
            continue
        yield key
