"""Messages between instances, and policies that a broker gives to all (R3, R16, T3, T21-T23)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from remit import Engine, Refused
from remit.authority import verify_chain
from remit.authority.chain import verify_block
from remit.authority.derive import mint_grant, succeed
from remit.authority.policy import Clause, SlopeRules, Subject
from remit.authority.revocation import Revocations, mint_revocations
from remit.engine.governance import POLICY
from remit.protocol import commands as c
from remit.protocol.events.governance import PolicyAttached, StepAdmitted, StepRejected
from remit.protocol.replies import MessageCorrelated
from remit.protocol.values import Actor
from tests.support.governed import (
    ALICE,
    GOVERNOR,
    ISSUER,
    PARTNER,
    RING,
    WORK,
    WORKER,
    acme,
    audited,
    grant,
    policy,
)
from tests.support.model import Model, one_task
from tests.support.story import completed, leftovers

TAKES = Clause(id="M", do=("message.correlate",))
TRUST = SlopeRules(
    floor=500, levels={"jwt": 800, "svid": 700}, caps={"spiffe://partner.example/": 300}
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with audited(tmp_path) as made:
        yield made


def told(engine: Engine, kind: type, action: str = "") -> list[Any]:
    return [
        event
        for event in engine.events()
        if isinstance(event, kind) and action in ("", getattr(event, "action", ""))
    ]


def receiver(engine: Engine, *allow: Clause, **more: Any) -> int:
    """An instance that waits for the message `go` with key 1."""
    model = Model("r").start("s").end("e")
    model.catch("c", model.message("go", "=1"))
    engine.deploy(("r.bpmn", model.path("s", "c", "e").xml()))
    return engine.create("r", {POLICY: policy(grant(*allow, **more))}).key


def test_r16_the_receiver_asks_its_policy_with_what_is_known_of_the_sender(engine: Engine) -> None:
    only = Clause(id="M", do=("message.correlate",),
                  on={"messageName": {"eq": "go"}, "actor": {"eq": WORKER.id}})  # fmt: skip
    receiver(engine, only)
    engine.publish("go", "1", {"x": 1})
    assert "c" not in completed(engine)
    (event,) = told(engine, StepRejected)
    assert (event.action, event.element) == ("message.correlate", "c")
    with engine.acting_as(WORKER):
        engine.publish("go", "1", {"x": 1})
    assert "c" in completed(engine)
    assert leftovers(engine) == []


def test_t21_a_message_of_low_trust_is_not_consumed(engine: Engine) -> None:
    receiver(engine, TAKES, slope=TRUST)
    with engine.acting_as(PARTNER):
        engine.publish("go", "1", time_to_live_ms=60_000)
    (event,) = told(engine, StepRejected)
    assert event.reason == "$slope.floor"
    assert "c" not in completed(engine)
    # it is still there for somebody else who may have it
    receiver(engine, TAKES)
    assert "c" in completed(engine)


def test_t21_trust_of_what_came_by_message_is_no_higher_than_its_sender(engine: Engine) -> None:
    receiver(engine, TAKES, WORK, slope=replace(TRUST, floor=0))
    with engine.acting_as(WORKER):
        engine.publish("go", "1", {"x": 1})
    assert told(engine, StepAdmitted, "message.correlate")[0].low == 700


def test_a_message_that_is_denied_goes_to_the_next_that_waits(engine: Engine) -> None:
    receiver(engine)
    second = receiver(engine, TAKES)
    engine.publish("go", "1", time_to_live_ms=1000)
    assert [e.instance for e in told(engine, StepAdmitted, "message.correlate")] == [second]


def test_correlating_by_name_says_that_it_is_denied(engine: Engine) -> None:
    receiver(engine)
    with pytest.raises(Refused, match=r"message\.correlate"):
        engine.execute(c.CorrelateMessage("go", "1"), MessageCorrelated)
    assert len(told(engine, StepRejected)) == 1


FROM_WORKER = Clause(id="M", do=("message.correlate",), on={"actor": {"eq": WORKER.id}})
HOUR = 3_600_000


def publish(engine: Engine, who: Actor, **variables: Any) -> None:
    with engine.acting_as(who):
        engine.publish("go", "1", variables, time_to_live_ms=HOUR)


def test_t27_a_message_that_is_denied_keeps_no_other_from_who_waits(engine: Engine) -> None:
    """Whoever is not trusted can publish for any key: nobody waits in vain for that."""
    for _ in range(3):
        publish(engine, PARTNER)
    publish(engine, WORKER, x=1)
    receiver(engine, FROM_WORKER)

    assert "c" in completed(engine)
    assert [e.actor for e in told(engine, StepAdmitted, "message.correlate")] == [ALICE.id]
    assert len(told(engine, StepRejected)) == 3
    assert len(engine.state.messages.rows) == 4  # what was taken once is kept for other processes


def test_who_waits_for_several_messages_gets_all_that_are_admitted(engine: Engine) -> None:
    model = Model("r").start("s").service("t", "work").end("e")
    model.boundary("b", "t", model.message("go", "=1"), interrupting=False).end("e2")
    engine.deploy(("r.bpmn", model.path("s", "t", "e").path("b", "e2").xml()))
    for who in (WORKER, PARTNER, WORKER):
        publish(engine, who)
    engine.create("r", {POLICY: policy(grant(FROM_WORKER, WORK))})
    publish(engine, PARTNER)
    publish(engine, WORKER)
    assert completed(engine).count("b") == 3


def test_a_denied_message_makes_no_incident_and_is_gone_when_its_time_is_over(
    engine: Engine,
) -> None:
    key = receiver(engine, FROM_WORKER)
    publish(engine, PARTNER, x=1)
    assert engine.state.incidents.rows == {}
    assert [each.element for each in engine.state.of_instance(key)] == ["r", "c"]
    engine.advance(seconds=HOUR / 1000 + 1)
    engine.run_due()
    assert engine.state.messages.rows == {}
    publish(engine, WORKER)
    assert "c" in completed(engine)


def test_r5_a_renewed_policy_is_asked_about_the_messages_that_it_denied(engine: Engine) -> None:
    first = grant(FROM_WORKER)
    (old,) = policy(first)
    model = Model("r").start("s").end("e")
    model.catch("c", model.message("go", "=1"))
    engine.deploy(("r.bpmn", model.path("s", "c", "e").xml()))
    key = engine.create("r", {POLICY: [old]}).key
    publish(engine, PARTNER)
    assert "c" not in completed(engine)

    wider = replace(first, rev=2, allow=grant(TAKES).allow)
    engine.renew_policy(key, mint_grant(succeed(verify_block(old, RING), wider), acme))
    assert "c" in completed(engine)
    assert engine.state.message_subscriptions.rows == {}


def test_one_that_may_not_begin_an_instance_lets_the_next_begin_it() -> None:
    """Messages with one key begin one instance after the other: a denied one is passed over."""
    model = Model("m")
    model.start("s", model.message("go")).service("t", "work").end("e").path("s", "t", "e")
    only = Clause(id="D", do=("instance.create",), on={"varNames": {"any": ["bad"]}})
    with Engine(governor=standing(grant(WORK, deny=(only,))), actor=ALICE) as engine:
        engine.deploy(("m.bpmn", model.xml()))
        publish(engine, ALICE, number=1)
        publish(engine, ALICE, bad=True)
        publish(engine, ALICE, number=2)
        (job,) = engine.activate("work")
        engine.complete(job.job.key)
        (job,) = engine.activate("work")
        assert job.variables["number"] == 2


# --- from instance to instance ---------------------------------------------------------------------

POOLS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test">
<message id="m" name="order"/>
<collaboration id="c"><participant id="a" processRef="sender"/>
<participant id="b" processRef="taker"/>
<messageFlow id="f" sourceRef="t" targetRef="ts"/></collaboration>
<process id="sender" isExecutable="true"><startEvent id="s"/>
<sequenceFlow id="s1" sourceRef="s" targetRef="t"/>
<intermediateThrowEvent id="t"><messageEventDefinition messageRef="m"/></intermediateThrowEvent>
<sequenceFlow id="s2" sourceRef="t" targetRef="e"/><endEvent id="e"/></process>
<process id="taker" isExecutable="true">
<startEvent id="ts"><messageEventDefinition messageRef="m"/></startEvent>
<sequenceFlow id="t1" sourceRef="ts" targetRef="te"/><endEvent id="te"/></process>
</definitions>"""

