"""Records as lines of JSON in a file, in Zeebe's record shape.

    --exporter jsonl:PATH[,value_types=JOB+VARIABLE][,record_types=EVENT]

Lines are written and flushed before they are acknowledged: after a crash the last few may occur twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from remit.exporters.contract import Controller, Filter, Record

FLUSH_RECORDS = 1000
FLUSH_SECONDS = 0.5


class JsonLines:
    def __init__(self) -> None:
        self.name = "jsonl"
        self.filter = Filter()
        self._path = Path()
        self._file: BinaryIO | None = None
        self._controller: Controller | None = None
        self._pending: dict[int, int] = {}
        self._count = 0
        self._encode = msgspec.json.Encoder().encode

    def configure(self, settings: Mapping[str, str]) -> None:
        if not settings.get("path"):
            raise ValueError("the jsonl exporter needs a path: --exporter jsonl:PATH")
        self._path = Path(settings["path"])
        self.name = f"jsonl-{self._path.resolve()}"
        self.filter = Filter(
            _set(settings.get("record_types", "")), _set(settings.get("value_types", ""))
        )

    def open(self, controller: Controller) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab")
        self._controller = controller
        controller.schedule(FLUSH_SECONDS, self._flush_regularly)

    def export(self, record: Record) -> None:
        assert self._file is not None
        self._file.write(self._encode(record) + b"\n")
        self._pending[record["partitionId"]] = record["position"]
        self._count += 1
        if self._count >= FLUSH_RECORDS:
            self._flush()

    def close(self) -> None:
        if self._file is not None:
            self._flush()
            self._file.close()

    def _flush_regularly(self) -> None:
        assert self._controller is not None
        self._flush()
        self._controller.schedule(FLUSH_SECONDS, self._flush_regularly)

    def _flush(self) -> None:
        assert self._file is not None
        assert self._controller is not None
        if not self._pending:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        for partition, position in self._pending.items():
            self._controller.update_position(partition, position)
        self._pending.clear()
        self._count = 0


def _set(text: str) -> frozenset[str]:
    return frozenset(word for word in text.upper().split("+") if word)
