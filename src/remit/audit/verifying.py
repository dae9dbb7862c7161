"""Verifying whole logs: `verify(folder, ring)` gives a report; nothing found means nothing is wrong.

Per partition, from its first batch: whose log it is, the hash chain, the positions, the Merkle root of
every signed checkpoint, and what the auditor says about each turn. All of it goes on after a finding:
one change must not hide another.

What it cannot see: a log that was written anew from its beginning and signed again, with the broker's
own keys. That takes a checkpoint kept elsewhere (`since`) or a witness's cosignature.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from remit.audit.reading import (
    batches,
    checkpoint_file,
    log_files,
    notes,
    partitions,
    signed_partitions,
)
from remit.audit.running import Share
from remit.audit.story import Story
from remit.authority import AuthorityFault, KeyRing
from remit.authority.checkpoint import (
    Checkpoint,
    check_cosignature,
    equivocation,
    notes_in,
    origin_of,
    read_checkpoint,
    unchecked,
)
from remit.authority.errors import BadProof, BadSignature
from remit.authority.keys import PublicKey
from remit.authority.merkle import EMPTY, Frontier
from remit.authority.verify import Finding, Kind
from remit.base.garbage import collect_seldom
from remit.base.keys import DEPLOYMENT_PARTITION
from remit.partition.log import raw_turns_of
from remit.partition.storage.contract import LogBatch

EXIT_CODES: dict[Kind, int] = {
    "chain": 10,
    "order": 11,
    "checkpoint": 12,
    "signature": 13,
    "completeness": 14,
    "decision": 15,
    "slope": 16,
    "facts": 17,
    "withheld": 18,
    "partition": 19,
}
"""By the gravest kind of finding; 0 when there is none."""


WORTH_SHARING = 32 * 2**20
"""Bytes of log that take longer than to start a process."""


@dataclass
class PartitionReport:
    """What was found in one partition's log. `signed` counts turns under the last good checkpoint."""

    partition: int
    batches: int = 0
    turns: int = 0
    position: int = 0
    decisions: int = 0
    rejections: int = 0
    instances: int = 0
    checkpoints: int = 0
    signed: int = 0
    origin: str = ""
    root: str = ""
    findings: list[Finding] = field(default_factory=list)


@dataclass
class Report:
    partitions: list[PartitionReport]

    @property
    def exit_code(self) -> int:
        kinds = [each.kind for part in self.partitions for each in part.findings]
        return min((EXIT_CODES[kind] for kind in kinds), default=0)


