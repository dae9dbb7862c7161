"""Scenarios: a table of steps with what is expected of each, to test a policy before it is signed.

    policy: order.policy.yaml                # a path, for the command line
    facts: {tenant: acme, process: order, version: 3}
    slope: [{actor: alice, kind: initiator, method: human+mfa}]
    cases:
      - name: Payments up to ten thousand are made
        step: job.complete
        facts: {jobType: payment, var.amount: 9000}
        expect: admit
        by: A1
      - name: A partner may not pay
        step: job.complete
        hop: {actor: p, kind: worker, method: svid, domain: "spiffe://partner.example/"}
        facts: {jobType: payment, var.amount: 1}
        expect: deny
        by: $slope.floor

Who acts (`hop`) and who began (the `initiator` of the slope) are facts as well: `actor`, `actorKind`,
`actorMethod`, `actorDomain`, `initiator`. So is `breakGlass`: false where a case does not say. `by`
names the clause of the policy (or a `$…` code) and may be left out. Scenarios run against the very
evaluator that the broker uses, with a throw-away key and binding.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct, field

from remit.authority.authoring import helpful, seconds
from remit.authority.chain import verify_block, verify_chain
from remit.authority.derive import mint_binding, mint_grant
from remit.authority.errors import BadForm
from remit.authority.evaluate import Authority, compile_chain
from remit.authority.keys import KeyRing, Signer
from remit.authority.plain_yaml import load_yaml
from remit.authority.policy import BoundTo, Grant, Initiator, clauses
from remit.authority.slope import START, Hop, HopKind, unknown_method
from remit.authority.vocabulary import ACTIONS, BREAK_GLASS, VARIABLE, closest

Fact = str | int | float | bool | list[str]


class Actor(Struct, frozen=True, forbid_unknown_fields=True):
    """Who acts, and how the channel knows: a hop of the slope."""

    actor: str
    kind: HopKind
    method: str = ""
    domain: str = ""

    @property
    def hop(self) -> Hop:
        return Hop(self.actor, self.kind, self.method, self.domain)


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step and what is expected. `at`: when; the policy's first second by default."""

    name: str
    step: str
    facts: dict[str, Fact] = {}
    hop: Actor | None = None
    at: str | None = None
    expect: Literal["admit", "deny"]
    by: str | None = None


