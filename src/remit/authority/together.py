"""Signed together: many blocks under one signature, each of which is verified by itself.

The hashes that name the blocks, SHA-256 of their signing inputs, are the entries of a Merkle tree (RFC
9162 section 2.1); what is signed is

    remit signed together LF ‹number of leaves› LF ‹root in hexadecimal› LF

and the third part of each such JWS is the signature, and the hashes that lead from it to the root:

    signature (64 bytes) ‖ number of leaves (4, big-endian) ‖ index (4) ‖ hash (32), from the leaf up …

A signature costs more than all else that is done for a block; a tree takes two hashes a leaf.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from remit.authority.errors import BadProof, BadSignature
from remit.authority.keys import PublicKey, Signer
from remit.authority.merkle import leaf_hash, levels_of, paths_of, root_over

ALGORITHM = "Ed25519-tree"
"""As the header of such a block names it."""

MOST = 1 << 12
"""Leaves of one tree: their paths have at most twelve hashes."""

_SHA256 = hashlib.sha256
_SIGNATURE, _NUMBER, _HASH = 64, 4, 32
_AHEAD = _SIGNATURE + 2 * _NUMBER

LONGEST = 608
"""Letters of a third part at most."""


def leaf_of(name: str) -> bytes:
    """The leaf of the block with this name (see `Envelope.hash`)."""
    return leaf_hash(bytes.fromhex(name))


def waiting_leaf(token: str) -> bytes | None:
    """The leaf of a block that has no signature yet, two parts of its JWS; None for one that has."""
    if token.count(".") != 1:
        return None
    return leaf_hash(_SHA256(token.encode()).digest())


def sign_together(leaves: Sequence[bytes], signer: Signer) -> bytes:
    """The signature of all of them, 64 bytes."""
    return signer.sign(_message(len(leaves), _root(leaves)))


def check_together(leaves: Sequence[bytes], signature: bytes, key: PublicKey) -> None:
    """Raises BadSignature unless `key` signed exactly these leaves, in this order."""
    if not 1 <= len(leaves) <= MOST:
        raise BadSignature(f"1 to {MOST} blocks are signed together, not {len(leaves)}")
    key.check(_message(len(leaves), _root(leaves)), signature)


def third_parts(leaves: Sequence[bytes], signature: bytes) -> list[bytes]:
    """The third part of each block's JWS, before it is written in letters."""
    size = len(leaves).to_bytes(_NUMBER, "big")
    return [
        b"".join((signature, size, index.to_bytes(_NUMBER, "big"), path))
        for index, path in enumerate(paths_of(_tree(tuple(leaves))))
    ]


def check_third_part(signing_input: bytes, part: bytes, key: PublicKey) -> None:
    """Raises BadSignature unless the block is among those that `key` has signed with this."""
    path = part[_AHEAD:]
    if len(part) < _AHEAD or len(path) % _HASH:
        raise BadSignature("no signature of several blocks together")
    size = int.from_bytes(part[_SIGNATURE : _SIGNATURE + _NUMBER], "big")
    index = int.from_bytes(part[_SIGNATURE + _NUMBER : _AHEAD], "big")
    if size > MOST:
        raise BadSignature(f"at most {MOST} blocks are signed together, not {size}")
    hashes = [path[at : at + _HASH] for at in range(0, len(path), _HASH)]
    try:
        root = root_over(leaf_hash(_SHA256(signing_input).digest()), index, size, hashes)
    except BadProof as fault:
        raise BadSignature(f"not among those that were signed together: {fault}") from None
    _check_root(key, size, root, part[:_SIGNATURE])


def _root(leaves: Sequence[bytes]) -> bytes:
    root: bytes = _tree(tuple(leaves))[-1][0]
    return root


def _message(size: int, root: bytes) -> bytes:
    return b"remit signed together\n%d\n%s\n" % (size, root.hex().encode())


@lru_cache(maxsize=4096)
def _check_root(key: PublicKey, size: int, root: bytes, signature: bytes) -> None:
    """Whoever verifies one of these blocks soon verifies others. Faults are not cached."""
    key.check(_message(size, root), signature)


@lru_cache(maxsize=4)
def _tree(leaves: tuple[bytes, ...]) -> list[list[bytes]]:
    """Who signs it asks for its paths next."""
    return levels_of(leaves)
