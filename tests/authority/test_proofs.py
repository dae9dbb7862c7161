"""Merkle trees and checkpoints: what a log was cannot be told differently afterwards (T15, T16)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.authority.checkpoint import (
    Checkpoint,
    check_cosignature,
    cosign,
    equivocation,
    read_checkpoint,
    sign_checkpoint,
    verifier_key,
)
from remit.authority.errors import AuthorityFault, BadProof, BadSignature
from remit.authority.merkle import (
    EMPTY,
    Frontier,
    Tree,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
)
from tests.authority.world import auditor, stranger

LEAVES = [leaf_hash(bytes([number])) for number in range(70)]
TREE = Tree(LEAVES)


def definition(leaves: list[bytes]) -> bytes:
    """The root as RFC 6962 section 2.1 defines it, word by word."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(definition(leaves[:split]), definition(leaves[split:]))


def test_roots_are_those_of_the_definition() -> None:
    frontier = Frontier()
    for size in range(len(LEAVES) + 1):
        assert definition(LEAVES[:size]) == TREE.root(size) == frontier.root()
        if size < len(LEAVES):
            frontier.append(LEAVES[size])


def test_the_empty_tree_and_the_empty_leaf_have_the_known_hashes() -> None:
    assert EMPTY.hex().startswith("e3b0c44298fc1c149afbf4c8996fb924")
    assert leaf_hash(b"").hex().startswith("6e340b9cffb37a989ca544e6bb780a2c")


def test_many_records_make_the_tree_that_they_make_one_by_one() -> None:
    records = [bytes([number]) * number for number in range(40)]
    for first in (0, 1, 3, 8, 21):
        one_by_one, at_once = Frontier(), Frontier()
        for record in records:
            one_by_one.append(leaf_hash(record))
        at_once.extend(records[:first])
        at_once.extend(records[first:])

        assert (at_once.size, at_once.hashes) == (one_by_one.size, one_by_one.hashes)


def test_a_frontier_goes_on_from_its_saved_state() -> None:
    frontier = Frontier()
    for leaf in LEAVES[:37]:
        frontier.append(leaf)
    restored = Frontier(frontier.size, frontier.hashes)
    for leaf in LEAVES[37:]:
        restored.append(leaf)

    assert restored.root() == TREE.root()
    with pytest.raises(BadProof):
        Frontier(3, [EMPTY])


def test_every_leaf_is_proved_in_every_tree() -> None:
    for size in range(1, 40):
        for index in range(size):
            proof = TREE.inclusion(index, size)
            assert len(proof) <= (size - 1).bit_length()
            check_inclusion(LEAVES[index], index, size, proof, TREE.root(size))


def test_every_tree_is_the_beginning_of_every_later_one() -> None:
    for new in range(1, 40):
        for old in range(1, new + 1):
            proof = TREE.consistency(old, new)
            check_consistency(old, new, TREE.root(old), TREE.root(new), proof)


@given(st.integers(1, 70), st.data())
@settings(deadline=None)
def test_a_wrong_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = TREE.inclusion(index, size), TREE.root(size)
    wrong = data.draw(st.integers(0, 69).filter(lambda other: other != index))
    with pytest.raises(BadProof):
        check_inclusion(LEAVES[wrong], index, size, proof, root)
    with pytest.raises(BadProof):
        check_inclusion(LEAVES[index], index, size, [*proof, EMPTY], root)
    if proof:
        with pytest.raises(BadProof):
            check_inclusion(LEAVES[index], index, size, proof[:-1], root)


@given(st.integers(2, 70), st.data())
@settings(deadline=None)
def test_t15_a_log_that_was_rewritten_has_no_consistency_proof(
    new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = Tree([*LEAVES[:changed], EMPTY, *LEAVES[changed + 1 : new]])
    with pytest.raises(BadProof):
        check_consistency(
            old, new, TREE.root(old), rewritten.root(), rewritten.consistency(old, new)
        )


def test_t15_a_truncated_log_is_shorter_than_its_checkpoint() -> None:
    with pytest.raises(BadProof):
        Tree(LEAVES[:10]).consistency(20)
    with pytest.raises(BadProof):
        check_consistency(20, 10, TREE.root(20), TREE.root(10), [])


@given(st.lists(st.sampled_from(LEAVES), max_size=8), st.integers(-1, 80), st.integers(-1, 80))
@settings(deadline=None)
def test_foreign_proofs_raise_only_documented_faults(proof: list[bytes], a: int, b: int) -> None:
    for check in (
        lambda: check_inclusion(LEAVES[0], a, b, proof, EMPTY),
        lambda: check_consistency(a, b, LEAVES[1], EMPTY, proof),
    ):
        with pytest.raises(BadProof):
            check()


ORIGIN = "remit.example/cluster-1/partition-1"
KEYS = [auditor.public("audit")]
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 70, TREE.root()), auditor)


def test_a_checkpoint_is_a_signed_note() -> None:
    lines = NOTE.split("\n")
    assert lines[:2] == [ORIGIN, "70"]
    assert base64.b64decode(lines[2]) == TREE.root()
    assert lines[3] == ""
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert read_checkpoint(NOTE, ORIGIN, KEYS) == Checkpoint(ORIGIN, 70, TREE.root())
    assert verifier_key(ORIGIN, KEYS[0]).startswith(f"{ORIGIN}+")


def test_a_checkpoint_of_another_log_or_by_somebody_else_is_refused() -> None:
    with pytest.raises(BadProof, match="not of other"):
        read_checkpoint(NOTE, "other", KEYS)
    with pytest.raises(BadSignature):
        read_checkpoint(NOTE, ORIGIN, [stranger.public("audit")])
    with pytest.raises(BadSignature):
        read_checkpoint(NOTE, ORIGIN, [auditor.public("worker")])
    with pytest.raises(BadSignature):
        read_checkpoint(NOTE.replace("\n70\n", "\n71\n"), ORIGIN, KEYS)


def test_t16_two_stories_of_one_log_are_a_proof() -> None:
    one = Checkpoint(ORIGIN, 5, TREE.root(5))

    assert "signed two roots for 5 records" in equivocation(one, Checkpoint(ORIGIN, 5, EMPTY))
    assert equivocation(one, one) == ""
    assert equivocation(one, Checkpoint(ORIGIN, 6, TREE.root(6))) == ""
    assert equivocation(one, Checkpoint("other", 5, EMPTY)) == ""


def test_a_witness_signs_the_same_text_with_its_time() -> None:
    witnessed = cosign(NOTE, "witness.example", stranger, 1_800_000_000)

    assert read_checkpoint(witnessed, ORIGIN, KEYS).size == 70
    assert check_cosignature(witnessed, "witness.example", stranger.public()) == 1_800_000_000
    with pytest.raises(BadSignature):
        check_cosignature(witnessed, "witness.example", auditor.public())
    with pytest.raises(BadSignature):
        check_cosignature(NOTE, "witness.example", stranger.public())
    forged = witnessed.replace("\n70\n", "\n71\n")
    with pytest.raises(BadSignature):
        check_cosignature(forged, "witness.example", stranger.public())


@given(st.text(max_size=60) | st.integers(0, len(NOTE) - 1).map(lambda n: NOTE[:n] + NOTE[n + 1 :]))
@settings(deadline=None)
def test_foreign_notes_raise_only_documented_faults(note: str) -> None:
    with pytest.raises(AuthorityFault):
        read_checkpoint(note, ORIGIN, KEYS)
