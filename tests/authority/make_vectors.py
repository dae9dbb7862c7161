"""Writes the test vectors: `python -m tests.authority.make_vectors`.

They are made once and checked in, so that a change of ours cannot change what is expected. Another
implementation needs only the JSON files; docs/reference/policy-format.md says what is in them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from remit.authority import (
    START,
    AuthorityFault,
    Decision,
    Hop,
    Slope,
    base64url,
    canon,
    compile_chain,
    joined,
    jws,
    returned,
    verify_block,
    verify_chain,
)
from remit.authority.checkpoint import Checkpoint, cosign, sign_checkpoint, verifier_key
from remit.authority.derive import (
    Attenuation,
    binding,
    derive_for_worker,
    mint_grant,
    origin_of,
    succeed,
)
from remit.authority.keys import write_key_ring
from remit.authority.merkle import Tree, leaf_hash
from remit.authority.partial import Left, admit_partly
from remit.authority.policy import BoundTo, Clause, Grant, Holder, Initiator
from remit.authority.receipt import Anchor, reanchored, write_anchor, write_receipt
from remit.authority.revocation import Revocations, mint_revocations
from remit.authority.together import ALGORITHM
from tests.authority import world
from tests.authority.test_blocks import HEADER, changed, forged
from tests.authority.test_chains import child_of, resigned
from tests.authority.world import CHILD, ENTER, INSTANCE, NOW, NOW_MS, PAY, RING, SLOPED
from tests.support.governed import signed_together

FOLDER = Path(__file__).parent / "vectors"
JWKS = json.loads(write_key_ring(RING))


def code_of(tokens: Sequence[str]) -> str:
    """What reading this chain gives: "ok", or the code of the fault."""
    try:
        verify_chain(tokens, RING)
    except AuthorityFault as fault:
        return fault.code
    return "ok"


def canonical() -> object:
    good = ['{"a":1,"b":[true,null,"x"]}', '{"Z":-5,"a":{},"é":"€"}', '{"n":9007199254740991}']
    bad = ['{"b":1,"a":2}', '{"a":1,"a":1}', '{"a": 1}', '{"a":1.0}', '{"a":-0}', '{"a":1e2}']
    bad += ['{"a":9007199254740992}', '{"\\u0061":1}', '{"😀":1}', "[1]", '"a"', '{"a":NaN}', ""]
    return {"canonical": good, "refused": bad}


def binding_of(instance: str) -> str:
    """A binding that waits to be signed together with others."""
    grant = verify_block(mint_grant(SLOPED, world.acme), RING)
    to = BoundTo(tenant="acme", process="order", ver=3, instance=instance)
    who = Initiator(actor="alice", method="oidc")
    claims = binding(
        to, Holder(kids=("broker-1",)), (origin_of(grant),), who, SLOPED.del_max_depth,
        jti=instance, now=NOW,
    )  # fmt: skip
    return f"{jws.header('bind', 'broker-1', ALGORITHM)}.{base64url.encode(canon.encode(claims))}"


def tree_grant() -> str:
    """A grant that waits to be signed together with others, which no grant is."""
    return f"{jws.header('grant', 'acme-1', ALGORITHM)}.{base64url.encode(canon.encode(SLOPED))}"


def alone(text: str) -> str:
    return base64url.encode(world.broker.sign(text.encode()))


def chains() -> object:
    chain = world.chain_of(SLOPED)
    grant, bind = chain.tokens
    child = child_of(chain)
    grand = child_of(verify_chain(child, RING), "2251799813685301")
    heir = succeed(chain.blocks[0], replace(SLOPED, rev=8))
    texts = [binding_of(instance) for instance in (INSTANCE, "7", "8", "9", "10")]
    together = signed_together(texts, world.broker)
    cases: dict[str, Sequence[str]] = {
        "a grant and its binding": chain.tokens,
        "a called process": child,
        "a process called by a called process": grand,
        "a successor in the place of its grant": [mint_grant(heir, world.acme), bind],
        "a successor of another grant": [
            mint_grant(replace(heir, replaces="0" * 64), world.acme),
            bind,
        ],
        "a successor that goes back": [mint_grant(replace(heir, rev=6), world.acme), bind],
        "a binding signed alone as one of a tree": [
            grant,
            *signed_together(texts[:1], world.broker),
        ],
        "the first of five bindings signed together": [grant, together[0]],
        "the last of five bindings signed together": [grant, together[4]],
        "a binding with the third part of another": [
            grant,
            f"{texts[0]}.{together[1].rpartition('.')[2]}",
        ],
        "a binding that waits for its signature": [grant, texts[0]],
        "a tree signed by a stranger": [grant, *signed_together(texts[:1], world.stranger)],
        "a binding signed alone under the header of a tree": [
            grant,
            f"{texts[0]}.{alone(texts[0])}",
        ],
        "a grant signed as a tree": [*signed_together([tree_grant()], world.acme), bind],
        "no binding": [grant],
        "a block left out": [grant, bind, grand[3]],
        "blocks exchanged": [bind, grant],
        "another instance's binding": [grant, world.chain_of(world.GRANT).tokens[1]],
        "a deeper derivation than allowed": resigned(child, del_depth=2),
        "an unknown field": resigned(child, permit=[]),
        "a grant signed by the holder": [mint_grant(SLOPED, world.broker), bind],
        "a grant signed by a stranger": [mint_grant(SLOPED, world.stranger), bind],
        "algorithm none": [forged({**HEADER, "alg": "none"}), bind],
        "algorithm HS256": [forged({**HEADER, "alg": "HS256"}), bind],
        "a key in the header": [forged({**HEADER, "jwk": {}}), bind],
        "version 2": [changed(v=2), bind],
        "a boolean for a number": [changed(rev=True), bind],
        "padding": [grant + "=", bind],
        "a flipped signature bit": [
            grant[:-2] + ("A" if grant[-2] != "A" else "B") + grant[-1],
            bind,
        ],
    }
    return {
        "keys": JWKS,
        "chains": [
            {
                "name": name,
                "tokens": list(tokens),
                "result": code_of(tokens),
                "hash": verify_chain(tokens, RING).hash if code_of(tokens) == "ok" else None,
            }
            for name, tokens in cases.items()
        ],
    }


def state(slope: Slope) -> Mapping[str, object]:
    fields = ("actor", "kind", "domain", "trust", "drop", "xdom")
    path = [{name: getattr(frame, name) for name in fields} for frame in slope.path]
    return {"head": slope.head, "n": slope.n, "low": slope.low, "path": path}


def _allowing(action: str) -> Grant:
    return replace(world.GRANT, allow=(Clause(id="P1", do=(action,)),), deny=(), duty=())


def decisions() -> object:
    chain = world.chain_of(SLOPED)
    only = Attenuation(allow=(Clause(id="C1", do=("job.*",)),), exp=NOW + 60)
    child = verify_chain(child_of(chain, attenuation=only), RING)
    tokens = derive_for_worker(
        chain, world.broker, job="77", element="pay", worker_kid="worker-1",
        deadline=NOW + 60, jti="warrant", now=NOW,
    )  # fmt: skip
    warrant = verify_chain(tokens, RING)
    people = world.chain_of(_allowing("usertask.assign"))
    takers = world.chain_of(_allowing("usertask.claim"))
    called = {**PAY, "process": "billing", "version": 1, "instance": CHILD}
    slope = world.started(compile_chain(chain))
    partner = Hop("p", "worker", "svid", "spiffe://partner.example/p")
    asked = [
        ("a payment", chain, "job.complete", PAY, None, 0),
        ("a large payment", chain, "job.complete", {**PAY, "var.amount": 10_001}, None, 0),
        ("an amount that is text", chain, "job.complete", {**PAY, "var.amount": "5"}, None, 0),
        ("an amount that is true", chain, "job.complete", {**PAY, "var.amount": True}, None, 0),
        ("no amount", chain, "job.complete", _without(PAY, "var.amount"), None, 0),
        ("a fraction", chain, "job.complete", {**PAY, "var.amount": 10_000.5}, None, 0),
        ("the initiator pays", chain, "job.complete", {**PAY, "actor": "alice"}, None, 0),
        ("another job type", chain, "job.complete", {**PAY, "jobType": "refund"}, None, 0),
        ("another instance", chain, "job.complete", {**PAY, "instance": CHILD}, None, 0),
        ("version true", chain, "job.complete", {**PAY, "version": True}, None, 0),
        ("an unknown action", chain, "job.explode", PAY, None, 0),
        ("an element", chain, "element.enter", ENTER, None, 0),
        ("after its end", chain, "element.enter", ENTER, None, 10**10),
        ("names within", chain, "var.write", {**ENTER, "varNames": ["amount"]}, None, 0),
        ("names beyond", chain, "var.write", {**ENTER, "varNames": ["amount", "x"]}, None, 0),
        ("a worker", chain, "job.activate", PAY, world.WORKER_HOP, 0),
        ("a partner completes", chain, "job.complete", PAY, partner, 0),
        ("a liar", chain, "job.activate", PAY, Hop("svid", "worker", "none"), 0),
        ("a called process", child, "job.complete", called, None, 0),
        ("what the child leaves out", child, "element.enter", called, None, 0),
        ("after the child's end", child, "job.complete", called, None, 60_000),
        ("a warrant", warrant, "job.complete", PAY, None, 0),
        ("a warrant for another job", warrant, "job.complete", {**PAY, "jobKey": "78"}, None, 0),
        ("a warrant activates", warrant, "job.activate", PAY, None, 0),
        ("who may assign may claim", people, "usertask.claim", ENTER, None, 0),
        ("who may claim may not assign", takers, "usertask.assign", ENTER, None, 0),
    ]
    cases = []
    for name, policy, action, facts, hop, later in asked:
        authority = compile_chain(policy)
        answer = authority.admit(action, facts, slope, NOW_MS + later, hop)
        cases.append(
            {
                "name": name,
                "chain": list(policy.tokens),
                "action": action,
                "facts": facts,
                "hop": None if hop is None else msgspec.to_builtins(hop),
                "now_ms": NOW_MS + later,
                "admitted": answer.admitted,
                "reason": answer.reason,
                "clauses": list(answer.clauses),
                "duties": list(answer.duties),
                "on_deny": answer.on_deny,
                "after": state(answer.slope),
            }
        )
    return {"keys": JWKS, "slope": state(slope), "cases": cases}


def partial() -> object:
    """What a worker answers that is not shown every fact; `left` where the broker has to decide."""
    only_refunds = replace(
        SLOPED, deny=(Clause(id="D2", do=("job.complete",), on={
            "jobType": {"eq": "refund"}, "var.amount": {"min": 1}}),),
    )  # fmt: skip
    small = Clause(id="A0", do=("job.complete",), on={"var.amount": {"max": 10}})
    by_amount = replace(SLOPED, deny=(), allow=(small, *SLOPED.allow))
    by_none = replace(by_amount, allow=(*SLOPED.allow, small))
    amount, other = ["var.amount"], ["var.other"]
    asked = [
        ("nothing is withheld", SLOPED, "job.complete", PAY, []),
        ("what no clause asks about is withheld", SLOPED, "job.complete", PAY, other),
        ("a deny clause asks about it", SLOPED, "job.complete", PAY, amount),
        ("its value does not count", SLOPED, "job.complete", {**PAY, "var.amount": 10_001}, amount),
        ("it is not there", SLOPED, "job.complete", _without(PAY, "var.amount"), amount),
        ("another action", SLOPED, "job.activate", PAY, amount),
        ("a deny clause that fails already", only_refunds, "job.complete", PAY, amount),
        ("one that may hold", only_refunds, "job.complete", {**PAY, "jobType": "refund"}, amount),
        ("an allow clause asks about it", by_amount, "job.complete", PAY, amount),
        ("an earlier one admits", by_none, "job.complete", PAY, amount),
        ("a duty of the shown facts denies", SLOPED, "job.complete", {**PAY, "actor": "alice"}, []),
        ("another instance", SLOPED, "job.complete", {**PAY, "instance": CHILD}, amount),
    ]
    cases = []
    for name, grant, action, facts, withheld in asked:
        chain = world.chain_of(grant)
        authority = compile_chain(chain)
        slope = world.started(authority)
        answer = admit_partly(authority, action, facts, frozenset(withheld), slope, NOW_MS)
        cases.append(
            {
                "name": name,
                "chain": list(chain.tokens),
                "action": action,
                "facts": facts,
                "withheld": withheld,
                "slope": state(slope),
                "now_ms": NOW_MS,
                **msgspec.to_builtins(_told(answer)),
            }
        )
    authority = compile_chain(world.chain_of(SLOPED))
    token = write_receipt(
        authority, "job.complete", _without(PAY, "var.amount"), Left("D1", ("var.amount",)),
        world.worker, job="77", head="0" * 64, nonce="n-1", now_ms=NOW_MS,
    )  # fmt: skip
    receipt = {"token": token, "claims": jws.read(token, "receipt").claims}
    return {"keys": JWKS, "cases": cases, "receipt": receipt}


def _told(answer: Decision | Left) -> Mapping[str, object]:
    if isinstance(answer, Left):
        return {"left": {"clause": answer.clause, "facts": answer.facts}}
    names = ("admitted", "reason", "clauses")
    return {name: getattr(answer, name) for name in names}


def _without(facts: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in facts.items() if key != name}


def slopes() -> object:
    arithmetic = compile_chain(world.chain_of(SLOPED)).arithmetic
    steps: list[object] = [
        Hop("alice", "initiator", "human+mfa"),
        Hop("engine", "engine"),
        Hop("w", "worker", "jwt", "spiffe://acme.example/w", "ab" * 32),
        "return and wrote",
        Hop("billing", "call"),
        Hop("p", "worker", "svid", "spiffe://partner.example/p"),
        "return",
        "return",
    ]
    slope, told, states = START, [], []
    for step in steps:
        if isinstance(step, Hop):
            slope = arithmetic.extend(slope, step)
            told.append({"hop": msgspec.to_builtins(step), "after": state(slope)})
        else:
            slope = returned(slope, wrote=step != "return")
            told.append({"return": {"wrote": step != "return"}, "after": state(slope)})
        states.append(slope)
    pairs = [(states[1], states[2]), (states[5], states[2]), (states[0], states[7])]
    joins = [{"of": [state(a), state(b)], "gives": state(joined(a, b))} for a, b in pairs]
    return {"rules": msgspec.to_builtins(world.SLOPE), "steps": told, "joins": joins}


def statements() -> object:
    authority = compile_chain(world.chain_of(SLOPED))
    slope = world.started(authority)
    low = returned(authority.arithmetic.extend(slope, Hop("w", "worker", "apikey")), wrote=True)
    receipt = write_receipt(
        authority, "job.complete", PAY, authority.admit("job.complete", PAY, slope, NOW_MS),
        world.worker, job="77", head=slope.head, nonce="n-1", now_ms=NOW_MS,
    )  # fmt: skip
    anchor = Anchor(jti="a-1", instance=INSTANCE, head=low.head, low=900, iat=NOW, exp=NOW + 300)
    token = write_anchor(anchor, world.approver)
    listed = Revocations(iss=world.ISSUER, epoch=5, iat=NOW, exp=NOW + 600, jtis={"bind-1": NOW})
    return {
        "keys": JWKS,
        "chain": list(authority.chain.tokens),
        "receipt": {"token": receipt, "claims": jws.read(receipt, "receipt").claims},
        "anchor": {
            "token": token,
            "now_ms": NOW_MS,
            "before": state(low),
            "after": state(reanchored(authority, token, RING, low, NOW_MS)),
        },
        "revocation": {
            "token": mint_revocations(listed, world.acme),
            "action": "element.enter",
            "facts": ENTER,
            "slope": state(slope),
            "now_ms": NOW_MS,
            "clauses": ["A4", "$revoked"],
        },
    }


def merkle() -> object:
    records = [bytes([number]) * number for number in range(9)]
    tree = Tree(leaf_hash(record) for record in records)
    sizes = range(1, 10)
    return {
        "records": [record.hex() for record in records],
        "roots": [tree.root(size).hex() for size in range(10)],
        "inclusion": [
            {"index": i, "size": size, "proof": [each.hex() for each in tree.inclusion(i, size)]}
            for size in sizes
            for i in range(size)
        ],
        "consistency": [
            {"old": old, "new": new, "proof": [each.hex() for each in tree.consistency(old, new)]}
            for new in sizes
            for old in range(1, new + 1)
        ],
    }


def checkpoints() -> object:
    origin = "remit.example/cluster-1/partition-1"
    tree = Tree(leaf_hash(bytes([number])) for number in range(5))
    note = sign_checkpoint(Checkpoint(origin, 5, tree.root()), world.auditor)
    return {
        "keys": JWKS,
        "origin": origin,
        "verifier_key": verifier_key(origin, world.auditor.public("audit")),
        "note": note,
        "size": 5,
        "root": tree.root().hex(),
        "witness": "witness.example",
        "witness_key": world.stranger.public().x,
        "witnessed": cosign(note, "witness.example", world.stranger, NOW),
        "witnessed_at": NOW,
    }


VECTORS = {
    "canonical": canonical,
    "chains": chains,
    "decisions": decisions,
    "partial": partial,
    "slopes": slopes,
    "statements": statements,
    "merkle": merkle,
    "checkpoints": checkpoints,
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, make in VECTORS.items():
        text = json.dumps(make(), indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
