"""The exporters of a broker, in a process of their own.

    python -m remit.exporters.process DATA PARTITIONS HOLDER SPEC [SPEC …]

HOLDER is NAME=FILE, the key that policies are bound with, or empty: hashes of personal variables are
salted with it.

It follows the log of every partition on a connection that can only read, and keeps how far each
exporter is in `exporters.json` in the data folder. An exporter that raises gets the same record again
after a pause that grows; the broker notices nothing of it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec

from remit.authority import Signer
from remit.base.garbage import collect_seldom
from remit.exporters.contract import Exporter
from remit.exporters.kinds import exporter_of
from remit.exporters.personal import Personal
from remit.exporters.records import Translator
from remit.partition.deployed import definitions
from remit.partition.keys import read_signer
from remit.partition.log import open_batches
from remit.partition.storage.sqlite import read_log
from remit.partition.storage.tail import Tail

PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
TURNS = 2_000
"""So many are exported before others have their turn: partitions, exporters, and what they schedule."""

LAST_SECONDS = 5.0
"""Told to stop, it goes on for so long with what is there; the rest comes after the next start."""

log = logging.getLogger("remit.exporters")


class Positions:
    """How far each exporter is: by its name and the partition."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at: dict[str, dict[str, int]] = {}
        if path.exists():
            self._at = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, int]])

    def get(self, name: str, partition: int) -> int:
        return self._at.get(name, {}).get(str(partition), 0)

    def reads_from(self, name: str, partition: int) -> int:
        """From where it has to read again to know what is personal; the beginning if nobody knows."""
        return self._at.get(name, {}).get(f"{partition}/reads-from", 0)

    def set(self, name: str, partition: int, position: int, reads_from: int) -> None:
        self._at.setdefault(name, {})[str(partition)] = position
        self._at[name][f"{partition}/reads-from"] = reads_from
        draft = self._path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(self._at))
        os.replace(draft, self._path)


class Follower:
    """One exporter, and where it stands. Is its controller as well."""

    def __init__(
        self, exporter: Exporter, positions: Positions, signer: Signer | None = None
    ) -> None:
        self.exporter = exporter
        self._positions = positions
        self._signer = signer
        self._personal: dict[int, Personal] = {}
        self._translators: dict[int, Translator] = {}
        self._sent: dict[int, int] = {}
        self._tasks: list[tuple[float, Callable[[], None]]] = []
        self._pause = PAUSE_SECONDS
        self._tails: dict[int, Tail] = {}
        self._wait_until = 0.0
        exporter.open(self)

    def update_position(self, partition: int, position: int) -> None:
        personal = self._personal.get(partition)
        if personal is None:  # reading has failed: it begins again where it would have
            reads_from = self._positions.reads_from(self.exporter.name, partition)
        else:
            reads_from = personal.reads_from(position)
        self._positions.set(self.exporter.name, partition, position, reads_from)

    def schedule(self, seconds: float, task: Callable[[], None]) -> Callable[[], None]:
        entry = (time.monotonic() + seconds, task)
        self._tasks.append(entry)
        return lambda: self._tasks.remove(entry) if entry in self._tasks else None

    def run_tasks(self) -> None:
        now = time.monotonic()
        for entry in [each for each in self._tasks if each[0] <= now]:
            self._tasks.remove(entry)
            entry[1]()

    def follow(self, path: Path, partition: int) -> bool:
        """Export what is new on one partition, `TURNS` at most; False when there was nothing."""
        tail = self._tails.setdefault(partition, Tail(path))
        if time.monotonic() < self._wait_until or tail.is_there():
            return False
        after = self._sent.get(partition, self._positions.get(self.exporter.name, partition))
        told = 0
        try:
            personal, start = self._personal_data(partition, after)
            translator = self._translator(path, partition, personal)
            for turn in open_batches(read_log(path, start), start):
                if turn.position + len(turn.events) <= after:
                    personal.pass_by(turn)
                    continue
                for record in translator.records(turn):
                    if record["position"] > after and self.exporter.filter.accepts(record):
                        self.exporter.export(record)
                self._sent[partition] = turn.position + len(turn.events)
                told += 1
                if told == TURNS:
                    break
        except apsw.Error:
            self._forget(partition)
            return False
        except Exception as fault:
            self._forget(partition)
            log.error(
                "exporting failed; the same record comes again",
                extra={"exporter": self.exporter.name, "reason": str(fault), "pause": self._pause},
            )
            self._wait_until = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
            return False
        self._pause = PAUSE_SECONDS
        if not told:
            tail.reached()
        return told > 0

    def _forget(self, partition: int) -> None:
        """What was known of a partition may be half of a turn: it is read anew."""
        self._personal.pop(partition, None)
        self._translators.pop(partition, None)

    def _translator(self, path: Path, partition: int, personal: Personal) -> Translator:
        known = self._translators.get(partition)
        if known is None:
            known = self._translators[partition] = Translator(
                partition, definitions(path), personal
            )
        return known

    def _personal_data(self, partition: int, after: int) -> tuple[Personal, int]:
        """What is personal there, and from where to read: after a restart, from where that is said."""
        known = self._personal.get(partition)
        if known is not None:
            return known, after
        made = self._personal[partition] = Personal(self._signer)
        return made, min(after, self._positions.reads_from(self.exporter.name, partition))


def main(data: str, partitions: str, holder: str, *specs: str) -> None:
    """Follow until SIGTERM, or until the process that started this one is gone."""
    folder = Path(data)
    positions = Positions(folder / "exporters.json")
    signer = read_signer(holder) if holder else None
    followers = [Follower(exporter_of(spec), positions, signer) for spec in specs]
    paths = [folder / f"partition-{number}.db" for number in range(1, int(partitions) + 1)]
    collect_seldom()
    parent = os.getppid()
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    ends: float | None = None
    while True:
        if ends is None and (stopping or os.getppid() != parent):
            ends = time.monotonic() + LAST_SECONDS
        moved = False
        for follower in followers:
            for number, path in enumerate(paths, 1):
                if path.exists():
                    moved = follower.follow(path, number) or moved
            follower.run_tasks()
        if ends is not None and (not moved or time.monotonic() > ends):
            break
        if not moved:
            time.sleep(PAUSE_SECONDS)
    for follower in followers:
        follower.exporter.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
