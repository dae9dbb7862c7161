"""The projection at work: follow the logs of all partitions, write what is new.

Between two rounds it forgets a little of what is older than it is kept (`pruning.Retention`).

python -m remit.history.following DATA PARTITIONS URL [RETENTION ...]
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from remit.base.garbage import collect_seldom
from remit.base.scheduling import become_batch_job
from remit.history.database import open_database, positions, prepare
from remit.history.projection import Projection
from remit.history.pruning import Retention, prune
from remit.history.schema import POSITIONS
from remit.history.skimming import Skimming
from remit.partition.deployed import definitions
from remit.partition.log import open_batches
from remit.partition.storage.sqlite import end_of_log, read_log
from remit.partition.storage.tail import Tail
from remit.protocol.values import ProcessDefinition

PAUSE_SECONDS = 0.03
"""Between two looks when there was nothing."""

PAUSE_BY_TURN, LONGEST_GATHERING = 0.001, 0.2
"""Seconds to gather more after a round, by the number of its turns, and at most.

A row that many turns change is then written once. With few turns history follows at once; under load it
is a little further behind, and costs half as much.
"""

LONGEST_PAUSE_SECONDS = 10.0
PRUNE_SECONDS = 10.0
"""How often it is looked for what has grown too old."""

PRUNE_MORE_SECONDS = 0.2
"""How long to leave the database to others when there is more of it."""

NICENESS = 5
"""How far this process stands back when others want the processor."""

TURNS = 4_000
"""Turns told in one transaction at most."""

log = logging.getLogger("remit.history")


class Pruner:
    """Forgets what is kept no longer, in small steps."""

    def __init__(self, engine: Engine, kept: Retention) -> None:
        self._engine = engine
        self._kept = kept
        self._next = 0.0

    def step(self) -> None:
        """A little of it, when it is time. Raises `SQLAlchemyError`."""
        if not self._kept or time.monotonic() < self._next:
            return
        with self._engine.begin() as connection:
            is_more = prune(connection, self._kept, int(time.time() * 1000))
        self._next = time.monotonic() + (PRUNE_MORE_SECONDS if is_more else PRUNE_SECONDS)


class Overtaken(Exception):
    """Another process tells this history as well, and has come to `position`: go on from there."""

    def __init__(self, position: int) -> None:
        super().__init__(f"this history has been told up to position {position} by another process")
        self.position = position


class Follower:
    """Follows one partition. What fails is tried again after a pause that grows.

    Several may tell one history, as when a broker takes data over or a rebuild meets a running broker:
    each position is claimed in the transaction that tells what comes up to it, so all is told once.
    """

    def __init__(self, engine: Engine, path: Path, partition: int, position: int) -> None:
        self.position = position
        self._engine = engine
        self._path = path
        self._partition = partition
        self._projection: Projection | None = None
        self._tail = Tail(path)
        self._skimming = Skimming()

    def follow(self) -> int:
        """Tell what is new; returns how many turns that were. Raises `SQLAlchemyError`."""
        if self._tail.is_there() or not self._path.exists():
            return 0
        projection = self._projection
        if projection is None:
            projection = Projection(self._partition, _definitions(self._path, self.position))
        self._projection = None  # not to be used again if it fails in between
        told, last = 0, self.position
        try:
            batches = read_log(self._path, self.position)
            for turn in open_batches(batches, self.position, self._skimming):
                projection.tell(turn)
                last = turn.position + len(turn.events)
                told += 1
                if told >= TURNS:
                    break
        except apsw.Error:
            return 0
        if told:
            try:
                self._write(projection, last)
            except Overtaken as fault:
                self.position = fault.position
                return told
        else:
            self._tail.reached()
        self._projection = projection
        return told

    def _write(self, projection: Projection, last: int) -> None:
        """Write what was told up to `last`. Raises `Overtaken` when somebody else told it before."""
        with self._engine.begin() as connection:
            self._claim(connection, last)
            projection.write(connection)
        self.position = last

    def _claim(self, connection: Connection, last: int) -> None:
        """Move the position on from where we are, and nobody else has moved it from there."""
        mine = POSITIONS.c.partition == self._partition
        moved = update(POSITIONS).where(mine, POSITIONS.c.position == self.position)
        if connection.execute(moved.values(position=last)).rowcount:
            return
        found = connection.scalar(select(POSITIONS.c.position).where(mine))
        if found is not None or self.position:
            raise Overtaken(found or 0)
        connection.execute(insert(POSITIONS).values(partition=self._partition, position=last))


def followers(engine: Engine, folder: Path, partitions: int) -> list[Follower]:
    at = positions(engine)
    return [
        Follower(engine, folder / f"partition-{number}.db", number, at.get(number, 0))
        for number in range(1, partitions + 1)
    ]


def catch_up(
    engine: Engine, folder: Path, partitions: int, progress: Callable[[int], None]
) -> None:
    """Tell everything that is in the log now; `progress` hears how many positions that is so far."""
    before = 0
    for follower in followers(engine, folder, partitions):
        while follower.follow():
            progress(before + follower.position)
        before += follower.position


def length(folder: Path, partitions: int) -> int:
    """How many positions there are to tell, of all partitions."""
    paths = (folder / f"partition-{number}.db" for number in range(1, partitions + 1))
    return sum(end_of_log(path) for path in paths if path.exists())


def _definitions(path: Path, position: int) -> dict[int, ProcessDefinition]:
    """What was deployed before `position`; from the beginning on the log itself tells."""
    if not position:
        return {}
    return {row.key: row for row in definitions(path)}


def main(data: str, partitions: str, url: str, *kept: str) -> None:
    """Follow until SIGTERM, or until the process that started this one is gone."""
    stand_back()
    engine = open_database(url)
    prepare(engine)
    following = followers(engine, Path(data), int(partitions))
    pruner = Pruner(engine, Retention.of(kept))
    collect_seldom()
    parent = os.getppid()
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    pause = PAUSE_SECONDS
    while True:
        last_round = bool(stopping) or os.getppid() != parent
        try:
            told = [follower.follow() for follower in following]
            pruner.step()
            pause = PAUSE_SECONDS
        except SQLAlchemyError as fault:
            log.error("writing history failed; it is tried again", extra={"reason": str(fault)})
            told, pause = [], min(pause * 2, LONGEST_PAUSE_SECONDS)
        if not any(told):
            if last_round:
                break
            time.sleep(pause)
        elif not last_round:
            time.sleep(gathering(told))
    engine.dispose()


def stand_back() -> None:
    """Others come first: by niceness, and as a batch job, which takes the processor from nobody.

    As a batch job it slows commands by 13 % instead of 16 (benchmarks/RESULTS.md).
    """
    os.nice(NICENESS)
    become_batch_job()


def gathering(told: Sequence[int]) -> float:
    """How long to wait for more turns after a round of so many of each partition.

    >>> gathering([3]), gathering([1_500, 20]), gathering([TURNS])
    (0.003, 0.2, 0.0)
    """
    if max(told) >= TURNS:  # there is more already
        return 0.0
    return min(sum(told) * PAUSE_BY_TURN, LONGEST_GATHERING)


if __name__ == "__main__":
    main(*sys.argv[1:])
