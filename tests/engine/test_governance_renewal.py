"""Policies of running instances: expiry, renewal, revocation, re-anchored trust, migration (R5, R17)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from remit import Engine, Refused
from remit.authority import Signer, verify_block
from remit.authority.derive import mint_grant, renewed, succeed
from remit.authority.policy import Clause, Grant, Reanchor, SlopeRules
from remit.authority.receipt import Anchor, write_anchor
from remit.authority.revocation import Revocations, mint_revocations
from remit.base.errors import RejectionType
from remit.engine.governance import POLICY
from remit.protocol.events.governance import (
    PolicyExpired,
    PolicySucceeded,
    RevocationsChanged,
    SlopeReanchored,
    StepRejected,
)
from tests.support.governed import (
    GOVERNOR,
    ISSUER,
    PARTNER,
    RING,
    WORK,
    acme,
    approver,
    audited,
    grant,
    policy,
    stranger,
)
from tests.support.model import Model, one_task
from tests.support.story import completed, leftovers

ADMIN = Clause(id="O", do=("incident.resolve", "instance.migrate"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with audited(tmp_path) as made:
        made.deploy(("one.bpmn", one_task().xml()))
        yield made


def create(engine: Engine, given: Grant, process: str = "one") -> int:
    return engine.create(process, {POLICY: policy(given)}).key


def told(engine: Engine, kind: type) -> list[Any]:
    return [event for event in engine.events() if isinstance(event, kind)]


def successor(given: Grant, signer: Signer = acme, **changes: Any) -> str:
    (token,) = policy(given)
    old = verify_block(token, RING)
    new = renewed(given, now=given.iat, exp=9_100_000_000)
    return mint_grant(succeed(old, replace(new, **changes)), signer)


# --- time ------------------------------------------------------------------------------------------


def test_t18_an_expired_policy_makes_an_incident_and_a_successor_resumes(engine: Engine) -> None:
    given = grant(WORK, ADMIN, exp=engine.now // 1000 + 60)
    key = create(engine, given)
    (job,) = engine.activate("work", timeout_ms=10_000_000)
    engine.advance(seconds=61)
    for _ in range(3):
        with pytest.raises(Refused, match="validity"):
            engine.complete(job.job.key)

    assert len(told(engine, PolicyExpired)) == 1
    (incident,) = engine.state.incidents.rows.values()
    assert incident.element == "one"
    with pytest.raises(Refused):  # what has expired resolves nothing
        engine.resolve_incident(incident.key)

    engine.renew_policy(key, successor(given))
    engine.resolve_incident(incident.key)
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "one"
    assert leftovers(engine) == []


def test_t18_a_job_that_waits_for_nobody_is_told_of_and_a_successor_hands_it_out(
    engine: Engine,
) -> None:
    given = grant(WORK, ADMIN, exp=engine.now // 1000 + 60)
    key = create(engine, given)
    other = create(engine, grant(Clause(id="N", do=("job.complete",))))
    engine.advance(seconds=61)
    for _ in range(3):
        assert not engine.activate("work")

    (expired,) = told(engine, PolicyExpired)
    (incident,) = engine.state.incidents.rows.values()
    assert (expired.instance, incident.element_key) == (key, key)
    assert other != key, "who may not have a job makes no incident"
    assert "renew it with a successor" in incident.error_message

    engine.renew_policy(key, successor(given))
    engine.resolve_incident(incident.key)
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "one"


def test_r5_only_the_authority_changes_a_policy_and_the_log_tells_of_it(engine: Engine) -> None:
    given = grant(WORK)
    key = create(engine, given)
    others = grant(WORK, jti="other")
    for token in (
        successor(given, stranger),
        "nonsense",
        policy(given)[0],
        successor(others),
    ):
        with pytest.raises(Refused) as fault:
            engine.renew_policy(key, token)
        assert fault.value.reply.type is RejectionType.INVALID_ARGUMENT
    assert told(engine, PolicySucceeded) == []

    token = successor(given, rev=5)
    engine.renew_policy(key, token)
    (event,) = told(engine, PolicySucceeded)
    assert (event.cause, event.actor) == ("renewal", "alice")
    assert token in event.tokens
    with pytest.raises(Refused, match="revision 2 is not above 5"):  # T31: never back
        engine.renew_policy(key, successor(given))


def test_a_successor_with_other_rules_counts_from_the_next_step_on(engine: Engine) -> None:
    given = grant(WORK)
    key = create(engine, given)
    (job,) = engine.activate("work")
    none = Clause(id="D", do=("job.complete",))
    engine.renew_policy(key, successor(given, deny=(none,)))
    with pytest.raises(Refused, match="'D'"):
        engine.complete(job.job.key)


def test_r15_a_renewal_reaches_the_processes_that_were_called(engine: Engine) -> None:
    parent = Model("p").start("s").call("c", "one").end("e").path("s", "c", "e")
    engine.deploy(("p.bpmn", parent.xml()))
    given = grant(WORK, Clause(id="C", do=("call.activity",)), exp=engine.now // 1000 + 60)
    key = create(engine, given, "p")
    (job,) = engine.activate("work", timeout_ms=10_000_000)
    engine.advance(seconds=61)
    engine.renew_policy(key, successor(given))

    assert len(told(engine, PolicySucceeded)) == 2
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "p"


def test_a_process_without_a_policy_has_none_to_renew(engine: Engine) -> None:
    key = engine.create("one").key
    with pytest.raises(Refused, match="carries none"):
        engine.show_policy(key)
    with pytest.raises(Refused, match="no such process instance"):
        engine.show_policy(5)


# --- revocation ------------------------------------------------------------------------------------


def revocations(epoch: int, signer: Signer = acme, **more: Any) -> str:
    fields = {"iss": ISSUER, "epoch": epoch, "iat": 0, "exp": 9_000_000_000, **more}
    return mint_revocations(Revocations(**fields), signer)


def test_t19_what_is_revoked_admits_nothing_from_then_on(engine: Engine) -> None:
    create(engine, grant(WORK))
    create(engine, grant(WORK, jti="other"))
    jobs = engine.activate("work", limit=2)
    engine.revoke(revocations(1, jtis={"g": 0}))
    with pytest.raises(Refused, match="revoked"):
        engine.complete(jobs[0].job.key)
    engine.complete(jobs[1].job.key)

    assert [event.epoch for event in told(engine, RevocationsChanged)] == [1]
    assert told(engine, StepRejected)[-1].reason == "$revoked"


def test_t19_an_older_or_a_forged_list_is_refused(engine: Engine) -> None:
    engine.revoke(revocations(5))
    engine.revoke(revocations(5))  # the same again changes nothing
    for token in (revocations(4), revocations(9, stranger), "nonsense"):
        with pytest.raises(Refused, match="to be taken"):
            engine.revoke(token)
    assert len(told(engine, RevocationsChanged)) == 1


def test_t19_actions_that_need_a_fresh_list_are_denied_without_one(engine: Engine) -> None:
    create(engine, grant(WORK, fresh=("job.complete",)))
    (job,) = engine.activate("work")
    with pytest.raises(Refused, match=r"revocation\.stale"):
        engine.complete(job.job.key)
    engine.revoke(revocations(1))
    engine.complete(job.job.key)


def test_t19_revocations_survive_a_restart(tmp_path: Path) -> None:
    with Engine(tmp_path, governor=GOVERNOR) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        create(engine, grant(WORK))
        (job,) = engine.activate("work")
        engine.revoke(revocations(1, kids={"acme": 0}))
    with Engine(tmp_path, governor=GOVERNOR) as engine, pytest.raises(Refused, match="revoked"):
        engine.complete(job.job.key)


# --- trust -----------------------------------------------------------------------------------------

TRUST = SlopeRules(
    floors={"job.complete": 500},
    levels={"jwt": 900, "svid": 700},
    caps={"spiffe://partner.example/": 300},
    reanchor=Reanchor(by=("approver",), max=800),
)
STAY = SlopeRules(floors={"flow.take": 0})


def lowered(engine: Engine) -> tuple[int, int]:
    """An instance whose data a partner has written, and the job that trust is too low for."""
    model = Model("two").start("s").service("a", "ask").service("b", "work").end("e")
    engine.deploy(("two.bpmn", model.path("s", "a", "b", "e").xml()))
    trust = replace(TRUST, floors={})
    high = Clause(
        id="H", do=("job.complete",), on={"jobType": {"eq": "work"}, "slopeLow": {"max": 499}}
    )
    key = create(engine, grant(WORK, deny=(high,), slope=trust), "two")
    with engine.acting_as(PARTNER):
        (job,) = engine.activate("ask")
        engine.complete(job.job.key, {"advice": "buy"})
    (job,) = engine.activate("work")
    return key, job.job.key


def statement(engine: Engine, key: int, signer: Signer = approver, **more: Any) -> str:
    now = engine.now // 1000
    head = engine.show_policy(key).head
    fields = {"jti": "x", "instance": str(key), "head": head, "low": 800, "iat": now,
              "exp": now + 60, **more}  # fmt: skip
    return write_anchor(Anchor(**fields), signer)


def test_t24_data_of_low_trust_stays_so_until_somebody_has_looked_at_it(engine: Engine) -> None:
    key, job = lowered(engine)
    assert engine.show_policy(key).low == 300
    with pytest.raises(Refused, match="'H'"):
        engine.complete(job)
    engine.reanchor(key, statement(engine, key))

    assert told(engine, SlopeReanchored)[0].low == 800
    engine.complete(job)
    assert completed(engine)[-1] == "two"


def test_r22_t6_trust_rises_by_the_right_statement_once(engine: Engine) -> None:
    key, _ = lowered(engine)
    good = statement(engine, key)
    for token in (
        statement(engine, key, stranger),
        statement(engine, key, acme),
        statement(engine, key, low=900),
        statement(engine, key, instance="5"),
        statement(engine, key, head="0" * 64),
        statement(engine, key, exp=engine.now // 1000),
        "nonsense",
    ):
        with pytest.raises(Refused, match="Expected a statement"):
            engine.reanchor(key, token)
    engine.reanchor(key, good)
    with pytest.raises(Refused, match="another state of the slope"):
        engine.reanchor(key, good)


# --- migration -------------------------------------------------------------------------------------


def test_r17_an_instance_migrates_with_its_policy(engine: Engine) -> None:
    changed = one_task().xml().replace(b'id="e"', b'id="e" name="end"')
    target = engine.deploy(("one.bpmn", changed)).resources[0].key
    key = create(engine, grant(WORK, ADMIN), "one")
    first = engine.deploy(("one.bpmn", one_task().xml())).resources[0].key
    engine.migrate(key, first, {"a": "a"})
    assert target != first
    assert [event.cause for event in told(engine, PolicySucceeded)] == ["migration"]
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "one"


def test_a_migration_needs_a_clause_and_a_policy_that_may_be_passed_on(engine: Engine) -> None:
    target = engine.deploy(("x.bpmn", one_task("x").xml())).resources[0].key
    key = create(engine, grant(WORK))
    with pytest.raises(Refused, match=r"instance\.migrate"):
        engine.migrate(key, target, {"a": "a"})
    key = create(engine, grant(WORK, ADMIN, del_max_depth=0))
    with pytest.raises(Refused, match="may not be passed on"):
        engine.migrate(key, target, {"a": "a"})
