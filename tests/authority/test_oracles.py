"""Two other policy engines as oracles on what they share with us: Cedar (rules), Biscuit (chains)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import biscuit_auth
import cedarpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remit.authority import START, compile_chain
from remit.authority.policy import Clause, Grant, Operand
from remit.authority.rules import actions_of
from tests.authority import strategies
from tests.authority.world import ENTER, GRANT, NOW_MS, chain_of

ONLY_RULES = st.builds(
    lambda allow, deny: replace(GRANT, allow=allow, deny=deny, duty=()),
    strategies.allows,
    strategies.denies,
)
ONLY_ALLOWS = ONLY_RULES.map(lambda grant: replace(grant, deny=()))
ACTION = st.sampled_from(strategies.ACTIONS)


def cedar(grant: Grant) -> str:
    """The grant as Cedar policies. A missing fact makes a forbid fire, as it does with us."""
    permits = [
        _cedar_clause("permit", clause, "context has {0} && ({1})") for clause in grant.allow
    ]
    forbids = [
        _cedar_clause("forbid", clause, "!(context has {0}) || ({1})") for clause in grant.deny
    ]
    return "\n".join([*permits, *forbids])


def _cedar_clause(effect: str, clause: Clause, shape: str) -> str:
    actions = ",".join(f"Action::{json.dumps(name)}" for name in sorted(actions_of(clause)))
    tests = [
        "("
        + shape.format(json.dumps(name), _cedar_test(f"context[{json.dumps(name)}]", op, operand))
        + ")"
        for name, operators in clause.on.items()
        for op, operand in operators.items()
    ]
    condition = " && ".join(tests) or "true"
    return f"{effect}(principal, action in [{actions}], resource) when {{ {condition} }};"


def _cedar_test(fact: str, operator: str, operand: Operand) -> str:
    value = json.dumps(operand)
    return {
        "eq": f"{fact} == {value}",
        "in": f"{value}.contains({fact})",
        "nin": f"!({value}.contains({fact}))",
        "min": f"{fact} >= {value}",
        "max": f"{fact} <= {value}",
        "prefix": f"{fact} like {json.dumps(str(operand) + '*')}",
        "sub": f"{value}.containsAll({fact})",
        "sup": f"{fact}.containsAll({value})",
        "any": f"{fact}.containsAny({value})",
    }[operator]


def cedar_allows(grants: list[Grant], action: str, facts: Mapping[str, object]) -> bool:
    """Each grant is a policy set of its own, and all must allow."""
    request = {
        "principal": 'User::"someone"',
        "action": f"Action::{json.dumps(action)}",
        "resource": 'Instance::"this"',
        "context": dict(facts),
    }
    return all(
        cedarpy.is_authorized(request, cedar(grant), []).decision == cedarpy.Decision.Allow
        for grant in grants
    )


@given(ONLY_RULES, ACTION, strategies.well_typed)
@settings(max_examples=250, deadline=None, derandomize=True)
def test_cedar_gives_the_same_answer_for_one_grant(
    grant: Grant, action: str, facts: dict[str, object]
) -> None:
    authority = compile_chain(chain_of(grant))

    ours = authority.admit(action, {**ENTER, **facts}, START, NOW_MS)

    assert ours.admitted == cedar_allows([grant], action, {**ENTER, **facts})


@given(ONLY_RULES, ONLY_RULES, ACTION, strategies.well_typed)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_cedar_gives_the_same_answer_for_two_grants(
    first: Grant, second: Grant, action: str, facts: dict[str, object]
) -> None:
    grants = [first, replace(second, jti="second")]
    authority = compile_chain(chain_of(*grants))

    ours = authority.admit(action, {**ENTER, **facts}, START, NOW_MS)

    assert ours.admitted == cedar_allows(grants, action, {**ENTER, **facts})


ROOT = biscuit_auth.KeyPair()


def biscuit_check(grant: Grant) -> str:
    """The allow clauses as one check: any of them may hold."""
    bodies = [
        f"action($a), {_terms(sorted(actions_of(clause)))}.contains($a){_biscuit_tests(clause)}"
        for clause in grant.allow
    ]
    return "check if " + " or ".join(bodies or ["false"])


def _biscuit_tests(clause: Clause) -> str:
    parts = []
    for number, (name, operators) in enumerate(sorted(clause.on.items())):
        parts.append(f", fact({json.dumps(name)}, $v{number})")
        for operator, operand in operators.items():
            parts.append(", " + _biscuit_test(f"$v{number}", operator, operand))
    return "".join(parts)


def _terms(items: list[object] | list[str]) -> str:
    """A set; the empty one has a spelling of its own."""
    return (
        "{" + ", ".join(json.dumps(item) for item in dict.fromkeys(items)) + "}" if items else "{,}"
    )


def _biscuit_test(fact: str, operator: str, operand: Operand) -> str:
    if isinstance(operand, list):
        listed = _terms(operand)
        return {
            "in": f"{listed}.contains({fact})",
            "nin": f"!{listed}.contains({fact})",
            "sub": f"{listed}.contains({fact})",
            "sup": f"{fact}.contains({listed})",
            "any": f"{fact}.intersection({listed}).length() > 0",
        }[operator]
    value = json.dumps(operand)
    return {
        "eq": f"{fact} === {value}",
        "min": f"{fact} >= {value}",
        "max": f"{fact} <= {value}",
        "prefix": f"{fact}.starts_with({value})",
    }[operator]


def biscuit_allows(grants: list[Grant], action: str, facts: Mapping[str, object]) -> bool:
    """The first grant is the authority block, each further one an attenuation."""
    token = biscuit_auth.BiscuitBuilder(biscuit_check(grants[0])).build(ROOT.private_key)
    for grant in grants[1:]:
        token = token.append(biscuit_auth.BlockBuilder(biscuit_check(grant)))
    lines = [f"action({json.dumps(action)});", "allow if true;"]
    for name, value in facts.items():
        spelled = _terms(value) if isinstance(value, list) else json.dumps(value)
        lines.append(f"fact({json.dumps(name)}, {spelled});")
    builder = biscuit_auth.AuthorizerBuilder("\n".join(lines))
    limits = builder.limits()
    limits.max_time = timedelta(seconds=30)  # the default of a millisecond refuses when busy
    builder.set_limits(limits)
    try:
        builder.build(token).authorize()
    except biscuit_auth.AuthorizationError:
        return False
    return True


@given(st.lists(ONLY_ALLOWS, min_size=1, max_size=3), ACTION, strategies.well_typed)
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
def test_biscuit_gives_the_same_answer_for_attenuated_chains(
    found: list[Grant], action: str, facts: dict[str, object]
) -> None:
    grants = [replace(grant, jti=f"grant-{number}") for number, grant in enumerate(found)]
    authority = compile_chain(chain_of(*grants))

    ours = authority.admit(action, {**ENTER, **facts}, START, NOW_MS)

    assert ours.admitted == biscuit_allows(grants, action, facts)
