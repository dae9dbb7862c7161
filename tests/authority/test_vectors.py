"""The test vectors, executed as another implementation would: from the JSON files alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remit.authority import (
    AuthorityFault,
    Hop,
    KeyRing,
    Slope,
    base64url,
    canon,
    compile_chain,
    joined,
    read_key_ring,
    read_revocations,
    returned,
    verify_chain,
)
from remit.authority.checkpoint import check_cosignature, read_checkpoint, verifier_key
from remit.authority.errors import Malformed
from remit.authority.keys import PublicKey
from remit.authority.merkle import Frontier, check_consistency, check_inclusion, leaf_hash
from remit.authority.partial import Left, admit_partly
from remit.authority.policy import SlopeRules
from remit.authority.receipt import read_receipt, reanchored
from remit.authority.slope import Arithmetic, Frame

FOLDER = Path(__file__).parent / "vectors"


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def ring(vectors: Mapping[str, Any]) -> KeyRing:
    return read_key_ring(json.dumps(vectors["keys"]).encode())


def slope(state: Mapping[str, Any]) -> Slope:
    path = tuple(msgspec.convert(list(frame.values()), Frame) for frame in state["path"])
    return Slope(state["head"], state["n"], state["low"], path)


def hop(found: Mapping[str, Any] | None) -> Hop | None:
    return None if found is None else msgspec.convert(found, Hop)


def named(name: str, part: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in load(name)[part]]


def test_canonical_form() -> None:
    vectors = load("canonical")
    for text in vectors["canonical"]:
        assert canon.encode(canon.parse(text.encode())) == text.encode()
    for text in vectors["refused"]:
        with pytest.raises(Malformed):
            canon.parse(text.encode())


@pytest.mark.parametrize("case", named("chains", "chains"))
def test_chains(case: Mapping[str, Any]) -> None:
    try:
        found, digest = "ok", verify_chain(case["tokens"], ring(load("chains"))).hash
    except AuthorityFault as fault:
        found, digest = fault.code, None

    assert (found, digest) == (case["result"], case["hash"])


@pytest.mark.parametrize("case", named("decisions", "cases"))
def test_decisions(case: Mapping[str, Any]) -> None:
    vectors = load("decisions")
    authority = compile_chain(verify_chain(case["chain"], ring(vectors)))

    decision = authority.admit(
        case["action"], case["facts"], slope(vectors["slope"]), case["now_ms"], hop(case["hop"])
    )

    assert decision.admitted is case["admitted"]
    assert (decision.reason, list(decision.clauses)) == (case["reason"], case["clauses"])
    assert (list(decision.duties), decision.on_deny) == (case["duties"], case["on_deny"])
    assert decision.slope == slope(case["after"])


@pytest.mark.parametrize("case", named("partial", "cases"))
def test_answers_without_all_facts(case: Mapping[str, Any]) -> None:
    authority = compile_chain(verify_chain(case["chain"], ring(load("partial"))))

    answer = admit_partly(
        authority, case["action"], case["facts"], frozenset(case["withheld"]), slope(case["slope"]),
        case["now_ms"],
    )  # fmt: skip

    if isinstance(answer, Left):
        assert {"clause": answer.clause, "facts": list(answer.facts)} == case["left"]
    else:
        told = (answer.admitted, answer.reason, list(answer.clauses))
        assert told == (case["admitted"], case["reason"], case["clauses"])


def test_a_receipt_that_leaves_the_answer() -> None:
    vectors = load("partial")
    claims = vectors["receipt"]["claims"]
    expected = {name: claims[name] for name in ("instance", "job", "chain", "head", "nonce")}
    token = vectors["receipt"]["token"]
    receipt, _ = read_receipt(token, ring(vectors), now_ms=claims["ts_ms"], **expected)
    assert (receipt.left, receipt.admitted, receipt.clause) == (("var.amount",), False, "D1")


def test_slopes() -> None:
    vectors = load("slopes")
    arithmetic = Arithmetic((msgspec.convert(vectors["rules"], SlopeRules),))
    now = Slope()
    for step in vectors["steps"]:
        if "hop" in step:
            now = arithmetic.extend(now, msgspec.convert(step["hop"], Hop))
        else:
            now = returned(now, wrote=step["return"]["wrote"])
        assert now == slope(step["after"])
    for join in vectors["joins"]:
        first, second = map(slope, join["of"])
        assert joined(first, second) == joined(second, first) == slope(join["gives"])


def test_statements() -> None:
    vectors = load("statements")
    keys, chain = ring(vectors), verify_chain(vectors["chain"], ring(vectors))
    claims = vectors["receipt"]["claims"]
    expected = {name: claims[name] for name in ("instance", "job", "chain", "head", "nonce")}
    receipt, _ = read_receipt(vectors["receipt"]["token"], keys, now_ms=claims["ts_ms"], **expected)
    assert msgspec.to_builtins(receipt) == claims
    anchor = vectors["anchor"]
    before = slope(anchor["before"])
    after = reanchored(compile_chain(chain), anchor["token"], keys, before, anchor["now_ms"])
    assert after == slope(anchor["after"])
    revoked = vectors["revocation"]
    authority = compile_chain(chain, [read_revocations(revoked["token"], keys)])
    state = slope(revoked["slope"])
    decision = authority.admit(revoked["action"], revoked["facts"], state, revoked["now_ms"])
    assert list(decision.clauses) == revoked["clauses"]


def test_merkle_trees() -> None:
    vectors = load("merkle")
    leaves = [leaf_hash(bytes.fromhex(record)) for record in vectors["records"]]
    roots = [bytes.fromhex(root) for root in vectors["roots"]]
    frontier = Frontier()
    for size, root in enumerate(roots):
        assert frontier.root() == root
        if size < len(leaves):
            frontier.append(leaves[size])
    for case in vectors["inclusion"]:
        proof = [bytes.fromhex(each) for each in case["proof"]]
        index, size = case["index"], case["size"]
        check_inclusion(leaves[index], index, size, proof, roots[size])
    for case in vectors["consistency"]:
        proof = [bytes.fromhex(each) for each in case["proof"]]
        old, new = case["old"], case["new"]
        check_consistency(old, new, roots[old], roots[new], proof)


def test_checkpoints() -> None:
    vectors = load("checkpoints")
    keys = [key for key in ring(vectors) if "audit" in key.roles]
    origin = vectors["origin"]
    for note in (vectors["note"], vectors["witnessed"]):
        found = read_checkpoint(note, origin, keys)
        assert (found.size, found.root.hex()) == (vectors["size"], vectors["root"])
    assert verifier_key(origin, keys[0]) == vectors["verifier_key"]
    witness = PublicKey("witness", vectors["witness_key"])
    assert len(base64url.decode(witness.x)) == 32
    at = check_cosignature(vectors["witnessed"], vectors["witness"], witness)
    assert at == vectors["witnessed_at"]
