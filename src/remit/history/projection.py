"""From the log to rows: turns are told in memory, then written together.

Rows that are new are written once, with all that has happened to them; changes of rows that are on disk
already are collected by column.
"""

from __future__ import annotations

from sqlalchemy import Connection

from remit.history.skimming import BRIEF
from remit.history.telling import TELLS, audit, batches, incidents, instances, jobs
from remit.history.telling.told import Told
from remit.partition.log import Logged
from remit.protocol.values import ProcessDefinition

_TELLS = {BRIEF.get(each, each): tells for each, tells in TELLS.items()} | dict(TELLS)
"""By the events in full, and by those that are read in brief."""

_LATER = (
    instances.write_flows,
    incidents.write_incidents,
    jobs.write_counts,
    batches.write_reported,
    batches.write_cancelled,
    batches.write_forgotten,
)
"""What adds to rows, or takes them away: when those that are new are there."""


class Projection:
    """Tells turns of one partition; `write` puts what was told into the tables, and starts anew."""

    def __init__(self, partition: int, definitions: dict[int, ProcessDefinition]) -> None:
        self.told = Told(partition, definitions)

    def tell(self, turn: Logged) -> None:
        told = self.told
        told.now = turn.timestamp
        if turn.command not in audit.OWN:
            audit.audit(told, turn)
        for event in turn.events:
            tells = _TELLS.get(event.__class__)
            if tells is not None:
                tells(told, event)

    def write(self, connection: Connection) -> None:
        for tellings in self.told.tables.values():
            tellings.write(connection)
        for write in _LATER:
            write(self.told, connection)
