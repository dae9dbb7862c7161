"""Random policies and random facts, over a few words so that they often meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from remit.authority import Hop
from remit.authority.policy import Clause, Constraints, Duty, Limits, Reanchor, SlopeRules

ACTIONS = ["job.complete", "job.fail", "job.error"]
TEXTS = ["a", "ab", "b", "c"]
NUMBERS = [-1, 0, 1, 5]
TEXT_FACTS = ["jobType", "errorCode", "var.name"]
NUMBER_FACTS = ["retries", "var.amount"]
FLAG_FACTS = ["actorIsActivator", "var.paid"]
TEXTS_FACTS = ["varNames", "var.tags"]

texts, numbers = st.sampled_from(TEXTS), st.sampled_from(NUMBERS)


def _lists(items: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(items, max_size=3)


on_text = st.one_of(
    st.fixed_dictionaries({"eq": texts}),
    st.fixed_dictionaries({"in": _lists(texts)}),
    st.fixed_dictionaries({"nin": _lists(texts)}),
    st.fixed_dictionaries({"prefix": texts}),
)
on_number = st.one_of(
    st.fixed_dictionaries({"eq": numbers}),
    st.fixed_dictionaries({"in": _lists(numbers)}),
    st.fixed_dictionaries({"min": numbers, "max": numbers}),
    st.fixed_dictionaries({"min": numbers}),
    st.fixed_dictionaries({"max": numbers}),
)
on_flag = st.fixed_dictionaries({"eq": st.booleans()})
on_texts = st.one_of(*(st.fixed_dictionaries({op: _lists(texts)}) for op in ("sub", "sup", "any")))

constraints: st.SearchStrategy[Constraints] = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(TEXT_FACTS), on_text),
        st.tuples(st.sampled_from(NUMBER_FACTS), on_number),
        st.tuples(st.sampled_from(FLAG_FACTS), on_flag),
        st.tuples(st.sampled_from(TEXTS_FACTS), on_texts),
    ),
    max_size=2,
).map(dict)

patterns = st.sampled_from([("job.complete",), ("job.fail", "job.error"), tuple(ACTIONS)])
NEEDS = ["receipt", "actor!=initiator", "actor=activator"]


def _named(prefix: str, clauses: Sequence[Clause]) -> tuple[Any, ...]:
    return tuple(
        type(clause)(
            **{**{f: getattr(clause, f) for f in clause.__struct_fields__}, "id": f"{prefix}{n}"}
        )
        for n, clause in enumerate(clauses, 1)
    )


allows = st.lists(st.builds(Clause, id=st.just(""), do=patterns, on=constraints), max_size=4).map(
    lambda found: _named("A", found)
)
denies = st.lists(st.builds(Clause, id=st.just(""), do=patterns, on=constraints), max_size=2).map(
    lambda found: _named("D", found)
)
needs = st.lists(st.sampled_from(NEEDS), min_size=1, max_size=2).map(tuple)
duty_patterns = st.just(("job.complete",))
duties = st.lists(
    st.builds(Duty, id=st.just(""), do=duty_patterns, on=constraints, need=needs), max_size=1
).map(lambda found: _named("U", found))

trust = st.integers(0, 1000)
mild = st.one_of(st.just(0), st.integers(0, 300), trust)
"""Floors and decays that often let something through: a property about nothing proves nothing."""
_bounds: dict[str, st.SearchStrategy[Any]] = {
    "max_depth": st.none() | st.integers(1, 4),
    "floor": mild,
    "floors": st.dictionaries(st.sampled_from(ACTIONS), mild, max_size=1),
    "max_step_drop": st.none() | trust,
    "max_xdom": st.none() | st.integers(0, 2),
}
limits = st.builds(Limits, **_bounds)
METHODS = ["", "none", "jwt", "svid"]
slopes = st.builds(
    SlopeRules,
    **_bounds,
    decay=st.dictionaries(st.sampled_from(["worker", "engine"]), mild, max_size=2),
    levels=st.dictionaries(st.sampled_from(METHODS[1:]), trust, max_size=3),
    caps=st.dictionaries(st.sampled_from(["d/", "d/x"]), trust, max_size=2),
    reanchor=st.none() | st.builds(Reanchor, by=st.just(("approver-1",)), max=trust),
)
hops = st.builds(
    Hop,
    actor=st.sampled_from(["alice", "bob"]),
    kind=st.sampled_from(["worker", "engine", "human"]),
    method=st.sampled_from(METHODS),
    domain=st.sampled_from(["", "d/x", "e/"]),
)

well_typed = st.fixed_dictionaries(
    {"actor": st.sampled_from(["alice", "bob"]), "initiator": st.just("alice")},
    optional={
        **dict.fromkeys(TEXT_FACTS, texts),
        **dict.fromkeys(NUMBER_FACTS, numbers),
        **{name: st.booleans() for name in FLAG_FACTS},
        **{name: _lists(texts) for name in TEXTS_FACTS},
        "receipt": st.booleans(),
    },
)
"""Facts that are missing or of the declared type: what other policy languages understand as well."""

anything = st.one_of(
    texts,
    numbers,
    st.booleans(),
    st.none(),
    _lists(texts),
    st.floats(),
    st.lists(numbers, max_size=2),
)
facts = st.one_of(
    well_typed,
    st.dictionaries(
        st.sampled_from(
            [*TEXT_FACTS, *NUMBER_FACTS, *FLAG_FACTS, *TEXTS_FACTS, "actor", "receipt"]
        ),
        anything,
    ),
)
