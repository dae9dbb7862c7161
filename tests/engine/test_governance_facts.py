"""Facts that come with steps which are rarer than work: whom a task is given to, what is called, sent,
decided, changed by operators. A clause about one decides by it, and the log says so (R2, R6, R26)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remit import Engine, Refused
from remit.audit.records import read_turn
from remit.audit.story import Story
from remit.authority.policy import Audit, Clause, Duty
from remit.authority.rules import former_facts
from remit.engine.governance import POLICY
from remit.protocol import commands as c
from remit.protocol.events import EVENTS
from remit.protocol.events.governance import OwnStepAdmitted, StepAdmitted, StepRejected
from remit.protocol.events.user_task import UserTaskAssigning, UserTaskClaiming
from remit.protocol.replies import Done
from remit.protocol.values import Actor, MoveInstruction, TerminateInstruction
from tests.support.governed import ALICE, GOVERNOR, RING, WORK, audited, grant, policy
from tests.support.model import DISH, Model, one_task

BOB = Actor("bob", "jwt")
EVERYTHING = Clause(id="ALL", do=("*",))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with audited(tmp_path) as made:
        yield made


def asked(engine: Engine, action: str) -> list[Any]:
    """Every decision about this action, in order."""
    kinds = (StepAdmitted, OwnStepAdmitted, StepRejected)
    return [e for e in engine.events() if isinstance(e, kinds) and e.action == action]


def last(engine: Engine, action: str) -> Any:
    return asked(engine, action)[-1]


def begun(engine: Engine, model: Model, *deny: Clause, **given: Any) -> int:
    engine.deploy(("p.bpmn", model.xml()))
    return engine.create("p", {POLICY: policy(grant(EVERYTHING, deny=deny)), **given}).key


def denies(action: str, **on: Any) -> Clause:
    return Clause(id="D", do=(action,), on={name: {"eq": value} for name, value in on.items()})


# --- who has a task --------------------------------------------------------------------------------

CLAIMS = Clause(id="C", do=("usertask.claim", "usertask.complete"))


def review(engine: Engine, *allow: Clause, **more: Any) -> int:
    model = Model("p").start("s").native_user("prepare").native_user("approve").end("e")
    engine.deploy(("p.bpmn", model.path("s", "prepare", "approve", "e").xml()))
    engine.create("p", {POLICY: policy(grant(*allow, **more))})
    return task(engine)


def task(engine: Engine) -> int:
    (key,) = engine.state.user_tasks.rows
    return key


def test_r6_who_takes_a_task_for_himself_is_asked_about_as_a_claim(engine: Engine) -> None:
    key = review(engine, CLAIMS)
    with engine.acting_as(BOB):
        engine.assign_user_task(key, "bob", allow_override=False)
    event = last(engine, "usertask.claim")
    assert (event.actor, event.element) == ("bob", "prepare")
    assert engine.state.user_tasks[key].assignee == "bob"


def test_r6_who_gives_a_task_to_another_claims_nothing(engine: Engine) -> None:
    key = review(engine, CLAIMS)
    with engine.acting_as(BOB), pytest.raises(Refused, match=r"usertask\.assign"):
        engine.assign_user_task(key, "carol", allow_override=False)
    with engine.acting_as(BOB), pytest.raises(Refused, match=r"usertask\.assign"):
        engine.assign_user_task(key, "bob")  # this might take it from somebody
    assert asked(engine, "usertask.claim") == []


def test_r6_giving_a_task_to_another_without_taking_it_from_anybody_is_an_assignment(
    engine: Engine,
) -> None:
    key = review(engine, Clause(id="A", do=("usertask.assign",), on={"assignee": {"eq": "carol"}}))
    engine.assign_user_task(key, "carol", allow_override=False)
    assert last(engine, "usertask.assign").facts["assignee"] == "carol"


def test_where_it_is_said_of_claiming_the_second_eyes_are_another_persons(engine: Engine) -> None:
    eyes = Duty(id="U", do=("usertask.claim",), need=("four-eyes",))
    review(engine, CLAIMS, duty=(eyes,))
    with engine.acting_as(BOB):
        engine.assign_user_task(task(engine), "bob", allow_override=False)
    engine.complete_user_task(task(engine))
    with pytest.raises(Refused, match=r"usertask\.claim"):
        engine.assign_user_task(task(engine), "alice", allow_override=False)
    with engine.acting_as(BOB):  # what he has only claimed does not count
        engine.assign_user_task(task(engine), "bob", allow_override=False)


def test_what_is_said_of_giving_tasks_is_said_of_taking_them(engine: Engine) -> None:
    given = Clause(id="A", do=("usertask.assign",))
    key = review(engine, given, deny=(denies("usertask.assign", assignee="bob"),))
    with engine.acting_as(BOB), pytest.raises(Refused, match="'D'"):
        engine.assign_user_task(key, "bob", allow_override=False)
    engine.assign_user_task(key, "alice", allow_override=False)
    assert last(engine, "usertask.claim").clauses[0] == "A"


def test_an_update_says_whose_the_task_is_and_who_may_take_it(engine: Engine) -> None:
    key = review(engine, EVERYTHING, deny=(
        Clause(id="D", do=("usertask.assign",), on={"candidateGroups": {"any": ["public"]}}),
    ))  # fmt: skip
    engine.update_user_task(key, {"priority": 7})
    with pytest.raises(Refused, match="'D'"):
        engine.update_user_task(key, {"candidateGroups": ["public"]})


# --- what operators change -------------------------------------------------------------------------


def test_r6_a_jobs_retries_are_asked_about_as_they_are_to_be(engine: Engine) -> None:
    begun(engine, one_task("p"), Clause(id="D", do=("job.retries",), on={"retries": {"min": 10}}))
    (job,) = engine.activate("work")
    key = job.job.key
    engine.execute(c.UpdateJobRetries(key, 9), Done)
    assert last(engine, "job.retries").facts == {"retries": 9}
    with pytest.raises(Refused, match="'D'"):
        engine.execute(c.UpdateJobRetries(key, 10), Done)
    engine.execute(c.UpdateJobTimeout(key, 1000), Done)
    assert last(engine, "job.retries").facts == {"retries": 9}


def test_the_retries_of_one_job_can_be_left_to_operators(engine: Engine) -> None:
    begun(engine, one_task("p"), Clause(id="D", do=("job.retries",), on={"jobKey": {"nin": ["1"]}}))
    (job,) = engine.activate("work")
    with pytest.raises(Refused, match="'D'"):
        engine.execute(c.UpdateJobRetries(job.job.key, 2), Done)
    assert last(engine, "job.retries").facts["jobKey"] == str(job.job.key)


def two_ways() -> Model:
    model = Model("p").start("s").service("a", "work").service("b", "work").end("e")
    return model.path("s", "a", "b", "e")


def test_r6_each_element_that_gets_a_token_is_asked_about(engine: Engine) -> None:
    key = begun(engine, two_ways(), denies("instance.modify", target="b"))
    engine.modify(key, activate=["a", "a"])
    assert [event.facts for event in asked(engine, "instance.modify")] == [{"target": "a"}]
    with pytest.raises(Refused, match="'D'"):
        engine.modify(key, activate=["a", "b"])
    with pytest.raises(Refused, match="'D'"):
        engine.modify(key, move=[MoveInstruction("b", "a")])
    assert [each.element for each in engine.state.of_instance(key)].count("a") == 3


def test_ending_elements_is_asked_about_without_a_target(engine: Engine) -> None:
    only_b = Clause(id="B", do=("instance.modify",), on={"target": {"eq": "b"}})
    engine.deploy(("p.bpmn", two_ways().xml()))
    key = engine.create("p", {POLICY: policy(grant(WORK, only_b))}).key
    with pytest.raises(Refused, match=r"instance\.modify"):
        engine.modify(key, activate=["b"], terminate=[TerminateInstruction(element="a")])
    engine.modify(key, move=[MoveInstruction("b", "a")])
    assert [each.element for each in engine.state.of_instance(key)] == ["p", "b"]


def test_ending_what_else_runs_in_an_ad_hoc_sub_process_is_asked_about(engine: Engine) -> None:
    model = Model("p").start("s")
    with model.ad_hoc("ah", '=["a"]') as inner:
        inner.service("a", "work").service("b", "work")
    engine.deploy(("p.bpmn", model.end("e").path("s", "ah", "e").xml()))
    only_b = Clause(id="B", do=("instance.modify",), on={"target": {"eq": "b"}})
    instance = engine.create("p", {POLICY: policy(grant(WORK, only_b))}).key
    (key,) = [e.key for e in engine.state.of_instance(instance) if e.element == "ah"]
    with pytest.raises(Refused, match=r"instance\.modify"):
        engine.activate_ad_hoc(key, "b", cancel_remaining=True)
    engine.activate_ad_hoc(key, "b")


# --- what the engine does by itself ----------------------------------------------------------------


def calling(engine: Engine, *, propagate: bool = True) -> Model:
    engine.deploy(("child.bpmn", one_task("child").xml()))
    model = (
        Model("p")
        .start("s")
        .call("c", "child", propagateAllParentVariables=str(propagate).lower())
        .end("e")
    )
    return model.path("s", "c", "e")


def test_r6_what_goes_along_with_a_call_can_be_asked_about(engine: Engine) -> None:
    begun(engine, calling(engine), denies("call.activity", propagateAll=True))
    assert last(engine, "call.activity").facts["propagateAll"] is True
    assert not engine.activate("work")

    begun(engine, calling(engine, propagate=False), denies("call.activity", propagateAll=True))
    assert last(engine, "call.activity").facts == {"propagateAll": False}
    assert len(engine.activate("work")) == 1


def test_the_tenant_and_the_version_that_are_called_are_told(engine: Engine) -> None:
    on: Any = {"calledTenant": {"eq": "other"}, "calledVersion": {"eq": 7}}
    begun(engine, calling(engine), Clause(id="D", do=("call.activity",), on=on))
    expected = {"calledTenant": "<default>", "calledVersion": 1}
    assert last(engine, "call.activity").facts == expected


def test_r6_the_version_of_a_decision_can_be_asked_about(engine: Engine) -> None:
    engine.deploy(("dish.dmn", DISH))
    model = Model("p").start("s").decide("d", "dish", "food").end("e").path("s", "d", "e")
    begun(engine, model, denies("decision.evaluate", decisionVersion=2), season="Winter")
    assert last(engine, "decision.evaluate").facts == {"decisionVersion": 1}

    engine.deploy(("dish.dmn", DISH.replace(b"Roastbeef", b"Goose")))
    begun(engine, model, denies("decision.evaluate", decisionVersion=2), season="Winter")
    assert isinstance(last(engine, "decision.evaluate"), StepRejected)


POOLS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<message id="m" name="order"><extensionElements><zeebe:subscription correlationKey="=id"/>
</extensionElements></message>
<collaboration id="c"><participant id="a" processRef="sender"/>
<participant id="b" processRef="taker"/>
<messageFlow id="f" sourceRef="t" targetRef="ts"/></collaboration>
<process id="sender" isExecutable="true"><startEvent id="s"/>
<sequenceFlow id="s1" sourceRef="s" targetRef="t"/>
<intermediateThrowEvent id="t"><messageEventDefinition messageRef="m"/></intermediateThrowEvent>
<sequenceFlow id="s2" sourceRef="t" targetRef="e"/><endEvent id="e"/></process>
<process id="taker" isExecutable="true"><startEvent id="s0"/>
<sequenceFlow id="t0" sourceRef="s0" targetRef="ts"/>
<intermediateCatchEvent id="ts"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
<sequenceFlow id="t1" sourceRef="ts" targetRef="te"/><endEvent id="te"/></process>
</definitions>"""


