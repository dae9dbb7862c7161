"""Authority that travels with the instance: signed policy, admission, trust, proofs.

    ring = read_key_ring(jwks)                              keys that we trust
    chain = verify_chain(tokens, ring)                      signatures and links, once
    authority = compile_chain(chain, revocations)           closures, cached by content
    decision = authority.admit(action, facts, slope, now_ms, hop)

The room is pure: no I/O, no clock, no randomness; time and names come in. A client or an auditor
evaluates with the same code as the broker.

    base64url, canon, limits   bytes                 slope        trust along the path
    keys, jws                  who signed what       evaluate     admission
    policy, vocabulary         what blocks say       partial      admission without all facts
    constraints, duties, rules closures              derive       minting, narrowing, renewal
    rulebook                   closures of a chain   receipt      receipts, re-anchoring
    chain, revocation          what belongs together verify       the auditor's re-evaluation
    authoring, lint, scenarios for people            merkle, checkpoint   proofs over the log
"""

from __future__ import annotations

from remit.authority.chain import VerifiedBlock, VerifiedChain, verify_block, verify_chain
from remit.authority.errors import AuthorityFault
from remit.authority.evaluate import Authority, Decision, compile_chain
from remit.authority.keys import KeyRing, PublicKey, Signer, read_key_ring
from remit.authority.revocation import Revocations, read_revocations
from remit.authority.slope import START, Hop, Slope, joined, returned

__all__ = [
    "START",
    "Authority",
    "AuthorityFault",
    "Decision",
    "Hop",
    "KeyRing",
    "PublicKey",
    "Revocations",
    "Signer",
    "Slope",
    "VerifiedBlock",
    "VerifiedChain",
    "compile_chain",
    "joined",
    "read_key_ring",
    "read_revocations",
    "returned",
    "verify_block",
    "verify_chain",
]
