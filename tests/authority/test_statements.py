"""Receipts, re-anchoring and revocation lists (T6, T12, T17, T19, T23)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from remit.authority import START, Slope, compile_chain, returned
from remit.authority.errors import BadSignature, BadStatement, Malformed
from remit.authority.policy import Reanchor, SlopeRules
from remit.authority.receipt import (
    Anchor,
    disagreement,
    read_receipt,
    reanchored,
    write_anchor,
    write_receipt,
)
from remit.authority.revocation import Revocations, mint_revocations, read_revocations
from remit.authority.slope import Hop
from tests.authority.world import (
    GRANT,
    INSTANCE,
    ISSUER,
    NOW,
    NOW_MS,
    PAY,
    RING,
    SLOPE,
    SLOPED,
    acme,
    admit,
    approver,
    authority_of,
    broker,
    chain_of,
    started,
    stranger,
    worker,
)

AUTHORITY = authority_of(SLOPED)
SLOPE_NOW = started(AUTHORITY)
EXPECTED = {
    "instance": INSTANCE,
    "job": "77",
    "chain": AUTHORITY.chain.hash,
    "head": SLOPE_NOW.head,
    "nonce": "n-1",
}


def receipt_of(facts: dict[str, object], signer: object = worker, nonce: str = "n-1") -> str:
    decision = admit(AUTHORITY, facts=facts, slope=SLOPE_NOW)
    return write_receipt(
        AUTHORITY,
        "job.complete",
        facts,
        decision,
        signer,  # type: ignore[arg-type]
        job="77",
        head=SLOPE_NOW.head,
        nonce=nonce,
        now_ms=NOW_MS,
    )


def test_a_receipt_says_what_the_worker_decided() -> None:
    receipt, kid = read_receipt(receipt_of(PAY), RING, **EXPECTED, now_ms=NOW_MS + 500)

    assert kid == "worker-1"
    assert (receipt.admitted, receipt.clause) == (True, "$bound")
    assert disagreement(receipt, AUTHORITY, PAY, admit(AUTHORITY, slope=SLOPE_NOW)) == ""


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_t6_a_receipt_counts_once_and_for_one_job(name: str) -> None:
    with pytest.raises(BadStatement, match=f"for {name}"):
        read_receipt(receipt_of(PAY), RING, **{**EXPECTED, name: "other"}, now_ms=NOW_MS)


@pytest.mark.parametrize("away", [-30_001, 30_001])
def test_t17_a_workers_clock_may_be_half_a_minute_off(away: int) -> None:
    sooner = NOW_MS + away // abs(away) * 30_000
    assert read_receipt(receipt_of(PAY), RING, **EXPECTED, now_ms=sooner)
    with pytest.raises(BadStatement, match="clock"):
        read_receipt(receipt_of(PAY), RING, **EXPECTED, now_ms=NOW_MS + away)


def test_only_workers_sign_receipts() -> None:
    for signer in (stranger, broker, acme):
        with pytest.raises(BadSignature):
            read_receipt(receipt_of(PAY, signer), RING, **EXPECTED, now_ms=NOW_MS)


def test_t12_a_disagreement_is_told() -> None:
    other = {**PAY, "var.amount": 20_000}
    receipt, _ = read_receipt(receipt_of(other), RING, **EXPECTED, now_ms=NOW_MS)
    ours = admit(AUTHORITY, slope=SLOPE_NOW)

    assert (
        disagreement(receipt, AUTHORITY, PAY, ours) == "the worker denied by D1, the broker admits"
    )
    cheap, _ = read_receipt(receipt_of({**PAY, "var.amount": 5}), RING, **EXPECTED, now_ms=NOW_MS)
    assert "other facts" in disagreement(cheap, AUTHORITY, PAY, ours)


def low_slope() -> Slope:
    return returned(
        AUTHORITY.arithmetic.extend(SLOPE_NOW, Hop("w", "worker", "apikey")), wrote=True
    )


def anchor_of(slope: Slope, **changes: object) -> Anchor:
    anchor = Anchor(
        jti="a-1", instance=INSTANCE, head=slope.head, low=900, iat=NOW - 5, exp=NOW + 300
    )
    return replace(anchor, **changes)


def test_r22_an_approver_lifts_what_data_is_worth() -> None:
    slope = low_slope()
    assert admit(AUTHORITY, slope=slope).reason == "$slope.floor"

    after = reanchored(AUTHORITY, write_anchor(anchor_of(slope), approver), RING, slope, NOW_MS)

    assert (after.low, after.trust, after.n) == (900, 880, slope.n + 1)
    assert admit(AUTHORITY, slope=after).admitted


def test_t6_a_re_anchoring_is_used_once() -> None:
    slope = low_slope()
    token = write_anchor(anchor_of(slope), approver)
    after = reanchored(AUTHORITY, token, RING, slope, NOW_MS)

    with pytest.raises(BadStatement, match="another state"):
        reanchored(AUTHORITY, token, RING, after, NOW_MS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instance": "5"}, "instance 5"),
        ({"head": "0" * 64}, "another state"),
        ({"low": 901}, "up to 900"),
        ({"low": -1}, "up to 900"),
        ({"exp": NOW}, "not valid"),
        ({"iat": NOW + 1}, "not valid"),
    ],
)
def test_a_re_anchoring_that_does_not_fit_is_refused(
    changes: dict[str, object], message: str
) -> None:
    slope = low_slope()
    with pytest.raises(BadStatement, match=message):
        reanchored(
            AUTHORITY, write_anchor(anchor_of(slope, **changes), approver), RING, slope, NOW_MS
        )


def test_every_grant_must_permit_a_re_anchoring() -> None:
    slope = low_slope()
    token = write_anchor(anchor_of(slope), approver)
    silent = replace(SLOPED, jti="second", slope=SlopeRules())
    other = replace(SLOPED, jti="second", slope=replace(SLOPE, reanchor=Reanchor(by=("x",), max=9)))
    for second in (silent, other):
        with pytest.raises(BadStatement, match="does not let approver-1"):
            reanchored(authority_of(SLOPED, second), token, RING, slope, NOW_MS)
    with pytest.raises(BadSignature, match="may not sign as approver"):
        reanchored(AUTHORITY, write_anchor(anchor_of(slope), worker), RING, slope, NOW_MS)


LIST = Revocations(iss=ISSUER, epoch=5, iat=NOW - 10, exp=NOW + 600)


@pytest.mark.parametrize(
    ("revoked", "clauses"),
    [
        ({"jtis": {"order-fulfilment": NOW + 9}}, ("$revoked",)),
        ({"kids": {"acme-1": NOW + 9}}, ("$revoked",)),
        ({"jtis": {"bind-1": NOW + 9}}, ("A4", "$revoked")),
        ({"kids": {"broker-1": NOW + 9}}, ("A4", "$revoked")),
    ],
)
def test_t19_what_is_revoked_is_denied_from_then_on_and_not_before(
    revoked: dict[str, object], clauses: tuple[str, ...]
) -> None:
    authority = compile_chain(chain_of(GRANT), [replace(LIST, **revoked)])

    assert authority.admit("element.enter", PAY, START, NOW_MS + 8_999).admitted
    decision = authority.admit("element.enter", PAY, START, NOW_MS + 9_000)
    assert (decision.reason, decision.clauses) == ("$revoked", clauses)
    assert authority.epochs == {ISSUER: 5}


def test_t19_a_list_speaks_only_for_its_own_issuer() -> None:
    foreign = replace(LIST, iss="https://other", jtis={"order-fulfilment": 0, "bind-1": 0})

    assert admit(compile_chain(chain_of(GRANT), [foreign]), "element.enter").admitted


def test_t19_sensitive_actions_need_a_list_that_is_not_stale() -> None:
    chain = chain_of(replace(GRANT, fresh=("job.complete",)))
    fresh = compile_chain(chain, [LIST])
    stale = compile_chain(chain, [replace(LIST, exp=NOW)])
    without = compile_chain(chain)

    assert admit(fresh).admitted
    for authority in (stale, without):
        assert admit(authority).reason == "$revocation.stale"
        assert admit(authority, "job.activate").admitted


def test_t19_a_list_never_goes_back() -> None:
    token = mint_revocations(LIST, acme)

    assert read_revocations(token, RING) == LIST
    assert read_revocations(token, RING, LIST) == LIST
    with pytest.raises(BadStatement, match="older than 6"):
        read_revocations(token, RING, replace(LIST, epoch=6))
    with pytest.raises(BadStatement, match="cannot replace"):
        read_revocations(token, RING, replace(LIST, iss="https://other"))


def test_a_list_is_its_authoritys() -> None:
    with pytest.raises(BadSignature):
        read_revocations(mint_revocations(LIST, broker), RING)
    with pytest.raises(BadSignature, match="speaks for"):
        read_revocations(mint_revocations(replace(LIST, iss="https://other"), acme), RING)
    with pytest.raises(Malformed):
        read_revocations("a.b.c", RING)


def test_t23_a_sender_revoked_after_publishing_is_found_when_asked_again() -> None:
    chain = chain_of(GRANT)
    at_publish = compile_chain(chain, [LIST])
    at_correlation = compile_chain(chain, [replace(LIST, epoch=6, jtis={"bind-1": NOW})])

    assert admit(at_publish, "element.enter").admitted
    assert admit(at_correlation, "element.enter").reason == "$revoked"