def test_r6_what_is_sent_to_whom_can_be_asked_about(engine: Engine) -> None:
    """The correlation key itself may be personal: a policy names it by its hash."""
    engine.deploy(("pools.bpmn", POOLS))
    of_four = hashlib.sha256(b"4").hexdigest()
    rules = grant(EVERYTHING, deny=(denies("message.publish", correlationKeyHash=of_four),),
                  audit=Audit(ctx=("ttl", "targetTenant")))  # fmt: skip
    engine.create("sender", {POLICY: policy(rules), "id": "3"})
    assert last(engine, "message.publish").facts == {
        "correlationKeyHash": hashlib.sha256(b"3").hexdigest(),
        "targetTenant": "<default>",
        "ttl": 24 * 60 * 60 * 1000,
    }
    engine.create("sender", {POLICY: policy(rules), "id": "4"})
    assert isinstance(last(engine, "message.publish"), StepRejected)


# --- the log ---------------------------------------------------------------------------------------

Turns = list[Any]
LATER = {
    "calledTenant", "propagateAll", "decisionVersion", "correlationKeyHash", "ttl", "targetTenant",
    "target", "jobKey", "retries",
}  # fmt: skip


def log() -> Turns:
    """A log in which all of this was asked about, and nothing denied; as plain lists."""
    seen = Duty(id="U", do=("usertask.*",), need=("actor!=initiator",))
    facts = [*sorted(LATER - {"correlationKeyHash"}), "calledVersion", "calledProcess", "assignee"]
    rules = policy(grant(EVERYTHING, duty=(seen,), audit=Audit(ctx=tuple(facts))))
    with Engine(governor=GOVERNOR, actor=ALICE, clock=lambda: 1_700_000_000_000) as engine:
        engine.deploy(("child.bpmn", one_task("child").xml()), ("dish.dmn", DISH))
        model = (
            Model("p").start("s").decide("d", "dish", "food").native_user("t").call("c", "child")
        )
        engine.deploy(("p.bpmn", model.end("e").path("s", "d", "t", "c", "e").xml()))
        key = engine.create("p", {POLICY: rules, "season": "Winter"}).key
        with engine.acting_as(BOB):
            engine.assign_user_task(task(engine), "bob", allow_override=False)
            engine.complete_user_task(task(engine))
        (job,) = engine.activate("work")
        engine.execute(c.UpdateJobRetries(job.job.key, 5), Done)
        engine.execute(c.UpdateJobTimeout(job.job.key, 5000), Done)
        engine.complete(job.job.key)
        key = engine.create("p", {POLICY: rules, "season": "Winter"}).key
        engine.modify(key, activate=["c"], terminate=[TerminateInstruction(element="t")])
        return [
            msgspec.msgpack.decode(msgspec.msgpack.encode(turn), strict=False)
            for turn in engine.turns()
        ]


