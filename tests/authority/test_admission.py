"""Admission: deny, duty, allow; strict types; time; what is read and what is explained."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from remit.authority import START, Hop, compile_chain, verify_chain
from remit.authority.derive import Attenuation, derive_for_worker
from remit.authority.errors import PolicyError
from remit.authority.policy import Clause, Duty, Operand
from remit.authority.vocabulary import ACTIONS
from tests.authority.test_chains import child_of
from tests.authority.world import (
    CHILD,
    ENTER,
    GRANT,
    NOW_MS,
    PAY,
    RING,
    admit,
    allowing,
    authority_of,
    broker,
    chain_of,
)


def test_a_step_that_a_clause_allows_is_admitted_and_the_clause_named() -> None:
    decision = admit(authority_of())

    assert decision.admitted
    assert (decision.reason, decision.clauses) == ("admitted", ("A1", "$bound"))
    assert decision.duties == ("U1",)


def test_what_no_clause_allows_is_denied() -> None:
    decision = admit(authority_of(), jobType="refund")

    assert not decision.admitted
    assert (decision.reason, decision.clauses) == ("$default", ("$default",))


def test_deny_comes_before_allow() -> None:
    assert admit(authority_of(), var_amount=10_000).admitted
    decision = admit(authority_of(), var_amount=10_001)

    assert (decision.reason, decision.clauses) == ("deny", ("D1",))


def test_a_deny_clause_fires_when_its_fact_is_missing() -> None:
    assert admit(authority_of(), var_amount=None).clauses == ("D1",)


def test_the_first_allow_clause_in_file_order_decides() -> None:
    both = [Clause(id=name, do=("job.complete",)) for name in ("Z", "A")]

    assert admit(authority_of(allowing(*both))).clauses[0] == "Z"


def test_every_grant_of_a_chain_must_admit() -> None:
    tenant = allowing(
        Clause(id="T1", do=("job.*",), on={"jobType": {"prefix": "ship"}}), jti="tenant"
    )
    authority = authority_of(GRANT, tenant)

    assert admit(authority, jobType="shipping").clauses == ("A1", "T1", "$bound")
    assert admit(authority).clauses == ("A1", "$default")


@pytest.mark.parametrize(
    ("operator", "operand", "fits", "misses"),
    [
        ("eq", "a", ["a"], ["b", 1, True, None, ["a"]]),
        ("eq", 5, [5, 5.0, Decimal(5)], ["5", True, 6, float("nan"), None]),
        ("eq", 1, [1], [True, "1"]),
        ("eq", 0, [0], [False, "", None]),
        ("eq", True, [True], [1, "true", False, None]),
        ("in", ["a", "b"], ["b"], ["c", 1, None]),
        ("in", [1, 2], [2], [True, "2"]),
        ("in", [], [], ["a", 1, None]),
        ("nin", ["a"], ["b", ""], ["a", 1, True, None]),
        ("nin", [1], [2, 1.5], [1, "1", True, None]),
        ("min", 5, [5, 2**63, 5.5], [4, "6", True, float("inf"), float("nan"), None]),
        ("max", 5, [5, -(2**63), 4.9], [6, "4", False, float("-inf"), None]),
        ("prefix", "spiffe://a/", ["spiffe://a/b"], ["spiffe://ab", 1, None]),
        ("sub", ["a", "b"], [["a"], [], ("a", "b"), {"b"}], [["c"], "a", [1], None]),
        ("sup", ["a", "b"], [["a", "b", "c"]], [["a"], "ab", None]),
        ("any", ["a", "b"], [["b", "c"]], [["c"], [], "a", None]),
    ],
)
def test_t28_operators_are_strict(
    operator: str, operand: Operand, fits: list[object], misses: list[object]
) -> None:
    clause = Clause(id="X", do=("job.complete",), on={"var.x": {operator: operand}})
    allow = authority_of(allowing(clause))
    every = Clause(id="ALL", do=("*",))
    deny = authority_of(replace(allowing(every), deny=(clause,)))
    typed = _types_of(operand)
    for value in fits:
        assert admit(allow, var_x=value).admitted, value
        assert not admit(deny, var_x=value).admitted, value
    for value in misses:
        assert not admit(allow, var_x=value).admitted, value
        if _is_other(value, typed, operator):
            assert admit(deny, var_x=value).clauses == ("X",), value


def _types_of(operand: Operand) -> type:
    return type(operand[0]) if isinstance(operand, list) and operand else type(operand)


def _is_other(value: object, typed: type, operator: str) -> bool:
    """Is this value missing or mistyped for the operator, so that a deny clause fires?"""
    if operator in ("sub", "sup", "any"):
        return not isinstance(value, list) or any(not isinstance(each, str) for each in value)
    if typed is list:
        return value is None
    if isinstance(value, float):
        return value != value or value in (float("inf"), float("-inf"))
    return type(value) is not typed


def test_all_constraints_of_a_clause_must_hold() -> None:
    on = {"jobType": {"eq": "payment"}, "var.amount": {"min": 10, "max": 100}}
    authority = authority_of(allowing(Clause(id="X", do=("job.complete",), on=on)))

    assert [admit(authority, var_amount=n).admitted for n in (9, 10, 100, 101)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        (Clause(id="X", do=("job.compleet",)), "no action job.compleet .did you mean job.complete"),
        (Clause(id="X", do=("jobs.*",)), "no action jobs"),
        (Clause(id="X", do=()), "names no action"),
        (Clause(id="X", do=("job.complete",), on={"jobTyp": {"eq": "a"}}), "did you mean jobType"),
        (Clause(id="X", do=("*",), on={"jobType": {"eq": "a"}}), "has no fact jobType"),
        (Clause(id="X", do=("timer.fire",), on={"var.x": {"eq": 1}}), "variables are not at hand"),
        (Clause(id="X", do=("job.complete",), on={"var.": {"eq": 1}}), "no fact var"),
        (Clause(id="X", do=("job.complete",), on={"jobType": {}}), "says nothing"),
        (Clause(id="X", do=("job.complete",), on={"jobType": {"matches": "a"}}), "no operator"),
        (Clause(id="X", do=("job.complete",), on={"jobType": {"min": 1}}), "min is for number"),
        (Clause(id="X", do=("job.complete",), on={"retries": {"eq": "1"}}), "takes number"),
        (Clause(id="X", do=("job.complete",), on={"retries": {"eq": True}}), "takes number"),
        (Clause(id="X", do=("job.complete",), on={"jobType": {"in": "a"}}), "in takes a list"),
        (Clause(id="X", do=("job.complete",), on={"jobType": {"eq": ["a"]}}), "takes one value"),
        (Clause(id="X", do=("job.complete",), on={"var.x": {"in": [1, True]}}), "mixes"),
        (Clause(id="X", do=("var.read",), on={"varNames": {"sub": [1]}}), "takes text"),
    ],
)
def test_a_clause_that_can_mean_nothing_is_refused(clause: Clause, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        authority_of(allowing(clause))


def test_patterns_mean_families_of_actions() -> None:
    authority = authority_of(allowing(Clause(id="J", do=("job.*",))))

    admitted = {action for action in ACTIONS if admit(authority, action).admitted}
    assert admitted == {action for action in ACTIONS if action.startswith("job.")}


def test_an_unknown_action_is_denied() -> None:
    assert (
        admit(authority_of(allowing(Clause(id="J", do=("*",)))), "job.explode").reason == "$action"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"instance": CHILD},
        {"tenant": "bank"},
        {"process": "billing"},
        {"version": 4},
        {"version": None},
        {"instance": None},
    ],
)
def test_t6_a_chain_decides_only_about_its_own_instance(wrong: dict[str, object]) -> None:
    assert admit(authority_of(), "element.enter", {**ENTER}).admitted
    assert admit(authority_of(), "element.enter", {**ENTER}, **wrong).reason == "$subject"


def test_t28_version_true_is_not_version_one() -> None:
    child = compile_chain(verify_chain(child_of(chain_of(GRANT)), RING))
    facts = {**ENTER, "process": "billing", "version": 1, "instance": CHILD}

    assert child.admit("element.enter", facts, START, NOW_MS).admitted
    assert (
        child.admit("element.enter", {**facts, "version": True}, START, NOW_MS).reason == "$subject"
    )


def test_t18_validity_is_asked_at_each_step() -> None:
    authority = authority_of()
    for now_ms, admitted in (
        (GRANT.nbf * 1000 - 1, False),
        (NOW_MS, True),
        (GRANT.exp * 1000 - 1, True),
        (GRANT.exp * 1000, False),
    ):
        decision = authority.admit("element.enter", ENTER, START, now_ms)
        assert decision.admitted is admitted, now_ms
        assert admitted or decision.reason == "$validity"


@pytest.mark.parametrize(
    ("need", "facts", "fulfilled"),
    [
        ("receipt", {"receipt": True}, True),
        ("receipt", {"receipt": 1}, False),
        ("receipt", {}, False),
        ("actor!=initiator", {"actor": "bob"}, True),
        ("actor!=initiator", {"actor": "alice"}, False),
        ("actor!=initiator", {"actor": ""}, False),
        ("actor!=initiator", {"initiator": None}, False),
        ("actor=activator", {"actorIsActivator": True}, True),
        ("actor=activator", {"actorIsActivator": False}, False),
        ("actor=activator", {}, False),
    ],
)
def test_t10_duties_must_be_fulfilled(need: str, facts: dict[str, object], fulfilled: bool) -> None:
    duty = Duty(id="U", do=("job.complete",), need=(need,))
    authority = authority_of(replace(allowing(Clause(id="A", do=("*",))), duty=(duty,)))

    decision = admit(authority, **facts)

    assert decision.admitted is fulfilled
    assert decision.duties == ("U",)
    assert fulfilled or (decision.reason, decision.clauses) == ("duty", ("U",))


def test_four_eyes_means_somebody_who_has_not_acted_before() -> None:
    duty = Duty(id="U", do=("usertask.complete",), need=("four-eyes",))
    authority = authority_of(replace(allowing(Clause(id="A", do=("*",))), duty=(duty,)))

    def ask(prior: object) -> bool:
        return admit(authority, "usertask.complete", actor="bob", priorActors=prior).admitted

    assert ask(["alice"])
    assert ask([])
    assert not ask(["alice", "bob"])
    assert not ask("alice")
    assert not ask(None)


def test_a_duty_applies_when_in_doubt() -> None:
    assert admit(authority_of(), actor="alice", jobType="shipping").admitted
    assert admit(authority_of(), actor="alice").reason == "duty"
    doubtful = Duty(id="U", do=("job.complete",), on={"var.x": {"eq": 1}}, need=("receipt",))
    authority = authority_of(replace(allowing(Clause(id="A", do=("*",))), duty=(doubtful,)))
    assert admit(authority).reason == "duty"
    assert admit(authority, var_x=2).admitted


def test_the_policy_says_what_a_denied_step_becomes() -> None:
    authority = authority_of()

    assert admit(authority, "job.activate", jobType="refund").on_deny == "skip-worker"
    assert admit(authority, jobType="refund").on_deny == "incident"
    assert admit(authority).on_deny is None


def test_a_warrant_is_for_its_job_and_its_three_actions() -> None:
    parent = chain_of(GRANT)
    tokens = derive_for_worker(
        parent,
        broker,
        job="77",
        element="pay",
        worker_kid="w",
        deadline=NOW_MS,
        jti="w",
        now=NOW_MS // 1000,
    )
    warrant = compile_chain(verify_chain(tokens, RING))

    assert admit(warrant).admitted
    assert admit(warrant, jobKey="78").reason == "$subject"
    assert admit(warrant, "job.activate").reason == "$default"
    assert admit(warrant, "element.enter", {**ENTER, "jobKey": "77"}).reason == "$default"


def test_a_child_without_rules_of_its_own_inherits() -> None:
    child = compile_chain(verify_chain(child_of(chain_of(GRANT)), RING))
    facts = {**PAY, "process": "billing", "version": 1, "instance": CHILD}

    assert admit(child, facts=facts).clauses == ("A1", "$bound", "$inherit")


def test_a_childs_allow_is_a_further_filter() -> None:
    only = Attenuation(allow=(Clause(id="C1", do=("*",)),))
    child = compile_chain(verify_chain(child_of(chain_of(GRANT), attenuation=only), RING))
    facts = {**PAY, "process": "billing", "version": 1, "instance": CHILD}

    assert admit(child, facts=facts).clauses == ("A1", "$bound", "C1")
    assert admit(child, facts=facts, jobType="refund").clauses == ("$default",)


def test_the_engine_learns_which_facts_are_needed() -> None:
    authority = authority_of()

    needed = authority.referenced("job.complete")
    assert needed == (
        "actor",
        "initiator",
        "instance",
        "jobType",
        "process",
        "tenant",
        "var.amount",
        "version",
    )
    assert authority.variables("job.complete") == ("amount",)
    assert authority.variables("job.activate") == ()


def test_t32_the_needed_facts_alone_give_the_same_decision() -> None:
    authority = authority_of()
    for action in ACTIONS:
        names = authority.referenced(action)
        slim = {name: value for name, value in PAY.items() if name in names}
        assert authority.admit(action, slim, START, NOW_MS) == admit(authority, action)


def test_callers_cannot_supply_the_evaluators_own_facts() -> None:
    late = Clause(id="N", do=("element.enter",), on={"now": {"min": NOW_MS + 1}})
    authority = authority_of(allowing(late))

    assert not admit(authority, "element.enter", now=NOW_MS + 5).admitted
    assert authority.admit("element.enter", ENTER, START, NOW_MS + 1).admitted


def test_denial_leaves_the_slope_as_it_was() -> None:
    decision = admit(authority_of(), hop=Hop("w", "worker", "svid"), jobType="refund")

    assert decision.slope == START
