"""What an exporter is (rule 95).

    configure(context) ─▶ open(controller) ─▶ export(record) … ─▶ close()

Records of a partition come in order, each at least once. An exception means: the same record again,
for ever, a little later. What was acknowledged with `update_position` is not sent again after a
restart. A filter keeps records away that nobody wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Record = dict[str, Any]
"""A record in Zeebe's shape: see `remit.exporters.records`."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Empty means all."""

    record_types: frozenset[str] = frozenset()
    value_types: frozenset[str] = frozenset()

    def accepts(self, record: Record) -> bool:
        if self.record_types and record["recordType"] not in self.record_types:
            return False
        return not self.value_types or record["valueType"] in self.value_types


class Controller(Protocol):
    def update_position(self, partition: int, position: int) -> None:
        """Everything up to `position` is safe: it is not sent again."""
        ...

    def schedule(self, seconds: float, task: Callable[[], None]) -> Callable[[], None]:
        """Run `task` later; returns how to cancel it."""
        ...


class Exporter(Protocol):
    """`name` identifies its positions: it must not change."""

    name: str
    filter: Filter

    def configure(self, settings: Mapping[str, str]) -> None:
        """Check and take the settings; raises `ValueError` with a sentence."""
        ...

    def open(self, controller: Controller) -> None: ...

    def export(self, record: Record) -> None: ...

    def close(self) -> None: ...