def found(turns: Turns) -> set[str]:
    story = Story(RING)
    return {
        each.kind for turn in turns for each in story.tell(read_turn(msgspec.msgpack.encode(turn)))
    }


def decisions(turns: Turns, action: str) -> Iterator[dict[str, Any]]:
    """The decisions about an action as dicts of their fields; changes go into the log at the end."""
    for turn in turns:
        for event in turn[6]:
            kind = EVENTS[event[0]]
            names = kind.__struct_fields__
            if (
                kind in (StepAdmitted, OwnStepAdmitted)
                and event[1 + names.index("action")] == action
            ):
                fields = dict(zip(names, event[1:], strict=False))
                yield fields
                event[1:] = [fields[name] for name in names[: len(event) - 1]]


def test_r26_a_true_log_has_no_findings() -> None:
    assert found(log()) == set()


@pytest.mark.parametrize(
    ("action", "fact", "value"),
    [
        ("job.retries", "retries", 4),
        ("job.retries", "jobKey", "1"),
        ("call.activity", "calledVersion", 2),
        ("call.activity", "calledTenant", "other"),
        ("decision.evaluate", "decisionVersion", 2),
        ("instance.modify", "target", "t"),
        ("usertask.claim", "assignee", "carol"),
        ("usertask.complete", "assignee", "carol"),
    ],
)
def test_r26_a_decision_over_another_fact_than_the_log_tells_is_found(
    action: str, fact: str, value: Any
) -> None:
    turns = log()
    for decided in decisions(turns, action):
        if fact in decided["facts"]:
            decided["facts"][fact] = value
    assert "facts" in found(turns)


