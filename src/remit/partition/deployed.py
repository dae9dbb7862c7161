"""What is deployed, for those who read a partition's log in a process of their own."""

from __future__ import annotations

from pathlib import Path

import msgspec

from remit.engine.state import layout
from remit.partition.storage.sqlite import read_rows
from remit.protocol.values import ProcessDefinition

DEFINITIONS = 40
"""The number of the table of process definitions (`engine.state.state`)."""

_decode = msgspec.msgpack.Decoder(ProcessDefinition).decode


def definitions(path: Path) -> list[ProcessDefinition]:
    """The process definitions in a partition file, as they are durable now."""
    rows = read_rows(path, layout.PARTITION + bytes((DEFINITIONS,)))
    return [_decode(row) for _, row in rows]
