"""Where policies are stored: what instances have in common lies on the disk once (R1, R5, R17)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import astuple

from remit import Engine, Refused
from remit.authority import base64url, jws, verify_chain
from remit.authority.chain import verify_block
from remit.authority.derive import mint_grant, renewed, succeed
from remit.authority.policy import Clause
from remit.authority.together import leaf_of, third_parts
from remit.engine.governance import POLICY
from remit.engine.state import layout
from remit.engine.state.folds import fold
from remit.engine.state.state import State
from remit.engine.state.table import encode
from remit.protocol.events.governance import PoliciesSigned, PolicyAttached
from tests.support.governed import ALICE, GOVERNOR, RING, WORK, acme, grant, policy
from tests.support.model import Model, one_task
from tests.support.story import leftovers, replayed

LOCAL = 1_000
"""Bytes of a row that SQLite keeps on its page; a longer one takes a page of its own beside."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with opened(tmp_path) as made:
        made.deploy(("one.bpmn", one_task().xml()))
        yield made


def opened(folder: Path) -> Engine:
    return Engine(folder, governor=GOVERNOR, actor=ALICE)


def create(engine: Engine, *tokens: str, process: str = "one") -> int:
    return engine.create(process, {POLICY: list(tokens) or policy(grant(WORK))}).key


def blocks(engine: Engine, key: int) -> tuple[str, ...]:
    return engine.state.blocks_of(engine.state.governed[key])


def test_instances_under_one_grant_share_a_row_and_keep_little_of_their_own(engine: Engine) -> None:
    first, second = create(engine), create(engine)

    (shared,) = engine.state.beginnings.rows.values()
    assert (shared.key, shared.count, shared.blocks[:-1]) == (first, 2, tuple(policy(grant(WORK))))
    for key in (first, second):
        row = engine.state.governed[key]
        assert row.begins == first
        assert len(encode(row)) < LOCAL
        assert verify_chain(blocks(engine, key), RING).hash == row.policy


def test_other_grants_have_a_row_of_their_own(engine: Engine) -> None:
    first = create(engine)
    second = create(engine, *policy(grant(WORK, jti="other")))

    assert set(engine.state.beginnings.rows) == {first, second}


def test_what_is_attached_in_the_log_is_whole_and_its_signature_follows(engine: Engine) -> None:
    """The auditor and the exporters need no table: every record has all blocks."""
    keys = [create(engine), create(engine)]

    texts: dict[int, tuple[str, ...]] = {}
    found = {}
    for each in engine.events():
        if isinstance(each, PolicyAttached):
            texts[each.instance] = each.tokens
        elif isinstance(each, PoliciesSigned):
            leaves = [leaf_of(jws.read(texts[key][-1], "bind").hash) for key in each.instances]
            for key, part in zip(each.instances, third_parts(leaves, each.signature), strict=True):
                *grants, text = texts.pop(key)
                found[key] = (*grants, f"{text}.{base64url.encode(part)}")
    assert texts == {}
    assert found == {key: blocks(engine, key) for key in keys}


def test_the_last_instance_takes_the_shared_row_along(engine: Engine) -> None:
    first, second = create(engine), create(engine)
    for job in engine.activate("work", limit=10):
        assert engine.state.beginnings[first].count == 2 - (job.job.instance == second)
        engine.complete(job.job.key)

    assert leftovers(engine) == []
    assert not engine.state.rows.scan(layout.BEGINNING)


def test_an_instance_goes_on_after_the_first_of_its_kind_has_ended_and_after_a_restart(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        first, second = create(engine), create(engine)
        job, other = engine.activate("work", limit=10)
        assert [job.job.instance, other.job.instance] == [first, second]
        engine.complete(job.job.key)
        before = blocks(engine, other.job.instance)
    with opened(tmp_path) as engine:
        assert engine.state.beginnings.rows == {}
        engine.complete(other.job.key)
        assert verify_chain(before, RING).subject.instance == str(other.job.instance)
        assert leftovers(engine) == []
        assert not engine.state.rows.scan(layout.BEGINNING)


def test_rows_leave_memory_and_come_back(engine: Engine) -> None:
    key, other = create(engine), create(engine, *policy(grant(WORK, jti="other")))
    before = blocks(engine, key)
    engine.state.authority_cache.clear()
    engine.state.evict(1)
    assert set(engine.state.beginnings.rows) == {other}
    assert key not in engine.state.governed

    jobs = engine.activate("work", limit=10)
    assert blocks(engine, key) == before == jobs[0].policy
    for job in jobs:
        engine.complete(job.job.key)
    assert leftovers(engine) == []


def test_a_creation_that_is_refused_leaves_no_row(engine: Engine) -> None:
    with pytest.raises(Refused):
        create(engine, mint_grant(grant(deny=(Clause(id="D", do=("instance.create",)),)), acme))

    assert leftovers(engine) == []


def test_a_renewed_policy_stands_for_itself(engine: Engine) -> None:
    first = create(engine)
    create(engine)
    old = verify_block(policy(grant(WORK))[0], RING)
    new = mint_grant(succeed(old, renewed(grant(WORK), now=1, exp=9_000_000_001)), acme)
    engine.renew_policy(first, new)

    assert engine.state.governed[first].begins == -1
    assert blocks(engine, first)[0] == new
    assert engine.state.beginnings[first].count == 1
    for job in engine.activate("work", limit=10):
        engine.complete(job.job.key)
    assert not engine.state.governed.rows
    assert leftovers(engine) == []


def test_folding_the_log_alone_gives_the_same_rows(engine: Engine) -> None:
    parent = Model("p").start("s").call("c", "one").end("e").path("s", "c", "e")
    engine.deploy(("p.bpmn", parent.xml()))
    allowed = policy(grant(WORK, Clause(id="C", do=("call.activity",))))
    keys = [create(engine), create(engine), create(engine, *allowed, process="p")]
    assert keys[0] in engine.state.beginnings
    engine.complete(engine.activate("work", limit=1)[0].job.key)

    state = replayed(engine)
    assert state.governed.rows == engine.state.governed.rows
    assert state.beginnings.rows == engine.state.beginnings.rows


def test_rows_of_before_are_read_as_they_were(engine: Engine) -> None:
    """A log, and a row, that know nothing of sharing: all blocks stand in the row."""
    key = create(engine)
    (attached,) = [each for each in engine.events() if isinstance(each, PolicyAttached)]
    state = State(1, 1)
    fold(state, PolicyAttached(*astuple(attached)[:-2]))
    assert not state.beginnings.rows

    before = encode(astuple(state.governed[key])[:-1])
    assert state.blocks_of(state.governed.load(before)) == attached.tokens
