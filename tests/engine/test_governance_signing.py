"""Policies are bound to their instances one by one and signed together (R1, R5, R17)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from remit import Engine
from remit.audit.verifying import verify
from remit.authority import verify_chain
from remit.authority.policy import Clause
from remit.authority.together import MOST
from remit.engine.governance import POLICY
from remit.engine.step import step
from remit.engine.turn import Request, Turn
from remit.protocol import commands as c
from remit.protocol.events.governance import PoliciesSigned, PolicyAttached, StepRejected
from remit.protocol.replies import InstanceCreated, JobsActivated, Rejected
from remit.protocol.values import Document, Header
from tests.support.governed import ALICE, GOVERNOR, RING, WORK, grant, policy
from tests.support.model import Model, one_task
from tests.support.story import keep, leftovers, replayed

GIVEN: Document = {POLICY: policy(grant(WORK))}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as made:
        made.deploy(("one.bpmn", one_task().xml()))
        yield made


def play(engine: Engine, *commands: c.Command) -> list[Turn]:
    """As a batch of a partition that is not stored yet."""
    header = Header(actor=ALICE)
    return [step(engine.state, Request(command, header), engine.now) for command in commands]


def creation(variables: Document = GIVEN, process: str = "one") -> c.CreateInstance:
    return c.CreateInstance(process_id=process, variables=variables)


def created(turns: Sequence[Turn]) -> list[int]:
    return [turn.reply.key for turn in turns if isinstance(turn.reply, InstanceCreated)]


def signings(turns: Sequence[Turn]) -> list[PoliciesSigned]:
    return [event for turn in turns for event in turn.events if isinstance(event, PoliciesSigned)]


def assert_carried(engine: Engine, keys: Sequence[int]) -> None:
    """Each of these instances carries a chain that others can verify, for itself."""
    for key in keys:
        row = engine.state.governed[key]
        chain = verify_chain(engine.state.blocks_of(row), RING)
        chain.check_runs("<default>", "one", 1, str(key))
        assert chain.hash == row.policy


def test_one_signature_is_for_all_that_a_batch_binds(engine: Engine) -> None:
    turns = play(engine, *[creation()] * 5, c.SignPolicies())
    keys = created(turns)

    (signed,) = signings(turns)
    assert signed.instances == tuple(keys)
    assert signed.kid == "holder"
    assert not engine.state.unsigned.rows
    assert_carried(engine, keys)


def test_where_nothing_waits_nothing_is_signed(engine: Engine) -> None:
    (turn,) = play(engine, c.SignPolicies())

    assert turn.events == []


def test_a_worker_never_gets_a_policy_without_its_signature(engine: Engine) -> None:
    """A job may be taken in the very batch that made it: what waits is signed before."""
    turns = play(engine, *[creation()] * 3, c.ActivateJobs("work", "w", 1000, 2))
    reply = turns[-1].reply

    assert isinstance(reply, JobsActivated)
    for each in reply.jobs:
        assert verify_chain(each.policy, RING).subject.instance == str(each.job.instance)
        assert each.variables[POLICY] == list(each.policy)
    assert len(signings(turns)) == 1
    assert_carried(engine, created(turns))


def test_what_was_not_begun_is_not_signed(engine: Engine) -> None:
    """The policy of an instance that was denied its own beginning binds nobody."""
    refusing = Clause(id="N", do=("instance.create",))
    denied = creation({POLICY: policy(grant(WORK, deny=(refusing,)))})
    turns = play(engine, creation(), denied, creation(), c.SignPolicies())

    assert isinstance(turns[1].reply, Rejected)
    assert any(isinstance(event, StepRejected) for event in turns[1].events)
    (signed,) = signings(turns)
    assert signed.instances == tuple(created(turns))
    assert len(signed.instances) == 2


def test_an_instance_that_ends_at_once_was_under_a_signed_policy_as_well(engine: Engine) -> None:
    at_once = Model("short").start("s").end("e").path("s", "e")
    engine.deploy(("short.bpmn", at_once.xml()))
    turns = play(engine, creation(process="short"), creation(), c.SignPolicies())
    keys = created(turns)

    (signed,) = signings(turns)
    assert signed.instances == tuple(keys)
    assert keys[0] not in engine.state.governed
    assert_carried(engine, keys[1:])


def test_a_called_process_and_a_message_carry_what_is_signed(engine: Engine) -> None:
    """They begin in the turn of their caller, whose own binding waits for nobody then."""
    call = Clause(id="C", do=("call.activity",))
    parent = Model("p").start("s").call("c", "one").end("e").path("s", "c", "e")
    engine.deploy(("p.bpmn", parent.xml()))
    (turn,) = play(engine, creation({POLICY: policy(grant(call, WORK))}, "p"))

    attached = [event for event in turn.events if isinstance(event, PolicyAttached)]
    assert [each.parent for each in attached] == [-1, attached[0].instance]
    assert verify_chain(attached[1].tokens, RING).subject.instance == str(attached[1].instance)
    assert len(signings([turn])) == 1


def test_more_than_one_signature_can_hold_have_several(engine: Engine) -> None:
    turns = play(engine, *[creation()] * (MOST + 1), c.SignPolicies())

    assert [len(each.instances) for each in signings(turns)] == [MOST, 1]
    keys = created(turns)
    assert_carried(engine, (keys[0], keys[MOST - 1], keys[MOST]))


def test_replay_gives_every_instance_its_own_third_part(tmp_path: Path) -> None:
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        keep(engine, play(engine, *[creation()] * 7, c.SignPolicies()))
        assert replayed(engine).governed.rows == engine.state.governed.rows
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as engine:
        for job in engine.activate("work", limit=7):
            assert_carried(engine, [job.job.instance])
            engine.complete(job.job.key)
        assert leftovers(engine) == []
    assert verify(tmp_path, RING).partitions[0].findings == []


def test_what_is_not_signed_is_not_stored(engine: Engine) -> None:
    play(engine, creation())

    with pytest.raises(AssertionError, match="signed before it is stored"):
        engine.state.drain()
