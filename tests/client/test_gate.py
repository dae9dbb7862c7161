"""At the worker: the policy is asked before the handler runs, and its receipt is checked (R9-R11)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from remit import Engine, Refused
from remit.authority import KeyRing
from remit.authority.policy import Clause, Duty, SlopeRules
from remit.authority.revocation import Revocations
from remit.client import Gate, Permit, PolicyDenied
from remit.client.work import Work
from remit.engine.governance import POLICY
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    StepRejected,
    WorkerAdmitted,
    WorkerRejected,
)
from remit.protocol.values import RECEIPT
from tests.support.governed import (
    ALICE,
    GOVERNOR,
    ISSUER,
    RING,
    WORK,
    WORKER,
    audited,
    grant,
    policy,
    stranger,
    work_of,
    worker,
)
from tests.support.model import Model, one_task
from tests.support.story import completed

LIMIT = Clause(id="D1", do=("job.complete",), on={"var.amount": {"min": 1000}})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with audited(tmp_path) as made:
        made.deploy(("one.bpmn", one_task().xml()))
        yield made


def gate(engine: Engine, **more: Any) -> Gate:
    return Gate(RING, worker, clock=lambda: engine.now, **more)


def taken(engine: Engine, *allow: Clause, **more: Any) -> Work:
    """A job of a new instance, at the worker."""
    variables = more.pop("variables", {})
    given = policy(grant(*(allow or (WORK,)), **more))
    engine.create("one", {POLICY: given, **variables})
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
    return work_of(job)


def admitted(gate: Gate, work: Work) -> Permit:
    permit = gate.admit(work)
    assert permit is not None
    return permit


def told(engine: Engine, kind: type) -> list[Any]:
    return [event for event in engine.events() if isinstance(event, kind)]


def test_r11_a_receipt_comes_with_the_answer_and_stands_in_the_log(engine: Engine) -> None:
    work = taken(engine)
    sent = admitted(gate(engine), work).completing({"paid": True})
    with engine.acting_as(WORKER):
        engine.complete(work.key, sent)

    (receipt,) = told(engine, WorkerAdmitted)
    assert (receipt.job, receipt.action, receipt.signed_by) == (work.key, "job.complete", "worker")
    assert completed(engine)[-1] == "one"
    assert not [e for e in engine.events() if getattr(e, "name", "") == RECEIPT]


def test_r10_a_job_without_a_policy_needs_no_permit(engine: Engine) -> None:
    engine.create("one")
    (job,) = engine.activate("work")
    assert gate(engine).admit(work_of(job)) is None
    with pytest.raises(PolicyDenied):
        gate(engine, insists=True).admit(work_of(job))


def test_r9_the_worker_denies_by_itself_what_the_policy_denies(engine: Engine) -> None:
    work = taken(engine, deny=(LIMIT,), variables={"amount": 5000})
    with pytest.raises(PolicyDenied, match="D1") as fault:
        admitted(gate(engine), work).completing({})
    with engine.acting_as(WORKER):
        engine.throw_error(work.key, "GOV_DENIED", str(fault.value), fault.value.variables)

    (event,) = told(engine, WorkerRejected)
    assert event.clause == "D1"
    assert len(engine.state.incidents.rows) == 1  # by default a denial is an incident


def test_a_denial_that_the_policy_makes_an_error_is_caught_by_the_model(engine: Engine) -> None:
    model = one_task("caught")
    model.boundary("b", "a", model.error("GOV_DENIED")).end("x").path("b", "x")
    engine.deploy(("c.bpmn", model.xml()))
    given = policy(grant(WORK, deny=(LIMIT,), on_deny={"job.complete": "error"}))
    engine.create("caught", {POLICY: given, "amount": 5000})
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
        with pytest.raises(PolicyDenied) as fault:
            admitted(gate(engine), work_of(job)).completing({})
        engine.throw_error(job.job.key, "GOV_DENIED", "", fault.value.variables)

    assert "x" in completed(engine)


def test_a_duty_of_a_receipt_is_kept_only_with_one(engine: Engine) -> None:
    duty = Duty(id="U1", do=("job.complete",), need=("receipt", "actor=activator"))
    work = taken(engine, duty=(duty,))
    with engine.acting_as(WORKER):
        with pytest.raises(Refused, match="U1"):
            engine.complete(work.key)
        engine.complete(work.key, admitted(gate(engine), work).completing({}))
    assert completed(engine)[-1] == "one"


def test_t10_somebody_else_than_the_activator_can_not_complete(engine: Engine) -> None:
    duty = Duty(id="U1", do=("job.complete",), need=("actor=activator",))
    work = taken(engine, duty=(duty,))
    with pytest.raises(Refused, match="U1"):
        engine.complete(work.key)


def test_t12_a_worker_that_admits_what_the_broker_denies_is_told_of_and_denied(
    engine: Engine,
) -> None:
    work = taken(engine, deny=(LIMIT,), variables={"amount": 5000})
    lying = replace(work, variables={"amount": 1})
    with engine.acting_as(WORKER), pytest.raises(Refused, match="D1"):
        engine.complete(work.key, admitted(gate(engine), lying).completing({}))

    (event,) = told(engine, EvaluatorsDisagreed)
    assert event.difference == "the worker admitted, the broker denies by D1"
    assert told(engine, StepRejected)[-1].clauses[-1] == "D1"


def test_t12_a_worker_that_denies_what_the_broker_admits_stops_the_job(engine: Engine) -> None:
    work = taken(engine, deny=(LIMIT,), variables={"amount": 5})
    lying = replace(work, variables={"amount": 5000})
    with pytest.raises(PolicyDenied) as fault:
        admitted(gate(engine), lying).completing({})
    with engine.acting_as(WORKER):
        with pytest.raises(Refused, match="receipt denies"):
            engine.complete(work.key, fault.value.variables)
        engine.throw_error(work.key, "GOV_DENIED", "", fault.value.variables)

    assert [e.difference for e in told(engine, EvaluatorsDisagreed)] == [
        "the worker denied by D1, the broker admits"
    ] * 2
    assert len(engine.state.incidents.rows) == 1


def test_t6_a_receipt_counts_once_and_for_its_job_only(engine: Engine) -> None:
    first, second = taken(engine), taken(engine)
    sent = admitted(gate(engine), first).completing({})
    with engine.acting_as(WORKER), pytest.raises(Refused, match="the receipt is for"):
        engine.complete(second.key, sent)
    with engine.acting_as(WORKER):
        engine.fail(first.key, retries=3)
        engine.activate("work")
        with pytest.raises(Refused, match="the receipt is for head"):
            engine.complete(first.key, sent)


@pytest.mark.parametrize(
    "bend",
    [
        lambda token: token[:-8] + "AAAAAAAA",
        lambda token: "nonsense",
        lambda token: 5,
        lambda token: [token],
    ],
)
def test_t8_a_forged_receipt_is_refused(engine: Engine, bend: Any) -> None:
    work = taken(engine)
    sent = admitted(gate(engine), work).completing({})
    with pytest.raises(Refused, match="receipt"):
        engine.complete(work.key, {RECEIPT: bend(sent[RECEIPT])})
    assert len(told(engine, EvaluatorsDisagreed)) == 1


def test_t19_a_receipt_of_an_unknown_worker_is_refused(engine: Engine) -> None:
    work = taken(engine)
    sent = admitted(Gate(RING, stranger, clock=lambda: engine.now), work).completing({})
    with pytest.raises(Refused, match="unknown key stranger"):
        engine.complete(work.key, sent)


def test_t6_a_policy_of_another_instance_is_not_taken_by_the_worker(engine: Engine) -> None:
    first, second = taken(engine), taken(engine)
    mixed = replace(first, headers=second.headers)
    with pytest.raises(PolicyDenied, match="is for instance"):
        gate(engine).admit(mixed)


def test_r1_the_worker_trusts_its_own_keys_and_revocations(engine: Engine) -> None:
    work = taken(engine)
    with pytest.raises(PolicyDenied, match="unknown key"):
        Gate(KeyRing([]), worker, clock=lambda: engine.now).admit(work)
    revoked = Revocations(iss=ISSUER, epoch=1, iat=0, exp=9_000_000_000, jtis={"g": 0})
    with pytest.raises(PolicyDenied, match="revoked"):
        gate(engine, revocations=[revoked]).admit(work)


def test_t14_a_policy_without_where_it_stands_is_not_taken(engine: Engine) -> None:
    work = taken(engine)
    bare = {name: value for name, value in work.headers.items() if name != "gov.step"}
    with pytest.raises(PolicyDenied, match="not to be trusted"):
        gate(engine).admit(replace(work, headers=bare))


def test_t17_clocks_may_differ_a_little(engine: Engine) -> None:
    work = taken(engine, nbf=engine.now // 1000)
    slow = Gate(RING, worker, clock=lambda: engine.now - 20_000)
    assert slow.admit(work) is not None
    with pytest.raises(PolicyDenied, match="validity"):
        Gate(RING, worker, clock=lambda: engine.now - 90_000).admit(work)


def test_trust_is_asked_about_with_the_channel_that_the_broker_saw(engine: Engine) -> None:
    slope = SlopeRules(floors={"job.complete": 800}, levels={"jwt": 900, "svid": 700})
    work = taken(engine, slope=slope)
    with pytest.raises(PolicyDenied, match=r"slope\.floor"):
        admitted(gate(engine), work).completing({})


def test_errors_and_failures_come_with_a_receipt_as_well(engine: Engine) -> None:
    allowed = Clause(id="X", do=("job.error",), on={"errorCode": {"eq": "BROKEN"}})
    work = taken(engine, WORK, allowed)
    permit = admitted(gate(engine), work)
    with pytest.raises(PolicyDenied):
        permit.throwing("OTHER", {})
    with engine.acting_as(WORKER):
        engine.throw_error(work.key, "BROKEN", "", permit.throwing("BROKEN", {}))
    assert told(engine, WorkerAdmitted)[-1].action == "job.error"


def test_a_gate_answers_for_every_element_of_its_process() -> None:
    with Engine(governor=GOVERNOR, actor=ALICE) as engine:
        model = Model("two").start("s").service("a", "work").service("b", "work").end("e")
        engine.deploy(("two.bpmn", model.path("s", "a", "b", "e").xml()))
        engine.create("two", {POLICY: policy(grant(WORK)), "x": 1})
        with engine.acting_as(WORKER):
            for element in ("a", "b"):
                (job,) = engine.activate("work")
                assert job.job.element == element
                permit = admitted(gate(engine), work_of(job))
                engine.complete(job.job.key, permit.completing({element: True}))
        assert completed(engine)[-1] == "two"