def verify(
    folder: Path,
    ring: KeyRing,
    *,
    since: Sequence[str] = (),
    witnesses: Sequence[tuple[str, str]] = (),
    progress: Callable[[int], None] = lambda turns: None,
    workers: int = 1,
) -> Report:
    """Check every partition in `folder` with the public keys of `ring` alone.

    `since` are signed notes that were kept elsewhere, of any partition; `witnesses` are (name, key id)
    of those who must have cosigned the last checkpoint, here or in `since`. `progress` hears turns read
    so far. With several `workers` each is a process of its own: all of them read the log, and each asks
    about its share of the instances. Raises `NoLog`, and `BadProof` for a note in `since` that is none.
    """
    found = partitions(folder)
    kept = [note for text in since for note in notes_in(text)]
    lost = _lost(folder, found, kept)
    shares = -(-max(workers, 1) // len(found))
    tasks = [
        (folder, partition, ring, kept, witnesses, Share(index, shares))
        for partition in found
        for index in range(shares)
    ]
    if workers <= 1:
        whole = [_Verification(*task).run(progress) for task in tasks]
    else:
        with ProcessPoolExecutor(workers, get_context("spawn"), collect_seldom) as pool:
            reports = list(pool.map(_run, tasks))
        whole = [_together(reports[at : at + shares]) for at in range(0, len(reports), shares)]
    copies = _copies(folder, found)
    for report in whole:
        if report.partition in copies:
            report.findings.insert(0, _COPY)
    return Report([*whole, *lost])


_COPY = Finding(
    0,
    "partition",
    f"it begins as the log of partition {DEPLOYMENT_PARTITION}: one of the two is a copy",
)


def _lost(folder: Path, found: Sequence[int], kept: Sequence[str]) -> list[PartitionReport]:
    """Partitions whose log was signed and is not there. Raises `BadProof`."""
    signed = {*signed_partitions(folder), *(_partition_of(note) for note in kept)}
    return [
        PartitionReport(
            each, findings=[Finding(0, "checkpoint", f"the log of partition {each} was signed, and is "
                                    f"not in {folder}: all of it is missing")],
        )
        for each in sorted(signed - set(found))
    ]  # fmt: skip


def _copies(folder: Path, found: Sequence[int]) -> set[int]:
    """Partitions whose log begins as the first one's does; no other has what partition 1 begins with.

    Two others may well have the same: definitions that came to them in the same millisecond.
    """
    first = _beginning(folder, DEPLOYMENT_PARTITION) if DEPLOYMENT_PARTITION in found else b""
    others = (each for each in found if first and each != DEPLOYMENT_PARTITION)
    return {each for each in others if _beginning(folder, each) == first}


def _beginning(folder: Path, partition: int) -> bytes:
    """The hash of a log up to the first record that something happened; nothing where nothing has.

    Who only asked, or in vain, may have asked every partition at once.
    """
    for batch in batches(folder, partition):
        try:
            turns = raw_turns_of(batch.body)
        except (zstandard.ZstdError, msgspec.DecodeError):
            return b""
        if len(turns) <= batch.last_position - batch.first_position:
            return batch.hash
    return b""


def _partition_of(note: str) -> int:
    """Which partition's log a note kept elsewhere is about. Raises `BadProof` when it is no note."""
    named = _ORIGIN.fullmatch(unchecked(note).origin)
    if named is None:
        raise BadProof(f"a checkpoint of {origin_of(note)!r}, not of a partition's log")
    return int(named[1])


_ORIGIN = re.compile(r".*/partition-([1-9][0-9]{0,8})", re.ASCII)


def useful_workers(folder: Path) -> int:
    """A process for each core; one for a log that is read before others have started."""
    size = sum(path.stat().st_size for path in log_files(folder))
    return os.cpu_count() or 1 if size > WORTH_SHARING else 1


def _run(task: tuple[Any, ...]) -> PartitionReport:
    """In a process of its own."""
    return _Verification(*task).run(lambda turns: None)


def _together(parts: Sequence[PartitionReport]) -> PartitionReport:
    """The report of who led, with what the others have counted and found."""
    lead, *others = parts
    for each in others:
        lead.decisions += each.decisions
        lead.rejections += each.rejections
        lead.instances += each.instances
        lead.findings += each.findings
    if others:
        once = dict.fromkeys(lead.findings)
        lead.findings = sorted(once, key=lambda finding: finding.position)
    return lead


def _has_seen(name: str, key: PublicKey, last: str, kept: str) -> bool:
    """The witness has signed a copy of the last checkpoint that was kept elsewhere."""
    try:
        check_cosignature(kept, name, key)
        return unchecked(kept) == unchecked(last)
    except AuthorityFault:
        return False


class _Verification:
    """One partition, or a share of its instances; who has the first one checks the signed roots too."""

    def __init__(
        self,
        folder: Path,
        partition: int,
        ring: KeyRing,
        since: Sequence[str],
        witnesses: Sequence[tuple[str, str]],
        share: Share,
    ) -> None:
        self._leads = share.which == 0
        self._folder = folder
        self._ring = ring
        self._witnesses = witnesses
        self._report = PartitionReport(partition)
        self._story = Story(ring, share, partition)
        self._tree = Frontier()
        self._decompressor = zstandard.ZstdDecompressor()
        self._previous = b""
        self._notes = notes(checkpoint_file(folder, partition)) if self._leads else []
        self._kept = [each for each in since if _partition_of(each) == partition]
        kept = self._kept if self._leads else ()
        self._signed = sorted(self._read_checkpoints(kept), key=lambda each: each.size)
        self._good = (0, 0)

    def run(self, progress: Callable[[int], None]) -> PartitionReport:
        report = self._report
        if self._leads:
            self._check_witnesses()
        for batch in batches(self._folder, report.partition):
            for text in self._broken(batch):
                self._find(batch.first_position, "chain", text)
            self._previous, report.position = batch.hash, batch.last_position
            report.batches += 1
            self._told(self._turns(batch))
            if self._story.position != batch.last_position:
                text = (
                    f"the turns end at {self._story.position}, the batch at {batch.last_position}"
                )
                self._find(batch.last_position, "order", text)
            progress(report.turns)
        report.findings += self._story.auditor.finish()
        self._truncated()
        report.decisions = self._story.decisions
        report.rejections = self._story.rejections
        report.instances = self._story.instances
        report.root = self._tree.root().hex() if report.turns else EMPTY.hex()
        return report

    # --- the chain ---------------------------------------------------------------------------------

    def _broken(self, batch: LogBatch) -> Iterator[str]:
        reached = self._report.position
        if batch.first_position > reached + 1:
            yield f"records {reached + 1} to {batch.first_position - 1} are missing"
        elif batch.first_position <= reached:
            yield f"records {batch.first_position} to {batch.last_position} come after {reached}"
        if batch.previous != self._previous:
            yield f"batch {batch.first_position}-{batch.last_position} does not follow {reached}"
        if hashlib.sha256(batch.previous + batch.body).digest() != batch.hash:
            yield f"batch {batch.first_position}-{batch.last_position} was changed"

    def _turns(self, batch: LogBatch) -> list[msgspec.Raw]:
        """Also of a changed batch: what it says now may show what was changed."""
        try:
            return raw_turns_of(batch.body, self._decompressor)
        except (zstandard.ZstdError, msgspec.DecodeError) as fault:
            self._find(batch.first_position, "chain", f"the batch can't be read: {fault}")
            return []

    def _told(self, turns: list[msgspec.Raw]) -> None:
        """Up to each signed size the tree grows, and the story goes on; then the two are compared."""
        report, signed = self._report, self._signed
        while turns:
            count = max(1, signed[0].size - report.turns) if signed else len(turns)
            part, turns = turns[:count], turns[count:]
            if self._leads:
                self._tree.extend(part)
            for raw in part:
                self._turn(raw)
            while signed and signed[0].size <= report.turns:
                self._compare(signed.pop(0))

    def _turn(self, raw: msgspec.Raw) -> None:
        report = self._report
        report.turns += 1
        try:
            found = self._story.hear(raw)
        except (msgspec.DecodeError, ValueError) as fault:
            self._find(report.position, "chain", f"turn {report.turns} can't be read: {fault}")
            return
        if found:
            report.findings += found

    # --- checkpoints -------------------------------------------------------------------------------

    def _read_checkpoints(self, since: Sequence[str]) -> Iterator[Checkpoint]:
        """Those of this partition that a known audit key signed; the others are findings."""
        suffix = f"/partition-{self._report.partition}"
        named = [
            (f"checkpoint {n} of those that were kept", note) for n, note in enumerate(since, 1)
        ]
        file = checkpoint_file(self._folder, self._report.partition).name
        named += [(f"checkpoint {n} in {file}", note) for n, note in enumerate(self._notes, 1)]
        by_size: dict[int, Checkpoint] = {}
        for name, note in named:
            try:
                found = self._read(note, suffix)
            except AuthorityFault as fault:
                self._find(0, "checkpoint", f"{name}: {fault}")
                continue
            proof = equivocation(by_size.get(found.size, found), found)
            if proof:
                self._find(0, "checkpoint", proof)
            by_size[found.size] = found
            yield found

    def _read(self, note: str, suffix: str) -> Checkpoint:
        """The first note gives the log its name; it is that of this partition."""
        origin = origin_of(note)
        if not origin.endswith(suffix):
            raise BadProof(f"a checkpoint of {origin!r} among those of {suffix[1:]}")
        self._report.origin = self._report.origin or origin
        return read_checkpoint(note, self._report.origin, self._ring)

    def _check_witnesses(self) -> None:
        for name, kid in self._witnesses:
            key = next((each for each in self._ring if each.kid == kid), None)
            try:
                if key is None:
                    raise BadSignature(f"no key {kid} of witness {name} is known")
                if not self._notes:
                    raise BadProof(f"there is no checkpoint that {name} could have seen")
                if not any(_has_seen(name, key, self._notes[-1], each) for each in self._kept):
                    check_cosignature(self._notes[-1], name, key)
            except AuthorityFault as fault:
                self._find(0, "checkpoint", f"the last checkpoint: {fault}")

    def _compare(self, signed: Checkpoint) -> None:
        """`signed` is about exactly the turns read so far."""
        report, position = self._report, self._story.began
        report.checkpoints += 1
        if self._tree.root() == signed.root:
            self._good = (signed.size, position)
            report.signed = max(report.signed, signed.size)
            return
        turns, after = self._good
        self._find(
            position,
            "checkpoint",
            f"the log up to turn {signed.size} (position {position}) is not the one that was signed: "
            f"something after turn {turns} (position {after}) was changed, dropped or put in",
        )

    def _truncated(self) -> None:
        for signed in self._signed:
            self._find(
                self._report.position,
                "checkpoint",
                f"{signed.size} turns were signed, {self._report.turns} are there: the end is missing",
            )

    def _find(self, position: int, kind: Kind, text: str) -> None:
        self._report.findings.append(Finding(position, kind, text))
