"""That one record is in the signed log, shown without the rest of the log.

A proof holds the turn with the record in it (a command and all that it did), the hashes that lead from
it to the root, and the signed checkpoint with that root. Whoever has it needs one public key.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from remit.audit.reading import batches, checkpoint_file, notes
from remit.authority import KeyRing
from remit.authority.checkpoint import Checkpoint, origin_of, read_checkpoint, unchecked
from remit.authority.errors import BadProof, Malformed
from remit.authority.merkle import Tree, check_inclusion, leaf_hash
from remit.partition.log import Logged, raw_turns, read_turn


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`turn` is the record's turn as it is in the log, base64; `path` are hashes in hexadecimal."""

    record: int
    index: int
    turn: str
    path: tuple[str, ...]
    checkpoint: str


def prove(folder: Path, partition: int, record: int) -> Proof:
    """The proof that the record at this position is in the log.

    Raises `BadProof` when it is not there, or when no checkpoint covers it yet.
    """
    tree, found, raw_turn = Tree(), -1, b""
    for batch in batches(folder, partition):
        for raw in raw_turns(batch):
            if found < 0 and record <= batch.last_position and _holds(read_turn(raw), record):
                found, raw_turn = tree.size, raw
            tree.append(leaf_hash(raw))
    if found < 0:
        raise BadProof(f"there is no record {record} in the log of partition {partition}")
    signed = list(_readable(notes(checkpoint_file(folder, partition))))
    for note, checkpoint in reversed(signed):
        if found < checkpoint.size <= tree.size:
            hashes = tree.inclusion(found, checkpoint.size)
            _check_fits(checkpoint, raw_turn, found, hashes)
            path = tuple(each.hex() for each in hashes)
            return Proof(record, found, base64.b64encode(raw_turn).decode(), path, note)
    raise BadProof(f"no checkpoint covers record {record}; the last of {len(signed)} is older")


def _readable(found: list[str]) -> Iterator[tuple[str, Checkpoint]]:
    for note in found:
        with suppress(BadProof):
            yield note, unchecked(note)


def _check_fits(checkpoint: Checkpoint, turn: bytes, index: int, hashes: list[bytes]) -> None:
    """Raises BadProof where the log is not the one that was signed."""
    try:
        check_inclusion(leaf_hash(turn), index, checkpoint.size, hashes, checkpoint.root)
    except BadProof:
        raise BadProof(
            f"the log is not the one that was signed at {checkpoint.size} turns, so nothing in it can "
            f"be proven: `remit audit verify` says where it was changed"
        ) from None


def check_proof(proof: Proof, ring: KeyRing) -> tuple[Checkpoint, Logged]:
    """The signed checkpoint and the turn that is under it. Raises an `AuthorityFault`."""
    checkpoint = read_checkpoint(proof.checkpoint, origin_of(proof.checkpoint), ring)
    try:
        raw = base64.b64decode(proof.turn, validate=True)
        path = [bytes.fromhex(each) for each in proof.path]
        turn = read_turn(raw)
    except ValueError as fault:
        raise Malformed(f"the proof can't be read: {fault}") from None
    check_inclusion(leaf_hash(raw), proof.index, checkpoint.size, path, checkpoint.root)
    if not _holds(turn, proof.record):
        raise BadProof(f"the turn at {turn.position} does not hold record {proof.record}")
    return checkpoint, turn


def read_proof(content: bytes) -> Proof:
    """Raises Malformed."""
    try:
        return msgspec.json.decode(content, type=Proof)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Malformed(f"not a proof: {fault}") from None


def _holds(turn: Logged, record: int) -> bool:
    return turn.position <= record <= turn.position + len(turn.events)
