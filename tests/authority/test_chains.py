"""Chains: what follows from what (T3-T7, T18, T20, T31)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from remit.authority import KeyRing, Signer, VerifiedChain, jws, verify_block, verify_chain
from remit.authority.derive import (
    Attenuation,
    derive_for_call,
    derive_for_worker,
    mint_grant,
    renewed,
    succeed,
    with_successor,
)
from remit.authority.errors import BadLink, BadSignature, BadStatement, Malformed
from remit.authority.policy import Clause, Derive, Holder
from tests.authority.world import (
    CHILD,
    GRANT,
    INSTANCE,
    NOW,
    RING,
    acme,
    broker,
    chain_of,
    stranger,
    worker,
)


def child_of(parent: VerifiedChain, instance: str = CHILD, **options: object) -> tuple[str, ...]:
    return derive_for_call(
        parent,
        broker,
        process="billing",
        version=1,
        instance=instance,
        element="call-billing",
        jti=f"derive-{instance}",
        now=NOW,
        **options,  # type: ignore[arg-type]
    )


def resigned(tokens: Sequence[str], **changes: object) -> list[str]:
    """The chain with its last block changed and signed anew by the rightful holder."""
    envelope = jws.read(tokens[-1], "derive", "bind")
    return [*tokens[:-1], jws.sign(envelope.kind, {**envelope.claims, **changes}, broker)]


def test_a_bound_grant_is_for_one_instance() -> None:
    chain = chain_of(GRANT)

    chain.check_runs("acme", "order", 3, INSTANCE)
    for other in (
        ("bank", "order", 3, INSTANCE),
        ("acme", "billing", 3, INSTANCE),
        ("acme", "order", 4, INSTANCE),
        ("acme", "order", 3, CHILD),
    ):
        with pytest.raises(BadLink, match="the policy is for instance"):
            chain.check_runs(*other)


def test_t4_a_child_cannot_run_under_its_parents_chain() -> None:
    parent = chain_of(GRANT)
    child = verify_chain(child_of(parent), RING)

    child.check_runs("acme", "billing", 1, CHILD)
    with pytest.raises(BadLink):
        verify_chain(child.tokens[:-1], RING).check_runs("acme", "billing", 1, CHILD)


def test_t5_blocks_are_neither_reordered_nor_spliced_nor_left_out() -> None:
    parent = chain_of(GRANT)
    child = verify_chain(child_of(parent), RING)
    grandchild = child_of(child, "2251799813685301")
    other = chain_of(GRANT, instance="2251799813685250")
    grant, bind, first, second = grandchild
    for tokens in (
        [bind, grant],
        [grant, bind, second],
        [grant, bind, second, first],
        [grant, bind, first, first],
        [grant, other.tokens[1], first],
        [grant, bind, bind],
        [bind, first],
        [grant, first],
        [grant, grant],
        [grant, grant, bind],
        [grant, bind, grant],
    ):
        with pytest.raises(BadLink):
            verify_chain(tokens, RING)


def test_t5_a_derivation_of_another_grants_chain_does_not_fit() -> None:
    twin = chain_of(replace(GRANT, jti="twin"))
    child = child_of(chain_of(GRANT))

    with pytest.raises(BadLink, match="does not follow"):
        verify_chain([*twin.tokens, child[-1]], RING)


def test_t6_a_binding_is_no_other_instances() -> None:
    with pytest.raises(BadLink):
        chain_of(GRANT).check_runs("acme", "order", 3, "2251799813685250")


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": 0},
        {"del_max_depth": 9},
        {"del_depth": 3},
        {"del_depth": 0},
        {"par_hash": "0" * 64},
        {"sub": {"to": "call", "parent": CHILD, "instance": CHILD}},
        {"sub": {"to": "call", "parent": INSTANCE, "instance": INSTANCE}},
        {"sub": {"to": "worker", "parent": INSTANCE, "instance": CHILD, "job": "5"}},
        {"sub": {"to": "worker", "parent": INSTANCE, "instance": INSTANCE}},
        {"sub": {"to": "call", "parent": INSTANCE, "instance": CHILD, "job": "5"}},
    ],
)
def test_t7_a_holder_cannot_stretch_what_it_was_given(changes: dict[str, object]) -> None:
    tokens = child_of(chain_of(GRANT))
    if "sub" in changes:
        rest = {"tenant": "acme", "process": "billing", "ver": 1, "element": "call-billing"}
        changes = {"sub": {**rest, **changes["sub"]}}  # type: ignore[dict-item]

    with pytest.raises(BadLink):
        verify_chain(resigned(tokens, **changes), RING)


def test_t7_an_unknown_word_in_any_block_refuses_the_whole_chain() -> None:
    tokens = child_of(chain_of(GRANT))
    for changes in ({"permit": []}, {"v": 2}, {"slope": {"levels": {"none": 1000}}}):
        with pytest.raises(Malformed):
            verify_chain(resigned(tokens, **changes), RING)


def test_only_the_named_holder_signs_the_next_block() -> None:
    ring = KeyRing([*RING, stranger.public("holder")])
    tokens = list(child_of(chain_of(GRANT)))
    envelope = jws.read(tokens[-1], "derive")
    for index, kind in ((1, "bind"), (2, "derive")):
        claims = jws.read(tokens[index], kind).claims  # type: ignore[arg-type]
        swapped = [*tokens[:index], jws.sign(kind, claims, stranger)]  # type: ignore[arg-type]
        with pytest.raises(BadLink, match="does not name key stranger"):
            verify_chain(swapped, ring)
    assert envelope.kid == "broker-1"


def test_a_grant_is_bound_only_to_what_it_is_for() -> None:
    for grant in (
        replace(GRANT, sub=replace(GRANT.sub, process=("billing",))),
        replace(GRANT, sub=replace(GRANT.sub, ver=(4, None))),
        replace(GRANT, sub=replace(GRANT.sub, ver=(None, 2))),
    ):
        with pytest.raises(BadLink, match="is not for order version 3"):
            chain_of(grant)


def test_what_may_not_be_passed_on_is_not_passed_on() -> None:
    with pytest.raises(BadLink, match="may not be passed on"):
        child_of(chain_of(replace(GRANT, del_max_depth=0)))


def test_t7_a_derivation_does_not_outlive_what_it_comes_from() -> None:
    brief = Attenuation(exp=NOW + 60)
    child = verify_chain(child_of(chain_of(GRANT), attenuation=brief), RING)
    tokens = child_of(child, "2251799813685301")

    assert verify_chain(tokens, RING).leaf.exp == NOW + 60
    with pytest.raises(BadLink, match="not valid outside"):
        verify_chain(resigned(tokens, exp=NOW + 61), RING)


def test_a_child_asks_for_more_and_gets_what_there_is() -> None:
    parent = verify_chain(
        child_of(chain_of(GRANT), attenuation=Attenuation(exp=NOW + 60, del_max_depth=2)), RING
    )
    more = Attenuation(exp=2**52, del_max_depth=50)
    child = verify_chain(child_of(parent, "2251799813685301", attenuation=more), RING).leaf

    assert (child.exp, child.del_max_depth) == (parent.leaf.exp, parent.leaf.del_max_depth)


def test_a_called_process_brings_its_own_grant() -> None:
    billing = replace(
        GRANT, jti="billing", sub=replace(GRANT.sub, process=("billing",), ver=(1, 1))
    )
    block = verify_block(mint_grant(billing, acme), RING)
    tokens = child_of(chain_of(GRANT), grants=[block])

    chain = verify_chain(tokens, RING)
    assert [grant.jti for grant in chain.grants] == ["order-fulfilment", "billing"]
    with pytest.raises(BadLink, match="lists 1 grants, 0 stand before it"):
        verify_chain([*tokens[:2], tokens[3]], RING)


def test_a_worker_gets_a_warrant_for_one_job_until_its_deadline() -> None:
    tokens = derive_for_worker(
        chain_of(GRANT),
        broker,
        job="77",
        element="pay",
        worker_kid=worker.kid,
        deadline=NOW + 60,
        jti="warrant",
        now=NOW,
    )
    leaf = verify_chain(tokens, RING).leaf

    assert isinstance(leaf, Derive)
    assert (leaf.exp, leaf.sub.job, leaf.cnf) == (NOW + 60, "77", Holder(kids=("worker-1",)))


def test_t18_a_successor_takes_the_place_of_a_grant_and_links_stay_as_they_are() -> None:
    child = verify_chain(child_of(chain_of(GRANT)), RING)
    new = renewed(GRANT, now=NOW, exp=NOW + 2_000_000)
    token = mint_grant(succeed(child.blocks[0], new), acme)

    after = with_successor(child, token, RING)

    assert after.grants[0].rev == 8
    assert after.tokens[1:] == child.tokens[1:]
    assert after.hash != child.hash
    again = mint_grant(succeed(after.blocks[0], renewed(new, now=NOW, exp=NOW + 3)), acme)
    assert with_successor(after, again, RING).grants[0].rev == 9


def test_t31_a_grant_never_goes_back_to_an_earlier_revision() -> None:
    chain = chain_of(GRANT)
    eight = mint_grant(succeed(chain.blocks[0], replace(GRANT, rev=8)), acme)
    nine = mint_grant(succeed(chain.blocks[0], replace(GRANT, rev=9)), acme)
    newest = with_successor(chain, nine, RING)

    with pytest.raises(BadLink, match="revision 8 is not above 9"):
        with_successor(newest, eight, RING)
    with pytest.raises(BadStatement, match="revision above 7"):
        succeed(chain.blocks[0], GRANT)


def test_a_successor_is_the_same_authoritys_for_the_same_grant() -> None:
    chain = chain_of(GRANT)
    good = succeed(chain.blocks[0], replace(GRANT, rev=8))
    evil = Signer("evil-1", b"e" * 32)
    ring = KeyRing([*RING, evil.public("authority", iss="https://evil.example")])

    with pytest.raises(BadLink):
        with_successor(chain, mint_grant(replace(good, iss="https://evil.example"), evil), ring)
    with pytest.raises(BadSignature):
        with_successor(chain, mint_grant(good, evil), ring)
    with pytest.raises(BadLink, match="replaces another grant"):
        with_successor(chain, mint_grant(replace(good, replaces="0" * 64), acme), RING)
    with pytest.raises(BadStatement, match="issuer, the name and the tenant"):
        succeed(chain.blocks[0], replace(GRANT, jti="another", rev=8))


def test_t20_two_holders_overlap_while_a_key_is_rotated() -> None:
    fresh = Signer("broker-2", b"B" * 32)
    ring = KeyRing([*RING, fresh.public("holder")])
    grant = replace(GRANT, cnf=Holder(kids=("broker-1", "broker-2")))
    chain = chain_of(grant)
    claims = jws.read(chain.tokens[1], "bind").claims

    assert verify_chain([chain.tokens[0], jws.sign("bind", claims, fresh)], ring)


def test_chains_are_told_apart_by_their_content() -> None:
    one, same, other = chain_of(GRANT), chain_of(GRANT), chain_of(replace(GRANT, rev=8))

    assert one.hash == same.hash
    assert one.hash != other.hash


def test_rules_of_a_child_are_read_as_they_were_written() -> None:
    only = Clause(id="C1", do=("job.*",), on={"jobType": {"eq": "invoice"}}, why="billing only")
    tokens = child_of(chain_of(GRANT), attenuation=Attenuation(allow=(only,)))
    leaf = verify_chain(tokens, RING).leaf

    assert isinstance(leaf, Derive)
    assert leaf.allow == (only,)
