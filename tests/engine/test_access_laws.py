"""Laws of users, circles and permissions, on random histories of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from remit.embedded.engine import Engine, Refused
from remit.engine.access import Tables
from remit.engine.identity import snapshot
from remit.engine.state.folds import fold
from remit.engine.state.state import State
from remit.identity.directory import Directory
from remit.identity.principal import Access, principal_of
from remit.identity.resources import MEMBER_KINDS
from remit.protocol import commands as c
from remit.protocol.replies import Done
from remit.protocol.values import Actor

NAMES = st.sampled_from(["a", "b"])
KINDS = st.sampled_from(["GROUP", "ROLE", "TENANT"])
OWNERS = st.sampled_from(["USER", "CLIENT", "ROLE", "GROUP", "MAPPING_RULE"])
PERMISSION = st.sampled_from(["READ", "CREATE"])
ACCESS = Access(tenants=True, authorizations=True, admins=frozenset(["root"]))
ACTORS = (
    Actor("a", "basic", "basic"),
    Actor("b", "apikey", "apikey"),
    Actor("a", "jwt", "jwt", {"team": "b"}),
)

COMMANDS = st.one_of(
    st.builds(c.CreateUser, NAMES),
    st.builds(c.DeleteUser, NAMES),
    st.builds(c.CreateCircle, KINDS, NAMES),
    st.builds(c.DeleteCircle, KINDS, NAMES),
    st.builds(c.AddMember, KINDS, NAMES, OWNERS, NAMES),
    st.builds(c.RemoveMember, KINDS, NAMES, OWNERS, NAMES),
    st.builds(c.CreateMappingRule, NAMES, st.just("team"), NAMES),
    st.builds(c.DeleteMappingRule, NAMES),
    st.builds(
        c.CreateAuthorization, OWNERS, NAMES, st.just("MESSAGE"),
        st.lists(PERMISSION, min_size=1, max_size=2).map(tuple), st.just("*"),
    ),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(COMMANDS, max_size=40))
def test_whatever_happens_the_rows_fit_together(commands: list[c.Command]) -> None:
    engine = Engine(actor=Actor("root"), access=ACCESS)
    for command in commands:
        try:
            engine.execute(command, Done)
        except Refused:
            continue
    state = engine.state
    for row in state.members.rows.values():
        assert row.member_kind in MEMBER_KINDS[row.kind]
        assert (row.kind, row.circle) in state.circles
        if row.member_kind in ("GROUP", "ROLE"):
            assert (row.member_kind, row.member) in state.circles
        if row.member_kind == "MAPPING_RULE":
            assert row.member in state.mapping_rules
    again = State(1, 1)
    for event in engine.events():
        fold(again, event)
    assert sorted(map(repr, again.table_rows())) == sorted(map(repr, state.table_rows()))
    directory = Directory(ACCESS)
    directory.take(snapshot(state))
    for actor in ACTORS:
        told = directory.principal(actor)
        assert told == principal_of(actor, ACCESS, Tables(state))
        assert not told.sees("nowhere")
        assert not told.may("SYSTEM", "UPDATE")
