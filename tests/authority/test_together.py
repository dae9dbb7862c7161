"""Blocks under one signature: each is verified by itself, and nothing else is (R1, T5, T6, T8)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.authority import AuthorityFault, base64url, canon, jws, verify_chain
from remit.authority.binding import bindable
from remit.authority.errors import BadSignature, Malformed
from remit.authority.merkle import Tree, levels_of, paths_of
from remit.authority.policy import Initiator
from remit.authority.together import (
    ALGORITHM,
    LONGEST,
    MOST,
    check_third_part,
    check_together,
    leaf_of,
    sign_together,
    third_parts,
)
from tests.support.governed import RING, WORK, grant, holder, policy, signed_together, stranger

KEY = holder.public("holder")
GRANTS = tuple(policy(grant(WORK)))


def names(count: int) -> list[str]:
    return [hashlib.sha256(b"%d" % number).hexdigest() for number in range(count)]


def contents(count: int) -> list[bytes]:
    """Signing inputs with those names."""
    return [b"%d" % number for number in range(count)]


def texts(count: int) -> list[str]:
    """Bindings of so many instances that wait for their signature."""
    grants = bindable(GRANTS, RING, "<default>", "one", 1, "holder")
    who = Initiator(actor="alice", method="jwt")
    return [grants.bind(str(1000 + number), who, 7).tokens[-1] for number in range(count)]


@pytest.mark.parametrize("count", [*range(1, 35), 64, 100, 127])
def test_r1_each_binding_that_was_signed_with_others_is_verified_by_itself(count: int) -> None:
    leaves = [leaf_of(name) for name in names(count)]
    signature = sign_together(leaves, holder)

    check_together(leaves, signature, KEY)
    for content, part in zip(contents(count), third_parts(leaves, signature), strict=True):
        check_third_part(content, part, KEY)
        assert len(base64url.encode(part)) <= LONGEST


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 70])
def test_a_tree_at_once_is_the_tree_that_grows(count: int) -> None:
    leaves = [leaf_of(name) for name in names(count)]
    tree, levels = Tree(leaves), levels_of(leaves)

    assert levels[-1] == [tree.root()]
    assert paths_of(levels) == [b"".join(tree.inclusion(index)) for index in range(count)]


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 20), st.data())
def test_t8_a_third_part_that_was_bent_anywhere_is_refused(count: int, data: st.DataObject) -> None:
    leaves = [leaf_of(name) for name in names(count)]
    index = data.draw(st.integers(0, count - 1))
    part = third_parts(leaves, sign_together(leaves, holder))[index]
    place = data.draw(st.integers(0, len(part) - 1))
    bit = 1 << data.draw(st.integers(0, 7))

    for bent in (
        part[:place] + bytes([part[place] ^ bit]) + part[place + 1 :],
        part[:place],
        part + b"\0" * 32,
        part + b"\0",
    ):
        with pytest.raises(BadSignature):
            check_third_part(contents(count)[index], bent, KEY)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 40), st.data())
def test_t5_t6_nothing_else_is_signed_by_it(count: int, data: st.DataObject) -> None:
    leaves = [leaf_of(name) for name in names(count)]
    signature = sign_together(leaves, holder)
    parts = third_parts(leaves, signature)
    one = data.draw(st.integers(0, count - 1))
    other = data.draw(st.integers(0, count))  # the last is of nobody

    if one != other:
        with pytest.raises(BadSignature):
            check_third_part(contents(count + 1)[other], parts[one], KEY)
    with pytest.raises(BadSignature):
        check_third_part(contents(count)[one], parts[one], stranger.public("holder"))


def test_t5_not_other_blocks_nor_in_another_order_nor_more_nor_fewer() -> None:
    leaves = [leaf_of(name) for name in names(9)]
    signature = sign_together(leaves[:8], holder)

    for others in (leaves, leaves[:7], leaves[7::-1], [*leaves[:7], leaves[8]], [], leaves[:1]):
        with pytest.raises(BadSignature):
            check_together(others, signature, KEY)
    with pytest.raises(BadSignature, match="are signed together, not"):
        check_together(leaves[:1] * (MOST + 1), signature, KEY)


def test_t5_a_node_of_the_tree_is_no_block_of_it() -> None:
    """Leaves and nodes are hashed apart: two blocks can't be passed off as one."""
    leaves = [leaf_of(name) for name in names(4)]
    signature = sign_together(leaves, holder)
    inner = levels_of(leaves)[1]
    size = (2).to_bytes(4, "big")

    forged = b"".join((signature, size, bytes(4), inner[1]))
    for content in (inner[0], leaves[0] + leaves[1], b"\1" + leaves[0] + leaves[1]):
        with pytest.raises(BadSignature):
            check_third_part(content, forged, KEY)


def test_t8_a_signature_of_a_tree_and_one_of_a_statement_never_pass_for_each_other() -> None:
    (text,) = texts(1)
    (token,) = signed_together([text])
    alone = base64url.encode(holder.sign(text.encode()))
    header, payload, third = token.split(".")
    plain = jws.header("bind", "holder")

    verify_chain((*GRANTS, token), RING)
    for bent in (
        f"{text}.{alone}",
        f"{plain}.{payload}.{third}",
        f"{plain}.{payload}.{base64url.encode(base64url.decode(third)[:64])}",
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{third}.",
    ):
        with pytest.raises(AuthorityFault):
            verify_chain((*GRANTS, bent), RING)


@pytest.mark.parametrize("kind", ["grant", "succ", "derive", "receipt", "anchor", "revocation"])
def test_t8_bindings_are_signed_together_and_nothing_else(kind: jws.Kind) -> None:
    claims = base64url.encode(canon.encode({"v": 1}))
    (token,) = signed_together([f"{jws.header(kind, 'holder', ALGORITHM)}.{claims}"])

    with pytest.raises(Malformed, match="bindings are signed together"):
        jws.read(token, kind)


def test_the_bindings_of_a_batch_are_all_good_and_all_different() -> None:
    waiting = texts(50)
    chains = [verify_chain((*GRANTS, token), RING) for token in signed_together(waiting)]

    assert [chain.subject.instance for chain in chains] == [str(1000 + at) for at in range(50)]
    assert len({chain.hash for chain in chains}) == 50