SENDS = Clause(id="P", do=("message.publish",))
STARTS = Clause(id="MS", do=("message.start",), on={"senderInitiator": {"eq": "alice"}})


def test_r16_a_process_that_a_message_starts_carries_its_senders_policy(engine: Engine) -> None:
    engine.deploy(("pools.bpmn", POOLS))
    engine.create("sender", {POLICY: policy(grant(SENDS, STARTS))})

    attached = told(engine, PolicyAttached)
    assert len(attached) == 2
    grants, binding = attached[0].tokens
    assert attached[1].tokens[0] == grants
    assert attached[1].tokens[1].startswith(f"{binding}.")
    assert verify_chain(attached[1].tokens, RING).hash == attached[1].policy
    assert "te" in completed(engine)


def test_t22_what_the_senders_policy_does_not_let_begin_does_not_begin(engine: Engine) -> None:
    engine.deploy(("pools.bpmn", POOLS))
    engine.create("sender", {POLICY: policy(grant(SENDS))})
    assert told(engine, StepRejected)[-1].action == "message.start"
    assert "te" not in completed(engine)

    engine.create("sender", {POLICY: policy(grant(SENDS, STARTS, del_max_depth=0))})
    assert "te" not in completed(engine)


def test_what_may_not_be_published_is_not(engine: Engine) -> None:
    engine.deploy(("pools.bpmn", POOLS))
    engine.create("sender", {POLICY: policy(grant())})
    assert told(engine, StepRejected)[-1].action == "message.publish"
    (incident,) = engine.state.incidents.rows.values()
    assert incident.element == "t"


