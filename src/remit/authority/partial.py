"""Admission by somebody who is not shown every fact: a worker, asked beside the broker.

    answer = admit_partly(authority, action, facts, withheld, slope, now_ms, hop)

Where the facts that are shown settle the question, the answer is that of `Authority.admit` over all
facts, clause by clause. Where a clause that counts asks about one of the `withheld` facts, the answer is
`Left`: neither admitted nor denied; whoever has all facts decides. Rules, block by block:

    a deny clause or a duty      is left when all it asks about the shown facts holds
    an allow clause              is left when the same is so, and no clause before it has admitted
    a clause that fails already  by a fact that is shown is not in question, whatever else it asks

What is left is never an admission: leaving more than needed only moves the question to the broker.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from remit.authority.chain import VerifiedBlock
from remit.authority.constraints import compile_clause
from remit.authority.evaluate import Authority, Decision, Facts
from remit.authority.policy import Bind, Clause, clauses
from remit.authority.rules import actions_of
from remit.authority.slope import Hop, Slope
from remit.authority.vocabulary import OWN


class Left(Struct, frozen=True):
    """Left to whoever has all facts: `clause` asks about `facts`, which were withheld (sorted)."""

    clause: str
    facts: tuple[str, ...]


def admit_partly(
    authority: Authority,
    action: str,
    facts: Facts,
    withheld: frozenset[str],
    slope: Slope,
    now_ms: int,
    hop: Hop | None = None,
) -> Decision | Left:
    """`Authority.admit` over the facts that are not `withheld`, or `Left`."""
    shown = {name: fact for name, fact in facts.items() if name not in withheld}
    decision = authority.admit(action, shown, slope, now_ms, hop)
    for block, answer in zip(authority.chain.blocks, decision.clauses, strict=False):
        for clause in _before(block, answer, action):
            unseen = withheld & clause.on.keys()
            if unseen and (clause.id == answer or _may_hold(clause, unseen, shown)):
                return Left(clause.id, tuple(sorted(unseen)))
    return decision


def _before(block: VerifiedBlock, answer: str, action: str) -> Iterator[Clause]:
    """The clauses that this answer of a block hangs on: those that fired, or that were passed over.

    Without a withheld fact a deny clause or a duty fires where it could: only the one that fired counts.
    """
    rules = block.block
    if isinstance(rules, Bind):
        return
    decided = next((each for each in clauses(rules) if each.id == answer), None)
    if decided in (*rules.deny, *rules.duty):
        assert decided is not None
        yield decided
    elif decided is not None or answer == "$default":
        for clause in rules.allow or ():
            if clause.id == answer:
                return
            if action in actions_of(clause):
                yield clause


def _may_hold(clause: Clause, unseen: frozenset[str], shown: Facts) -> bool:
    """Whether an allow clause holds as far as it is shown; the evaluator's own facts may be anything."""
    seen = {name: each for name, each in clause.on.items() if name not in unseen | OWN.keys()}
    test = compile_clause(replace(clause, on=seen), in_doubt=False)
    return test is None or test(shown)
