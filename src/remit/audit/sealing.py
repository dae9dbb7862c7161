"""Signed checkpoints of a running broker's logs: how long each log is, and what is in it.

The log is followed on a connection that can only read. Each turn is a leaf of the partition's Merkle
tree; after so many turns or so much time the root is signed and appended to
`checkpoints/partition-1.checkpoints`. What the tree needs to go on is kept beside it: it is derived,
and whoever changes it makes the next checkpoint disagree with the log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from remit.audit.reading import checkpoint_file
from remit.authority import Signer
from remit.authority.checkpoint import Checkpoint, sign_checkpoint
from remit.authority.merkle import Frontier, leaf_hash
from remit.base.errors import Fault
from remit.partition.log import raw_turns
from remit.partition.storage.contract import LogBatch
from remit.partition.storage.sqlite import read_log
from remit.partition.storage.tail import Tail

TURNS = 4096
SECONDS = 1.0
"""A checkpoint is signed after so many turns, or when the first unsigned one has waited so long."""


class Forked(Fault):
    """The log is not the one that was signed before: signing it would tell two stories."""


class Edge(msgspec.Struct, frozen=True):
    """The tree as it was at the last checkpoint. `batch` is the hash of the last batch in it."""

    position: int = 0
    batch: bytes = b""
    size: int = 0
    hashes: tuple[bytes, ...] = ()


def origin(cluster: str, partition: int) -> str:
    """The name of a partition's log in its checkpoints."""
    return f"remit/{cluster}/partition-{partition}"


class Sealer:
    """Signs the log of one partition."""

    def __init__(
        self,
        data: Path,
        partition: int,
        cluster: str,
        signer: Signer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = data / f"partition-{partition}.db"
        self._notes = checkpoint_file(data, partition)
        self._edge_file = self._notes.with_suffix(".edge")
        self._origin = origin(cluster, partition)
        self._signer = signer
        self._clock = clock
        self._drop_half_note()
        edge = self._last_edge()
        self._position, self._batch = edge.position, edge.batch
        self._tree = Frontier(edge.size, edge.hashes)
        self._signed = edge.size
        self._waits_since = 0.0
        self._tail = Tail(self._path)

    def _drop_half_note(self) -> None:
        """What a crash has left of a note was never a checkpoint: the next one stands for it."""
        if not self._notes.exists():
            return
        content = self._notes.read_bytes()
        whole = content.rfind(b"\n") + 1
        while whole and not content[:whole].splitlines()[-1].startswith("— ".encode()):
            whole = content[: whole - 1].rfind(b"\n") + 1
        if whole < len(content):
            with self._notes.open("r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())

    def _last_edge(self) -> Edge:
        """Where signing goes on; from the beginning of the log when that can't be read."""
        try:
            return msgspec.json.decode(self._edge_file.read_bytes(), type=Edge)
        except (FileNotFoundError, msgspec.DecodeError):
            return Edge()

    def follow(self) -> bool:
        """Take in what is new, and sign when it is time; False when nothing was new.

        Raises `Forked` when the log does not go on where the last checkpoint ended.
        """
        moved = False
        for batch in self._news():
            if batch.first_position != self._position + 1 or batch.previous != self._batch:
                raise Forked(
                    f"batch {batch.first_position} of {self._path.name} does not follow record "
                    f"{self._position}, up to which it was signed: is this an older copy?"
                )
            for raw in raw_turns(batch):
                self._tree.append(leaf_hash(raw))
            self._position, self._batch = batch.last_position, batch.hash
            if not moved and not self._waits_since:
                self._waits_since = self._clock()
            moved = True
            if self._tree.size - self._signed >= TURNS:
                self.sign()
        if not moved:
            self._tail.reached()
        if self._waits_since and self._clock() - self._waits_since >= SECONDS:
            self.sign()
        return moved

    def _news(self) -> Iterable[LogBatch]:
        if self._tail.is_there() or not self._path.exists():
            return ()
        return read_log(self._path, self._position)

    def sign(self) -> None:
        """One checkpoint over everything taken in; nothing when all of it is signed already."""
        self._waits_since = 0.0
        if self._tree.size == self._signed:
            return
        note = sign_checkpoint(
            Checkpoint(self._origin, self._tree.size, self._tree.root()), self._signer
        )
        self._notes.parent.mkdir(parents=True, exist_ok=True)
        with self._notes.open("a") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        edge = Edge(self._position, self._batch, self._tree.size, tuple(self._tree.hashes))
        draft = self._edge_file.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(edge))
        os.replace(draft, self._edge_file)
        self._signed = self._tree.size