class Scenarios(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts and hops that all cases share, and the cases."""

    policy: str = ""
    facts: dict[str, Fact] = {}
    slope: list[Actor] = field(default_factory=list)
    cases: list[Case]


class Outcome(Struct, frozen=True):
    """How a case went; `problem` is empty when it went as expected."""

    name: str
    decided: str
    clause: str
    problem: str


def read_scenarios(text: str) -> Scenarios:
    """Raises BadForm with what is wrong and where."""
    try:
        found = load_yaml(text)
        if not isinstance(found, dict) or "cases" not in found:
            raise BadForm(
                "these are no scenarios: they name a `policy:` file and list `cases:`, each with a "
                "name, a step, facts and what to expect"
            )
        table = msgspec.convert(found, Scenarios, strict=True)
    except (msgspec.ValidationError, ValueError) as fault:
        raise BadForm(helpful(str(fault), text, _FORMS)) from None
    if not table.cases:
        raise BadForm("there are no cases: list at least one")
    for hop in (*table.slope, *(case.hop for case in table.cases if case.hop)):
        wrong = unknown_method(hop.method) if hop.method else ""
        if wrong:
            raise BadForm(wrong)
    for case in table.cases:
        _check_words(case, table)
    return table


def _check_words(case: Case, table: Scenarios) -> None:
    """A step or a fact that there is none of would be denied for that alone. Raises BadForm."""
    known = ACTIONS.get(case.step)
    if known is None:
        hint = closest(case.step, list(ACTIONS))
        raise BadForm(f"case '{case.name}': there is no step {case.step}{hint}")
    everywhere = [fact for each in ACTIONS.values() for fact in each.attributes()]
    for fact in case.facts:
        if known.type_of(fact) is None:
            hint = closest(fact, known.attributes())
            raise BadForm(f"case '{case.name}': {case.step} has no fact {fact}{hint}")
    for fact in table.facts:
        if fact not in everywhere and not fact.startswith(VARIABLE):
            raise BadForm(f"facts: no step has a fact {fact}{closest(fact, everywhere)}")


_FORMS: dict[tuple[str, ...], type[Struct]] = {
    (): Scenarios,
    ("cases",): Case,
    ("slope",): Actor,
    ("cases", "hop"): Actor,
}
"""By where it stands: the part of the table."""


def run_scenarios(scenarios: Scenarios, grant: Grant) -> list[Outcome]:
    """Ask every case of the grant. Raises BadForm for a case of which it has no such clause."""
    known = [clause.id for clause in clauses(grant)]
    for case in scenarios.cases:
        if case.by and not case.by.startswith("$") and case.by not in known:
            raise BadForm(
                f"case '{case.name}': the policy has no clause {case.by}{closest(case.by, known)}; "
                f"there are {', '.join(known)}"
            )
    return [_run(case, scenarios, grant) for case in scenarios.cases]


def _run(case: Case, shared: Scenarios, grant: Grant) -> Outcome:
    who = {**_of_actor(shared, case), **_whole(case)}
    facts: dict[str, object] = {**_defaults(grant), **who, **shared.facts, **case.facts}
    facts["instance"] = _INSTANCE
    slope = START
    authority = _bound(grant, facts)
    for hop in shared.slope:
        slope = authority.arithmetic.extend(slope, hop.hop)
    now_ms = grant.nbf * 1000 if case.at is None else seconds(case.at) * 1000
    decision = authority.admit(
        case.step, facts, slope, now_ms, None if case.hop is None else case.hop.hop
    )
    decided = "admit" if decision.admitted else "deny"
    clause = decision.clauses[0] if decision.clauses else decision.reason
    problem = ""
    if decided != case.expect:
        problem = f"expected {case.expect}, got {decided} by {clause}"
    elif case.by is not None and case.by != clause:
        problem = f"expected {case.expect} by {case.by}, it was {clause}"
    return Outcome(case.name, decided, clause, problem)


_INSTANCE = "1"
_KEY = Signer("scenario", b"\0" * 32)


def _defaults(grant: Grant) -> dict[str, object]:
    """A subject that the grant is for, where the cases do not say."""
    processes, low = grant.sub.process, grant.sub.ver[0]
    return {
        "tenant": grant.sub.tenant,
        "process": processes[0] if processes else "process",
        "version": 1 if low is None else low,
    }


def _of_actor(shared: Scenarios, case: Case) -> dict[str, object]:
    """What the broker says of whoever acts: of the hop, or of itself where there is none."""
    begun = [each.actor for each in shared.slope if each.kind == "initiator"]
    known: dict[str, object] = {"initiator": begun[0]} if begun else {}
    if case.hop is None:
        return {**known, "actor": "engine", "actorKind": "engine"}
    return {
        **known, "actor": case.hop.actor, "actorKind": case.hop.kind,
        "actorMethod": case.hop.method, "actorDomain": case.hop.domain,
    }  # fmt: skip


def _whole(case: Case) -> dict[str, object]:
    """The broker says of whoever operates whether the glass was broken, also where it was not."""
    return {BREAK_GLASS: False} if BREAK_GLASS in ACTIONS[case.step].facts else {}


def _bound(grant: Grant, facts: dict[str, object]) -> Authority:
    """The grant bound to the instance of the facts, signed with a key made for this."""
    held = msgspec.structs.replace(
        grant, iat=grant.nbf, cnf=msgspec.structs.replace(grant.cnf, kids=(_KEY.kid,))
    )
    ring = KeyRing([_KEY.public("authority", "holder", iss=grant.iss)])
    block = verify_block(mint_grant(held, _KEY), ring)
    try:
        subject = msgspec.convert(
            {name: facts[key] for name, key in _SUBJECT.items()}, BoundTo, strict=True
        )
    except msgspec.ValidationError as fault:
        raise BadForm(f"tenant, process and version of a case: {fault}") from None
    initiator = Initiator(actor=str(facts.get("initiator", "")), method="none")
    binding = mint_binding([block], subject, initiator, _KEY, jti="scenario", now=grant.nbf)
    return compile_chain(verify_chain([block.token, binding], ring))


_SUBJECT = {"tenant": "tenant", "process": "process", "ver": "version", "instance": "instance"}
