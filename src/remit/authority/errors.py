"""Fault
   └── AuthorityFault           base of what this room raises; `code` is stable, the text is for people
       ├── Malformed            not a block of ours: bytes, encoding, fields, limits
       ├── BadSignature         the key is unknown, not allowed to sign this, or did not sign it
       ├── BadLink              each block is fine, but they are not one chain
       ├── PolicyError          a clause cannot mean anything: unknown action, attribute or operator
       ├── BadStatement         a receipt, a re-anchoring or a revocation list that does not fit
       ├── BadProof             a Merkle proof or a checkpoint that does not prove what it claims
       └── BadForm              the friendly YAML form cannot be read

Denial is no fault: it is a `Decision` (see `evaluate`). Reading foreign bytes raises nothing else.
"""

from __future__ import annotations

from remit.base.errors import Fault


class AuthorityFault(Fault):
    """Base of the faults of this room."""

    code = "authority"


class Malformed(AuthorityFault):
    """These bytes are not a block: wrong encoding, unknown field, or beyond a limit."""

    code = "malformed"


class BadSignature(AuthorityFault):
    """Signed by nobody we know, by somebody who may not sign this, or not at all."""

    code = "signature"


class BadLink(AuthorityFault):
    """The blocks do not follow from each other, or do not belong to this instance."""

    code = "link"


class PolicyError(AuthorityFault):
    """A clause speaks of something that does not exist; `clause` is its id."""

    code = "policy"

    def __init__(self, clause: str, message: str) -> None:
        super().__init__(f"clause {clause}: {message}")
        self.clause = clause


class BadStatement(AuthorityFault):
    """A signed statement that is well made but does not fit here and now."""

    code = "statement"


class BadProof(AuthorityFault):
    """The proof does not lead from what it starts with to what it ends with."""

    code = "proof"


class BadForm(AuthorityFault):
    """The YAML form of a policy cannot be understood; the text says where and what to write."""

    code = "form"
