"""Policies on instances: what is admitted, what is denied, and what the log tells of it (R5-R22)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from remit import Engine, Refused
from remit.authority import KeyRing, Signer, verify_chain
from remit.authority.derive import mint_grant
from remit.authority.policy import Clause, Duty, Grant, Holder, SlopeRules, Subject
from remit.base.errors import RejectionType
from remit.engine.governance import POLICY, Governor
from remit.protocol.events.governance import Admission, PolicyAttached, StepAdmitted, StepRejected
from remit.protocol.values import Actor
from tests.support.model import Model, one_task
from tests.support.story import completed, elements, leftovers, replayed, story

ISSUER = "https://policy.acme.example"
acme, broker, stranger = (Signer(name, name[:1].encode() * 32) for name in ("acme", "broker", "x"))
RING = KeyRing([acme.public("authority", iss=ISSUER), broker.public("holder")])

ALICE = Actor("alice", "jwt")
WORKER = Actor("spiffe://acme.example/payments", "svid")
PARTNER = Actor("spiffe://partner.example/w", "svid")


def grant(*allow: Clause, **more: Any) -> Grant:
    course = ("instance.create", "element.enter", "flow.take", "gateway.decide", "job.create")
    every = Clause(id="E", do=course)
    data = Clause(id="V", do=("var.read", "var.write"))
    fields = {
        "v": 1, "typ": "grant", "jti": "g", "iss": ISSUER, "rev": 1, "iat": 0, "nbf": 0,
        "exp": 9_000_000_000, "sub": Subject(tenant="<default>", process=("one", "p", "child")),
        "cnf": Holder(kids=("broker",)), "allow": (every, data, *allow), "del_max_depth": 2,
    }  # fmt: skip
    return Grant(**{**fields, **more})


WORK = Clause(id="W", do=("job.activate", "job.complete", "job.fail"))


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(governor=Governor(RING, broker), actor=ALICE) as made:
        made.deploy(("one.bpmn", one_task().xml()))
        yield made


def create(engine: Engine, given: Grant, process: str = "one", **variables: Any) -> int:
    return engine.create(process, {POLICY: [mint_grant(given, acme)], **variables}).key


def told(engine: Engine, kind: type) -> list[Any]:
    return [event for event in engine.events() if isinstance(event, kind)]


def denied(engine: Engine, call: Any) -> StepRejected:
    """The rejection that a command leaves in the log, and nothing else."""
    before = len(list(engine.events()))
    with pytest.raises(Refused) as fault:
        call()
    assert fault.value.reply.type is RejectionType.FORBIDDEN
    (event,) = list(engine.events())[before:]
    assert isinstance(event, StepRejected)
    return event


def test_r10_without_a_policy_nothing_is_asked(engine: Engine) -> None:
    engine.create("one")
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    assert story(engine, "GOVERNANCE") == []
    assert job.policy == ()


def test_r12_an_admission_stands_in_the_log_before_its_effect(engine: Engine) -> None:
    create(engine, grant(WORK))
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    lines = story(engine)
    for effect in ("ELEMENT_ACTIVATING a", "JOB COMPLETED"):
        assert lines[lines.index(effect) - 1] == "GOVERNANCE ADMITTED"
    actions = [event.action for event in told(engine, Admission)]
    assert actions == [
        "instance.create", "element.enter", "flow.take", "element.enter", "job.create",
        "job.activate", "job.complete", "flow.take", "element.enter",
    ]  # fmt: skip
    assert leftovers(engine) == []


def test_r12_what_a_worker_reads_and_brings_is_admitted_with_its_own_step(engine: Engine) -> None:
    create(engine, grant(WORK), x=1)
    (job,) = engine.activate("work")
    engine.complete(job.job.key, {"y": 2})

    steps = {step.action: step for step in told(engine, StepAdmitted)}
    assert list(steps) == ["job.activate", "job.complete"]
    (read,), (written,) = steps["job.activate"].also, steps["job.complete"].also
    assert (read.action, written.action) == ("var.read", "var.write")
    assert [step.wrote for step in steps.values()] == [False, True]


def test_r7_an_answer_with_a_variable_that_is_denied_is_not_admitted_at_all(engine: Engine) -> None:
    deny = Clause(id="D", do=("var.write",), on={"varNames": {"any": ["y"]}})
    create(engine, grant(WORK, deny=(deny,)))
    (job,) = engine.activate("work")
    event = denied(engine, lambda: engine.complete(job.job.key, {"y": 2}))

    assert (event.action, event.clauses[-1]) == ("var.write", "D")
    engine.complete(job.job.key, {"z": 2})


def test_the_policy_is_no_variable_and_is_bound_to_its_instance(engine: Engine) -> None:
    key = create(engine, grant(WORK), x=1)

    (attached,) = told(engine, PolicyAttached)
    assert attached.instance == key
    carried = engine.show_policy(key).tokens
    assert carried[0] == attached.tokens[0]
    assert carried[1].startswith(f"{attached.tokens[1]}.")
    assert verify_chain(carried, RING).hash == attached.policy
    (job,) = engine.activate("work")
    assert job.variables == {"x": 1, POLICY: list(carried)}
    assert job.policy == carried
    assert list(engine.state.variables.of(key)) == [(key, "x")]


def test_t8_a_name_that_nobody_could_read_in_a_policy_begins_nothing(engine: Engine) -> None:
    with engine.acting_as(Actor("a" * 1025, "jwt")), pytest.raises(Refused, match="1024"):
        create(engine, grant(WORK), x=1)
    assert told(engine, PolicyAttached) == []


def test_r7_what_no_clause_allows_is_denied_without_effect(engine: Engine) -> None:
    create(engine, grant(Clause(id="W", do=("job.activate",))))
    (job,) = engine.activate("work")
    event = denied(engine, lambda: engine.complete(job.job.key))

    assert (event.action, event.reason) == ("job.complete", "$default")
    assert "a" not in completed(engine)


def test_t27_the_same_denial_again_and_again_fills_no_log(engine: Engine) -> None:
    create(engine, grant(Clause(id="W", do=("job.activate",))))
    (job,) = engine.activate("work")
    for _ in range(30):
        with pytest.raises(Refused):
            engine.complete(job.job.key)
    assert len(told(engine, StepRejected)) == 10
    with engine.acting_as(WORKER):  # somebody else is told of
        assert denied(engine, lambda: engine.complete(job.job.key)).actor == WORKER.id


def test_r8_a_denial_names_the_clause_and_what_it_has_read(engine: Engine) -> None:
    deny = Clause(id="D1", do=("job.complete",), on={"var.amount": {"min": 1000}})
    create(engine, grant(WORK, deny=(deny,)), amount=5000)
    (job,) = engine.activate("work")
    event = denied(engine, lambda: engine.complete(job.job.key))

    assert event.clauses[-1] == "D1"
    assert event.facts["var.amount"] == 5000


def test_a_refusal_says_what_its_clause_says_and_nothing_of_the_facts(engine: Engine) -> None:
    limit = Clause(
        id="D1", do=("job.complete",), on={"var.amount": {"min": 1000}}, why="Ask the treasurer."
    )
    eyes = Duty(id="U1", do=("job.complete",), need=("actor!=initiator",))
    create(engine, grant(WORK, deny=(limit,)), amount=61_843)
    create(engine, grant(WORK, deny=(limit,)))
    create(engine, grant(WORK, duty=(eyes,)))
    said = []
    for job in engine.activate("work", limit=3):
        with pytest.raises(Refused) as fault:
            engine.complete(job.job.key)
        said.append(str(fault.value).partition("denied ")[2])

    secret, missing, duty = said
    assert secret == missing
    assert secret == (
        "by clause 'D1' (deny: Ask the treasurer.; it asks about var.amount, and denies as well "
        "where that is not there)"
    )
    assert duty == "by clause 'U1' (duty; it needs actor!=initiator)"


def test_a_refusal_of_variables_names_them(engine: Engine) -> None:
    no = Clause(id="NO", do=("var.write",), on={"varNames": {"any": ["y", "a0"]}})
    create(engine, grant(WORK, deny=(no,)))
    (job,) = engine.activate("work")
    with pytest.raises(Refused, match=r"'var\.write' of 'x', 'y' at element 'a'"):
        engine.complete(job.job.key, {"x": 1, "y": 2})
    with pytest.raises(Refused, match="of 'a0', 'a1', 'a2', 'a3', 'a4' and 2 more at element"):
        engine.complete(job.job.key, {f"a{number}": 1 for number in range(7)})


def test_the_worker_that_may_not_have_a_job_gets_none_and_is_told_of_once(engine: Engine) -> None:
    only = Clause(id="W", do=("job.activate",), on={"actor": {"eq": WORKER.id}})
    create(engine, grant(only))
    engine.create("one")
    for _ in range(3):
        found = engine.activate("work", limit=5)
        assert all(not job.policy for job in found)
    assert len(told(engine, StepRejected)) == 1
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
    assert job.policy


def test_an_element_that_may_not_be_entered_waits_at_an_incident(engine: Engine) -> None:
    enter = Clause(id="E", do=("element.enter",), on={"elementId": {"in": ["s", "a"]}})
    run = Clause(id="F", do=("instance.create", "flow.take", "job.create"))
    create(engine, grant(WORK, allow=(enter, run, WORK)))
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    (incident,) = engine.state.incidents.rows.values()
    assert "element.enter" in incident.error_message
    assert "ELEMENT_ACTIVATING e" not in elements(engine)
    assert told(engine, StepRejected)[-1].facts["elementId"] == "e"
    with pytest.raises(Refused):  # resolving needs a clause as well
        engine.resolve_incident(incident.key)


def test_r22_trust_sinks_with_the_channel_of_whoever_acts(engine: Engine) -> None:
    slope = SlopeRules(floor=300, levels={"jwt": 800, "svid": 700, "none": 100},
                       caps={"spiffe://partner.example/": 200})  # fmt: skip
    create(engine, grant(WORK, slope=slope))
    with engine.acting_as(PARTNER):
        assert not engine.activate("work")
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
        engine.complete(job.job.key, {"x": 1})

    assert told(engine, StepRejected)[0].reason == "$slope.floor"
    admitted = told(engine, StepAdmitted)
    assert [event.low for event in admitted][-1] == 700
    assert [event.low for event in admitted] == sorted((e.low for e in admitted), reverse=True)


def test_t10_a_duty_keeps_the_initiator_from_the_work(engine: Engine) -> None:
    duty = Duty(id="U1", do=("job.complete",), need=("actor!=initiator",))
    create(engine, grant(WORK, duty=(duty,)))
    (job,) = engine.activate("work")
    event = denied(engine, lambda: engine.complete(job.job.key))
    assert event.reason == "duty"
    with engine.acting_as(WORKER):
        engine.complete(job.job.key)


def test_admin_operations_need_a_clause(engine: Engine) -> None:
    key = create(engine, grant(WORK, deny=(Clause(id="D", do=("var.write",)),)))
    assert denied(engine, lambda: engine.cancel(key)).action == "instance.cancel"
    assert denied(engine, lambda: engine.suspend(key)).action == "instance.suspend"
    assert denied(engine, lambda: engine.modify(key, activate=["a"])).action == "instance.modify"
    assert denied(engine, lambda: engine.set_variables(key, {"x": 1})).action == "var.write"


def test_t1_the_reserved_variable_can_not_be_written(engine: Engine) -> None:
    key = create(engine, grant(WORK))
    with pytest.raises(Refused, match="reserved"):
        engine.set_variables(key, {POLICY: None})
    (job,) = engine.activate("work")
    with pytest.raises(Refused, match="reserved"):
        engine.complete(job.job.key, {POLICY: ["x"]})


def test_t2_an_unchanged_echo_is_taken_silently(engine: Engine) -> None:
    create(engine, grant(WORK))
    (job,) = engine.activate("work")
    engine.complete(job.job.key, {POLICY: list(job.policy), "x": 1})

    assert "VARIABLE CREATED x=1" in story(engine)
    assert not any(POLICY in line for line in story(engine))


@pytest.mark.parametrize(
    "given",
    [
        "no list", [], ["nonsense"], [mint_grant(grant(), stranger)],
        [mint_grant(grant(cnf=Holder(kids=("other",))), acme)],
        [mint_grant(grant(sub=Subject(tenant="<default>", process=("other",))), acme)],
        [mint_grant(grant(sub=Subject(tenant="bank", process=("one",))), acme)],
        [mint_grant(grant(), acme)[:-4] + "AAAA"],
    ],
)  # fmt: skip
def test_t3_t8_a_policy_that_is_not_for_this_is_refused(engine: Engine, given: Any) -> None:
    before = list(engine.events())
    with pytest.raises(Refused) as fault:
        engine.create("one", {POLICY: given})
    assert fault.value.reply.type is RejectionType.INVALID_ARGUMENT
    assert list(engine.events()) == before


def test_r15_a_called_process_carries_what_its_caller_leaves(engine: Engine) -> None:
    call = Clause(id="C", do=("call.activity",), on={"calledProcess": {"eq": "child"}})
    parent = Model("p").start("s").call("c", "child").end("e").path("s", "c", "e")
    child = Model("child").start("s").service("w", "inner").end("e").path("s", "w", "e")
    engine.deploy(("p.bpmn", parent.xml()), ("c.bpmn", child.xml()))
    key = create(engine, grant(call, WORK), "p")

    attached = told(engine, PolicyAttached)
    assert [event.parent for event in attached] == [-1, key]
    assert attached[1].tokens[:2] == engine.show_policy(key).tokens
    (job,) = engine.activate("inner")
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_policy_that_may_not_be_passed_on_stops_the_call(engine: Engine) -> None:
    call = Clause(id="C", do=("call.activity",))
    parent = Model("p").start("s").call("c", "child").end("e").path("s", "c", "e")
    engine.deploy(("p.bpmn", parent.xml()), ("c.bpmn", one_task("child").xml()))
    create(engine, grant(call, WORK, del_max_depth=0), "p")

    (incident,) = engine.state.incidents.rows.values()
    assert "may not be passed on" in incident.error_message


def test_replay_applies_what_was_decided_and_asks_nothing(engine: Engine) -> None:
    create(engine, grant(WORK))
    (job,) = engine.activate("work")
    del job
    state = replayed(engine)

    assert state.governed.rows == engine.state.governed.rows
    assert state.beginnings.rows == engine.state.beginnings.rows


def test_a_governed_instance_survives_a_restart(tmp_path: Any) -> None:
    governor = Governor(RING, broker)
    with Engine(tmp_path, governor=governor) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        create(engine, grant(Clause(id="W", do=("job.activate",))))
    with Engine(tmp_path, governor=governor) as engine:
        (job,) = engine.activate("work")
        assert denied(engine, lambda: engine.complete(job.job.key)).reason == "$default"


def test_a_broker_without_keys_takes_no_policy() -> None:
    with Engine() as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        with pytest.raises(Refused, match="trusts no keys"):
            create(engine, grant())


def test_grants_are_a_conjunction(engine: Engine) -> None:
    both = [mint_grant(grant(WORK), acme), mint_grant(grant(jti="h"), acme)]
    engine.create("one", {POLICY: both})
    assert not engine.activate("work")
    assert replace(grant(), jti="h").jti == "h"
