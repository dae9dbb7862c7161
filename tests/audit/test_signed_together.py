"""One signature for many bindings in a log: whoever bends it, or any of them, is found (T5-T8, R25)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remit import Engine
from remit.audit.records import read_turn
from remit.audit.running import ALL, Share
from remit.audit.story import Story
from remit.audit.verifying import verify
from remit.authority import Signer, jws
from remit.authority.revocation import Revocations, mint_revocations
from remit.authority.together import leaf_of, sign_together
from remit.authority.verify import Finding
from remit.engine.governance import POLICY
from remit.engine.step import step
from remit.engine.turn import Request
from remit.protocol import commands as c
from remit.protocol.events import EVENTS
from remit.protocol.events.governance import PoliciesSigned, PolicyAttached
from remit.protocol.values import Header
from tests.support.broker import Broker
from tests.support.governed import (
    ALICE,
    GOVERNOR,
    ISSUER,
    RING,
    WORK,
    acme,
    governed_options,
    grant,
    holder,
    policy,
    stranger,
)
from tests.support.model import one_task
from tests.support.story import keep

EVENTS_OF = 6
TOKENS = 5
INSTANCES, KID, SIGNATURE = 2, 3, 4
"""Where a record of `PolicyAttached`, and one of `PoliciesSigned`, has what."""


def log(folder: Path, *, revoked: bool = False) -> list[list[Any]]:
    """Five instances, two of them under another grant, bound in one batch and finished in the next."""
    others = {POLICY: policy(grant(WORK, jti="other"))}
    header = Header(actor=ALICE)
    with Engine(folder, governor=GOVERNOR, actor=ALICE) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        if revoked:
            engine.revoke(
                mint_revocations(Revocations(iss=ISSUER, epoch=1, iat=0, exp=1 << 40), acme)
            )
        given = [{POLICY: policy(grant(WORK))}] * 3
        begun = [
            c.CreateInstance(process_id="one", variables=each) for each in (*given, others, others)
        ]
        commands = (*begun, c.SignPolicies())
        keep(engine, [step(engine.state, Request(each, header), engine.now) for each in commands])
        for job in engine.activate("work", limit=5):
            engine.complete(job.job.key)
        return [
            msgspec.msgpack.decode(msgspec.msgpack.encode(turn), strict=False)
            for turn in engine.turns()
        ]


def told(turns: Sequence[Any], share: Share = ALL) -> list[Finding]:
    story = Story(RING, share)
    found = [each for turn in turns for each in story.tell(read_turn(msgspec.msgpack.encode(turn)))]
    return found + story.auditor.finish()


def records(turns: Sequence[Any], kind: type) -> list[Any]:
    return [each for turn in turns for each in turn[EVENTS_OF] if EVENTS[each[0]] is kind]


def kinds(found: Sequence[Finding]) -> set[str]:
    return {each.kind for each in found}


@pytest.mark.parametrize("revoked", [False, True])
def test_a_true_log_has_no_findings(tmp_path: Path, revoked: bool) -> None:
    turns = log(tmp_path, revoked=revoked)

    (signed,) = records(turns, PoliciesSigned)
    assert len(signed[INSTANCES]) == 5
    assert told(turns) == []


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("at", range(5))
def test_t5_a_binding_of_another_grant_is_not_what_was_signed(
    tmp_path: Path, at: int, revoked: bool
) -> None:
    """The instance is said to be under other rules: all that was signed with it is in doubt."""
    turns = log(tmp_path, revoked=revoked)
    attached = records(turns, PolicyAttached)
    attached[at][TOKENS] = attached[4 if at < 3 else 0][TOKENS]

    assert "signature" in kinds(told(turns))


def bent_signature(signed: Any) -> None:
    signed[SIGNATURE] = bytes([signed[SIGNATURE][0] ^ 1]) + signed[SIGNATURE][1:]


def by_a_stranger(signed: Any) -> None:
    signed[KID] = "stranger"


def in_another_order(signed: Any) -> None:
    signed[INSTANCES].reverse()


def one_left_out(signed: Any) -> None:
    signed[INSTANCES].pop()


def one_twice(signed: Any) -> None:
    signed[INSTANCES].append(signed[INSTANCES][0])


@pytest.mark.parametrize(
    "bend", [bent_signature, by_a_stranger, in_another_order, one_left_out, one_twice]
)
def test_t8_a_bent_signature_is_told_of_every_instance(
    tmp_path: Path, bend: Callable[[Any], None]
) -> None:
    turns = log(tmp_path)
    bend(records(turns, PoliciesSigned)[0])

    found = told(turns)
    assert kinds(found) == {"signature"}
    if bend in (bent_signature, by_a_stranger):
        assert len(found) == 5


def resigned(turns: Sequence[Any], signer: Signer) -> None:
    """The same log with the signature of somebody else."""
    (signed,) = records(turns, PoliciesSigned)
    texts = [each[TOKENS][-1] for each in records(turns, PolicyAttached)]
    signed[SIGNATURE] = sign_together(
        [leaf_of(jws.read(text, "bind").hash) for text in texts], signer
    )


def test_t5_t8_who_is_not_the_holder_signs_nothing(tmp_path: Path) -> None:
    turns = log(tmp_path)

    resigned(turns, holder)
    assert told(turns) == []
    for other in (stranger, acme):
        resigned(turns, other)
        assert len(told(turns)) == 5
        records(turns, PoliciesSigned)[0][KID] = other.kid
        assert len(told(turns)) == 5
        records(turns, PoliciesSigned)[0][KID] = "holder"


def test_r25_a_signature_that_is_left_out_is_missed_at_the_end_of_the_log(tmp_path: Path) -> None:
    turns = log(tmp_path)
    at = next(at for at, turn in enumerate(turns) if "SignPolicies" in turn)
    bent = deepcopy(turns)
    bent[at][EVENTS_OF][0][0] = next(
        number for number, kind in EVENTS.items() if kind.__name__ == "ClockReset"
    )
    del bent[at][EVENTS_OF][0][2:]

    found = told(bent)
    assert [each.kind for each in found] == ["signature"] * 5
    assert all("nobody has signed it" in each.text for each in found)


def test_whoever_asks_about_a_share_counts_the_bindings_of_others(tmp_path: Path) -> None:
    turns = log(tmp_path)
    shares = [Share(which, 3) for which in range(3)]
    assert [told(turns, share) for share in shares] == [[], [], []]

    bent_signature(records(turns, PoliciesSigned)[0])
    found = [each for share in shares for each in told(turns, share)]
    assert sorted(each.position for each in found) == [each.position for each in told(turns)]
    assert len(found) == 5


def test_a_broker_signs_together_what_comes_at_once(tmp_path: Path) -> None:
    """Creations that come while the disk is busy are one batch, and it has one signature."""
    count = 120
    with Broker(tmp_path / "data", *governed_options(tmp_path)) as broker:
        client = broker.client()
        client.deploy("one.bpmn", one_task().xml())
        given = json.dumps({POLICY: policy(grant(WORK))})

        def create(_: int) -> int:
            made = client.call(
                "CreateProcessInstance", bpmnProcessId="one", version=-1, variables=given
            )
            return int(made.processInstanceKey)

        with ThreadPoolExecutor(30) as callers:
            keys = set(callers.map(create, range(count)))
    assert len(keys) == count

    with Engine(tmp_path / "data") as engine:
        events = list(engine.events())
    signed = [each for each in events if isinstance(each, PoliciesSigned)]
    assert {key for each in signed for key in each.instances} == keys
    assert len(signed) < count
    assert verify(tmp_path / "data", RING).partitions[0].findings == []