def test_r24_a_claim_that_was_admitted_as_something_else_is_found() -> None:
    turns = log()
    for decided in decisions(turns, "usertask.claim"):
        decided["action"] = "usertask.assign"
    assert "completeness" in found(turns)


def test_r26_a_log_of_before_these_facts_were_given_is_as_true_as_it_was() -> None:
    """A claim was an assignment then, in every record; of a job's retries no job was named."""
    turns = log()
    for decided in decisions(turns, "usertask.claim"):
        decided["action"] = "usertask.assign"
    for turn in turns:
        if turn[2] == "ClaimUserTask":
            turn[2] = "AssignUserTask"
            for event in turn[6]:
                if EVENTS[event[0]] is UserTaskClaiming:
                    event[0] = UserTaskAssigning.__struct_config__.tag
    for action in ("job.retries", "call.activity", "decision.evaluate", "instance.modify"):
        for decided in decisions(turns, action):
            decided["facts"] = {k: v for k, v in decided["facts"].items() if k not in LATER}
            if action == "job.retries":
                decided["about"] = ""
    assert found(turns) == set()


# --- what is no fact any more ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "clause",
    [
        Clause(id="X", do=("job.complete", "job.error"), on={"errorCode": {"eq": "X"}}),
        Clause(id="X", do=("job.timeout",), on={"receipt": {"eq": True}}),
        Clause(id="X", do=("usertask.claim", "usertask.assign"), on={"varNames": {"any": ["x"]}}),
    ],
)
def test_r5_a_policy_that_was_signed_when_an_action_had_more_facts_goes_on_as_it_did(
    engine: Engine, clause: Clause
) -> None:
    """To its clauses the fact is missing, as it was: what allows by it does not, what denies does."""
    rules = grant(WORK, clause)
    assert {each.id for each, _ in former_facts(rules)} == {"X"}
    engine.deploy(("one.bpmn", one_task().xml()))
    engine.create("one", {POLICY: policy(rules)})
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    assert asked(engine, "job.complete")[0].clauses[0] == "W"


def test_a_deny_clause_about_such_a_fact_still_denies(engine: Engine) -> None:
    denied = Clause(id="X", do=("job.complete",), on={"errorCode": {"eq": "X"}})
    engine.deploy(("one.bpmn", one_task().xml()))
    engine.create("one", {POLICY: policy(grant(WORK, deny=(denied,)))})
    (job,) = engine.activate("work")
    with pytest.raises(Refused, match="'X'"):
        engine.complete(job.job.key)
