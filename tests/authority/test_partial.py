"""Admission without all facts: what is settled is what all facts would give; the rest is left (R9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remit.authority import START, Authority, Decision, compile_chain
from remit.authority.partial import Left, admit_partly
from remit.authority.policy import Clause, Duty
from tests.authority import strategies
from tests.authority.test_widening import grants
from tests.authority.world import ENTER, GRANT, NOW_MS, chain_of

TOTAL = frozenset({"var.total"})
DONE = ("job.complete",)
SMALL = Clause(id="SMALL", do=DONE, on={"var.total": {"max": 10}})
ANY = Clause(id="ANY", do=DONE)
LARGE = Clause(id="LARGE", do=DONE, on={"var.total": {"min": 1000}})
LARGE_REFUND = replace(LARGE, on={"var.total": {"min": 1000}, "jobType": {"eq": "refund"}})
NO_REFUND = Clause(id="NO", do=DONE, on={"jobType": {"eq": "refund"}})
EYES = Duty(id="EYES", do=DONE, need=("receipt",), on={"var.total": {"min": 1000}})


def authority(**changes: Any) -> Authority:
    return compile_chain(chain_of(replace(GRANT, **{"deny": (), "duty": (), **changes})))


def asked(of: Authority, withheld: frozenset[str] = TOTAL, **facts: object) -> Decision | Left:
    return admit_partly(of, "job.complete", {**ENTER, **facts}, withheld, START, NOW_MS)


def verdict(answer: Decision | Left) -> str:
    if isinstance(answer, Left):
        return f"left {answer.clause}"
    return f"{'admitted' if answer.admitted else 'denied'} {answer.clauses[-2]}"


PAYS, REFUNDS = {"jobType": "payment"}, {"jobType": "refund"}


@pytest.mark.parametrize(
    ("rules", "facts", "expected"),
    [
        ({"allow": (ANY,), "deny": (LARGE,)}, PAYS, "left LARGE"),
        ({"allow": (ANY,), "deny": (LARGE_REFUND,)}, REFUNDS, "left LARGE"),
        ({"allow": (ANY,), "deny": (LARGE_REFUND,)}, PAYS, "admitted ANY"),
        ({"allow": (ANY,), "deny": (NO_REFUND, LARGE)}, PAYS, "left LARGE"),
        ({"allow": (SMALL,)}, PAYS, "left SMALL"),
        ({"allow": (SMALL, ANY)}, PAYS, "left SMALL"),
        ({"allow": (ANY, SMALL)}, PAYS, "admitted ANY"),
        ({"allow": (ANY,), "duty": (EYES,)}, PAYS, "left EYES"),
        ({"allow": (ANY,), "duty": (EYES,)}, {**PAYS, "receipt": True}, "admitted ANY"),
    ],
)
def test_a_clause_that_counts_and_asks_about_a_withheld_fact_is_left(
    rules: dict[str, Any], facts: Mapping[str, object], expected: str
) -> None:
    assert verdict(asked(authority(**rules), **facts)) == expected


def test_what_a_fact_that_is_shown_denies_is_denied_at_once() -> None:
    of = authority(allow=(ANY,), deny=(NO_REFUND, LARGE))
    answer = asked(of, **REFUNDS)
    assert isinstance(answer, Decision)
    assert (answer.admitted, answer.clauses) == (False, ("NO",))


def test_a_fact_that_comes_along_all_the_same_is_not_looked_at() -> None:
    of = authority(allow=(ANY,), deny=(LARGE,))
    assert asked(of, **{"var.total": 5}) == asked(of, **{"var.total": 5000})


def test_the_facts_that_were_missing_are_named() -> None:
    both = replace(LARGE, on={"var.total": {"min": 1}, "var.paid": {"eq": True}})
    of = authority(allow=(ANY,), deny=(both,))
    withheld = TOTAL | {"var.paid", "var.other"}
    assert asked(of, withheld) == Left("LARGE", ("var.paid", "var.total"))


VARIABLES = {"var.name": strategies.texts, "var.amount": strategies.numbers,
             "var.paid": st.booleans(), "var.tags": st.lists(strategies.texts, max_size=2)}  # fmt: skip
hidden = st.lists(st.sampled_from(sorted(VARIABLES)), min_size=1, unique=True).map(frozenset)
others = st.lists(st.fixed_dictionaries({}, optional=VARIABLES), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(grants, st.sampled_from(strategies.ACTIONS), strategies.facts, hidden, others)
def test_what_is_settled_is_settled_whatever_the_withheld_facts_are(
    grant: Any, action: str, facts: dict[str, object], withheld: frozenset[str], others: list[Any]
) -> None:
    of = compile_chain(chain_of(grant))
    known = {**facts, **ENTER}
    answer = admit_partly(of, action, known, withheld, START, NOW_MS)
    seen = {name: fact for name, fact in known.items() if name not in withheld}
    for other in (known, *others):
        everything = {**seen, **{name: other[name] for name in withheld & other.keys()}}
        full = of.admit(action, everything, START, NOW_MS)
        if isinstance(answer, Decision):
            assert (full.admitted, full.clauses) == (answer.admitted, answer.clauses)
        else:
            assert set(answer.facts) <= withheld & set(of.referenced(action))


@settings(max_examples=100, deadline=None)
@given(grants, st.sampled_from(strategies.ACTIONS), strategies.facts)
def test_where_nothing_is_withheld_nothing_is_left(
    grant: Any, action: str, facts: dict[str, object]
) -> None:
    of, known = compile_chain(chain_of(grant)), {**facts, **ENTER}
    answer = admit_partly(of, action, known, frozenset(), START, NOW_MS)
    assert answer == of.admit(action, known, START, NOW_MS)
