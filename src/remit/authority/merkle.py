"""Merkle trees over a log (RFC 6962 section 2.1, verification after RFC 9162): short proofs.

leaf      SHA-256(0x00 ‖ record)            node    SHA-256(0x01 ‖ left ‖ right)

Frontier  what a writer keeps: one hash per bit of the size; append and root
Tree      what a prover keeps: every complete subtree; inclusion and consistency proofs
levels_of a whole small tree at once, and `paths_of` all its leaves
check_…   what a verifier needs: the proof, the roots, nothing else
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from msgspec import Raw

from remit.authority.errors import BadProof

_SHA256 = hashlib.sha256
EMPTY = _SHA256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(record: bytes | Raw) -> bytes:
    """32 bytes."""
    return _SHA256(b"".join((b"\0", record))).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """32 bytes."""
    return _SHA256(b"\1" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: all that is needed to append and to know the root.

    `hashes` are the roots of the complete subtrees, largest first; with `size` they are the state.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise BadProof(f"a tree of {size} leaves has {size.bit_count()} complete subtrees")

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        size, hashes = self.size, self.hashes
        while size & 1:
            leaf = node_hash(hashes.pop(), leaf)
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def extend(self, records: Iterable[bytes | Raw]) -> None:
        """Add these records, in order."""
        size, hashes, join, sha256 = self.size, self.hashes, b"".join, _SHA256
        for record in records:
            node = sha256(join((b"\0", record))).digest()
            above = size
            while above & 1:
                node = sha256(b"\1" + hashes.pop() + node).digest()
                above >>= 1
            hashes.append(node)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """The root of all leaves so far."""
        if not self.hashes:
            return EMPTY
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


class Tree:
    """Leaf hashes with all complete subtrees over them: 64 bytes per leaf."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        level = 0
        self._levels[0].append(leaf)
        while len(self._levels[level]) % 2 == 0:
            left, right = self._levels[level][-2:]
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(node_hash(left, right))

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves; of all by default."""
        size = self.size if size is None else size
        self._check_size(size)
        return self._hash(0, size) if size else EMPTY

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that leaf `index` is among the first `size`: log2(size) hashes."""
        size = self.size if size is None else size
        self._check_size(size)
        if not 0 <= index < size:
            raise BadProof(f"there is no leaf {index} in a tree of {size}")
        return self._path(index, 0, size)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the first `old` leaves are the beginning of the first `new`."""
        new = self.size if new is None else new
        self._check_size(new)
        if not 0 < old <= new:
            raise BadProof(f"no consistency proof from {old} to {new} leaves")
        return [] if old == new else self._subproof(old, 0, new, whole=True)

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise BadProof(f"the tree has {self.size} leaves, not {size}")

    def _hash(self, start: int, end: int) -> bytes:
        """The root over leaves [start, end); `start` is a multiple of a fitting power of two."""
        width = end - start
        if width & (width - 1) == 0:
            level = width.bit_length() - 1
            return self._levels[level][start >> level]
        middle = start + _split(width)
        return node_hash(self._hash(start, middle), self._hash(middle, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._hash(middle, end)]
        return [*self._path(index, middle, end), self._hash(start, middle)]

    def _subproof(self, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
        """`whole`: the old tree is exactly [0, old) so far, and its root is known already."""
        if old == end:
            return [] if whole else [self._hash(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            return [*self._subproof(old, start, middle, whole=whole), self._hash(middle, end)]
        return [*self._subproof(old, middle, end, whole=False), self._hash(start, middle)]


def _split(width: int) -> int:
    """The largest power of two below `width`, which is at least 2."""
    return 1 << (width - 1).bit_length() - 1


def levels_of(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The tree over at least one leaf hash, from the leaves to the root.

    The last node of an odd level stands in the next one as it is.
    """
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        level = [*map(node_hash, below[::2], below[1::2])]
        if len(below) & 1:
            level.append(below[-1])
        levels.append(level)
    return levels


def paths_of(levels: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The inclusion proof of each leaf, its hashes in one piece."""
    paths = [b""]
    for level in reversed(levels[:-1]):
        last = len(level) - 1
        paths = [
            paths[index >> 1] if index == last and not index & 1
            else level[index ^ 1] + paths[index >> 1]
            for index in range(last + 1)
        ]  # fmt: skip
    return paths


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises BadProof unless `leaf` is number `index` of the `size` leaves under `root`."""
    if root_over(leaf, index, size, proof) != root:
        raise BadProof(f"leaf {index} is not under this root")


def root_over(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to from leaf `index` of `size`. Raises BadProof for another length."""
    if not 0 <= index < size:
        raise BadProof(f"there is no leaf {index} in a tree of {size}")
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BadProof("the proof is too long")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short")
    return found


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises BadProof unless the tree of `old` leaves is the beginning of that of `new`."""
    if not 0 < old <= new:
        raise BadProof(f"no consistency from {old} to {new} leaves")
    if old == new:
        if proof or old_root != new_root:
            raise BadProof(f"two roots for {old} leaves")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise BadProof("the proof is empty")
    first, second = _replay(path, old - 1, new - 1)
    if first != old_root or second != new_root:
        raise BadProof(f"the first {old} leaves were changed afterwards")


def _replay(path: list[bytes], node: int, last: int) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency proof leads to."""
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadProof("the proof is too long")
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short")
    return first, second
