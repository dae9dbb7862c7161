"""Reading a log for the auditor: from a data folder, or from exported segments.

    partition-1.db, archive/partition-1.*.log      a broker's data folder
    partition-1.*.log, checkpoints/, cluster-id    what `remit audit export` writes

Batches come as they are found, in the order of their positions: whether they follow each other is the
auditor's question.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import apsw

from remit.authority.checkpoint import notes_in
from remit.base.errors import Fault
from remit.partition.storage.archive import Archive
from remit.partition.storage.contract import LogBatch
from remit.partition.storage.sqlite import read_log

CHECKPOINTS = "checkpoints"
"""The folder, beside the partitions, in which signed checkpoints are."""

SEGMENT_BATCHES = 10_000
_PARTITION = re.compile(r"partition-(\d+)\.")


class NoLog(Fault):
    """There is no log in this folder."""


def partitions(folder: Path) -> list[int]:
    """The numbers of the partitions whose log is in `folder`; raises `NoLog` when there is none."""
    names = (path.name for path in folder.glob("partition-*.*"))
    found = sorted({int(match.group(1)) for name in names if (match := _PARTITION.match(name))})
    if not found:
        raise NoLog(f"{folder} holds no log: no partition-1.db, no partition-1.*.log")
    return found


def batches(folder: Path, partition: int) -> Iterator[LogBatch]:
    """The log of one partition from its beginning, unchecked. Raises `NoLog` for a ruined file."""
    path = folder / f"partition-{partition}.db"
    try:
        if path.exists():
            yield from read_log(path, 0)
        else:
            yield from Archive(folder, path.stem).read(0)
    except (apsw.Error, OSError) as fault:
        raise NoLog(
            f"the log of partition {partition} in {folder} can't be read: {fault}"
        ) from fault


def log_files(folder: Path) -> list[Path]:
    """Everything in `folder` that holds a part of a log."""
    return [*folder.glob("partition-*.*"), *folder.glob("archive/partition-*.*")]


def checkpoint_file(folder: Path, partition: int) -> Path:
    return folder / CHECKPOINTS / f"partition-{partition}.checkpoints"


def notes(path: Path) -> list[str]:
    """The signed notes of a checkpoint file, oldest first; none when there is no file."""
    return notes_in(path.read_text(errors="replace")) if path.exists() else []


def signed_partitions(folder: Path) -> list[int]:
    """The numbers of the partitions of which there are checkpoints."""
    names = (path.name for path in folder.glob(f"{CHECKPOINTS}/partition-*.checkpoints"))
    return sorted(int(match.group(1)) for name in names if (match := _PARTITION.match(name)))


def export(data: Path, to: Path) -> int:
    """Copy the logs and checkpoints of a data folder to a new folder; returns how many batches.

    Nothing else of the data comes along. May run beside the broker.
    """
    found_there = partitions(data)
    to.mkdir(parents=True, exist_ok=False)
    count = 0
    for partition in found_there:
        found = batches(data, partition)
        segments = Archive(to, f"partition-{partition}")
        for first in found:
            part = [*chain((first,), islice(found, SEGMENT_BATCHES - 1))]
            segments.write(part)
            count += len(part)
    for extra in ("cluster-id", CHECKPOINTS):
        if (data / extra).is_dir():
            shutil.copytree(data / extra, to / extra)
        elif (data / extra).exists():
            shutil.copy(data / extra, to / extra)
    return count