def test_t23_a_sender_that_was_revoked_meanwhile_starts_nothing(engine: Engine) -> None:
    engine.deploy(("pools.bpmn", POOLS.replace(b'<startEvent id="ts">', b'<startEvent id="ts" '
                   b'name="x">')))  # fmt: skip
    lists = Revocations(iss=ISSUER, epoch=1, iat=0, exp=9_000_000_000, jtis={"late": 0})
    engine.revoke(mint_revocations(lists, acme))
    engine.create("sender", {POLICY: policy(grant(SENDS, STARTS))})
    assert len(told(engine, PolicyAttached)) == 2
    with pytest.raises(Refused, match="revoked"):
        engine.create("sender", {POLICY: policy(grant(SENDS, STARTS, jti="late"))})
    assert len(told(engine, PolicyAttached)) == 2


def test_t1_a_message_can_not_bring_the_reserved_variable(engine: Engine) -> None:
    for call in (
        lambda: engine.publish("go", "1", {POLICY: []}),
        lambda: engine.broadcast("go", {POLICY: []}),
        lambda: engine.execute(c.CorrelateMessage("go", "1", {POLICY: []}), MessageCorrelated),
    ):
        with pytest.raises(Refused, match="reserved"):
            call()


# --- standing policies -----------------------------------------------------------------------------


def standing(*grants: Any, requires: bool = False) -> Any:
    return replace_governor(policy(*grants), requires)


def replace_governor(tokens: list[str], requires: bool) -> Any:
    return type(GOVERNOR)(RING, GOVERNOR.signer, tuple(tokens), requires)


def test_r3_what_the_broker_gives_to_all_counts_beside_what_an_instance_brings() -> None:
    everywhere = grant(WORK, jti="all", deny=(Clause(id="DX", do=("job.fail",)),))
    only = grant(WORK, jti="only", sub=Subject(tenant="<default>", process=("other",)))
    with Engine(governor=standing(everywhere, only), actor=ALICE) as engine:
        engine.deploy(("one.bpmn", one_task().xml()), ("other.bpmn", one_task("other").xml()))
        engine.create("one")
        engine.create("one", {POLICY: policy(grant(WORK, jti="mine"))})
        engine.create("other")
        lengths = [len(event.tokens) for event in told(engine, PolicyAttached)]
        assert lengths == [2, 3, 3]
        (job,) = engine.activate("work")
        with pytest.raises(Refused, match="DX"):
            engine.fail(job.job.key, retries=1)


def test_t3_where_a_policy_is_required_nothing_begins_without_one() -> None:
    with Engine(governor=standing(requires=True), actor=ALICE) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        with pytest.raises(Refused, match="requires one"):
            engine.create("one")
        engine.create("one", {POLICY: policy(grant(WORK))})


def test_what_events_start_begins_under_the_standing_policies() -> None:
    late = Model("t")
    late.start("s", late.timer("duration", "PT5S")).end("e").path("s", "e")
    none = Clause(id="N", do=("instance.create",), on={"startElement": {"eq": "s"}})
    with Engine(governor=standing(grant(deny=(none,))), actor=ALICE) as engine:
        engine.deploy(("t.bpmn", late.xml()))
        engine.advance(seconds=6)
        assert completed(engine) == []
        assert told(engine, StepRejected)[-1].action == "instance.create"
