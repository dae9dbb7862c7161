"""An operator breaks the glass: what that needs, what it allows, and what the log says of it (T13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remit import Engine, Refused
from remit.authority.policy import Clause
from remit.engine.governance import POLICY
from remit.identity.principal import Access
from remit.protocol import commands as c
from remit.protocol.events.batch import BatchItemFailed
from remit.protocol.events.governance import StepAdmitted, StepRejected
from remit.protocol.replies import Done
from remit.protocol.values import Actor, BatchPlan, MappingInstruction, MoveInstruction
from tests.support.governed import WORK, WORKER, audited, grant, policy
from tests.support.model import Model, one_task

OSCAR = Actor("oscar", "apikey", "apikey")
OPERATIONS = (
    "incident.resolve", "instance.cancel", "instance.suspend", "instance.resume",
    "instance.modify", "instance.migrate", "job.retries",
)  # fmt: skip
B1 = Clause(id="B1", do=OPERATIONS, on={"breakGlass": {"eq": True}})
UPDATES = ("CANCEL_PROCESS_INSTANCE", "MODIFY_PROCESS_INSTANCE", "UPDATE_PROCESS_INSTANCE")
FIRE = "the data centre is on fire"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Alice may do everything. Oscar operates everything, and may break the glass for `one`."""
    access = Access(authorizations=True, admins=frozenset(("alice",)))
    with audited(tmp_path, access) as made:
        made.deploy(("one.bpmn", one_task().xml()), ("two.bpmn", one_task("two", "more").xml()))
        give(made, OSCAR, *UPDATES)
        give(made, OSCAR, "BREAK_GLASS", on="one")
        give(made, WORKER, "UPDATE_PROCESS_INSTANCE")
        command = c.CreateAuthorization("CLIENT", "oscar", "BATCH", ("CREATE",), "*")
        made.execute(command, Done)
        yield made


def give(engine: Engine, who: Actor, *permissions: str, on: str = "*") -> None:
    command = c.CreateAuthorization("CLIENT", who.id, "PROCESS_DEFINITION", permissions, on)
    engine.execute(command, Done)


def start(engine: Engine, *allow: Clause, process: str = "one", **more: Any) -> int:
    return engine.create(process, {POLICY: policy(grant(WORK, *allow, **more))}).key


def failed(engine: Engine, *allow: Clause) -> tuple[int, int, int]:
    """An instance whose job has no retries left; the job; the incident."""
    key = start(engine, *allow)
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
        engine.fail(job.job.key, retries=0)
    (incident,) = engine.state.incidents.rows
    return key, job.job.key, incident


def broken(engine: Engine, do: Callable[[], object], reason: str = FIRE) -> None:
    with engine.acting_as(OSCAR), engine.breaking_glass(reason):
        do()


def refused(engine: Engine, do: Callable[[], object], reason: str = FIRE) -> str:
    with pytest.raises(Refused) as fault:
        broken(engine, do, reason)
    assert fault.value.reply.type.value == "FORBIDDEN"
    return str(fault.value)


def told(engine: Engine, kind: type[Any], action: str) -> list[Any]:
    return [each for each in engine.events() if isinstance(each, kind) and each.action == action]


def resolve_all(engine: Engine) -> tuple[int, list[tuple[str, Callable[[], object]]]]:
    """An instance that stands still, and everything that an operator can do to it, in this order."""
    key, job, incident = failed(engine, B1)
    two = next(row.key for row in engine.state.processes.rows.values() if row.process_id == "two")
    plan = c.MigrateInstance(key, two, (MappingInstruction("a", "a"),))
    retries = c.UpdateJobRetries(job, 3)
    return key, [
        ("job.retries", lambda: engine.execute(retries, Done)),
        ("incident.resolve", lambda: engine.resolve_incident(incident)),
        ("instance.suspend", lambda: engine.suspend(key)),
        ("instance.resume", lambda: engine.resume(key)),
        ("instance.modify", lambda: engine.modify(key, activate=["a"])),
        ("instance.migrate", lambda: engine.execute(plan, Done)),
        ("instance.cancel", lambda: engine.cancel(key)),
    ]


# --- what it allows --------------------------------------------------------------------------------


def test_t13_a_clause_about_the_broken_glass_admits_each_operation_and_the_log_says_why(
    engine: Engine,
) -> None:
    give(engine, OSCAR, "BREAK_GLASS", on="two")  # where the instance migrates to
    key, operations = resolve_all(engine)
    assert {action for action, _ in operations} == set(OPERATIONS)
    for action, do in operations:
        with engine.acting_as(OSCAR), pytest.raises(Refused) as fault:
            do()
        assert f"Expected '{action}'" in str(fault.value)
        assert "it has a clause about breakGlass" in str(fault.value)
        (rejection,) = told(engine, StepRejected, action)
        assert (rejection.reason, rejection.facts["breakGlass"]) == ("$default", False)
        assert rejection.broken_glass == ""

        broken(engine, do)
        (admission,) = told(engine, StepAdmitted, action)
        assert admission.clauses[0] == "B1"
        assert (admission.actor, admission.method) == ("oscar", "apikey")
        assert (admission.facts, admission.broken_glass) == ({"breakGlass": True}, FIRE)
    assert engine.state.elements.get(key) is None


def test_without_a_clause_about_it_a_broken_glass_changes_nothing_and_the_denial_says_so(
    engine: Engine,
) -> None:
    key = start(engine)
    said = refused(engine, lambda: engine.cancel(key))
    assert "the glass is broken, and what that allows is for a clause about breakGlass" in said
    (rejection,) = told(engine, StepRejected, "instance.cancel")
    assert (rejection.reason, rejection.broken_glass) == ("$default", FIRE)
    assert (rejection.actor, engine.state.elements.get(key) is None) == ("oscar", False)


def test_the_fact_is_false_while_the_glass_is_whole(engine: Engine) -> None:
    daily = Clause(id="O", do=("instance.cancel",), on={"breakGlass": {"eq": False}})
    key = start(engine, daily)
    refused(engine, lambda: engine.cancel(key))
    with engine.acting_as(OSCAR):
        engine.cancel(key)
    (admission,) = told(engine, StepAdmitted, "instance.cancel")
    assert (admission.facts, admission.broken_glass) == ({"breakGlass": False}, "")


def test_a_deny_clause_can_keep_an_instance_from_those_who_break_the_glass(engine: Engine) -> None:
    never = Clause(id="D1", do=("instance.cancel",), on={"breakGlass": {"eq": True}})
    key = start(engine, Clause(id="O", do=("instance.cancel",)), deny=(never,))
    assert "by clause 'D1'" in refused(engine, lambda: engine.cancel(key))
    with engine.acting_as(OSCAR):
        engine.cancel(key)


def test_every_policy_of_a_chain_has_to_allow_what_is_done_with_the_broken_glass(
    engine: Engine,
) -> None:
    both = [grant(WORK, B1, jti="a"), grant(WORK, B1, jti="b")]
    one = [grant(WORK, B1, jti="a"), grant(WORK, jti="b")]
    held = engine.create("one", {POLICY: policy(*one)}).key
    free = engine.create("one", {POLICY: policy(*both)}).key
    refused(engine, lambda: engine.cancel(held))
    broken(engine, lambda: engine.cancel(free))


def test_a_called_instance_is_under_its_callers_clause(engine: Engine) -> None:
    parent = Model("parent").start("s").call("c", "one").end("e").path("s", "c", "e")
    engine.deploy(("parent.bpmn", parent.xml()))
    start(engine, B1, Clause(id="C", do=("call.activity",)), process="parent")
    (child,) = [each for each in engine.state.elements.rows.values()
                if each.element == "one"]  # fmt: skip
    broken(engine, lambda: engine.modify(child.key, activate=["a"]))
    (admission,) = told(engine, StepAdmitted, "instance.modify")
    assert (admission.instance, admission.broken_glass) == (child.key, FIRE)


def test_without_a_policy_a_broken_glass_changes_nothing(engine: Engine) -> None:
    key = engine.create("one").key
    broken(engine, lambda: engine.cancel(key))
    assert engine.state.elements.get(key) is None
    (turn,) = [each for each in engine.turns() if each.command == "CancelInstance"]
    assert turn.header.broken_glass == FIRE


def test_work_done_under_a_broken_glass_says_so(engine: Engine) -> None:
    """Other steps ask nothing of it, and their records have it all the same."""
    give(engine, WORKER, "BREAK_GLASS")
    for _ in range(3):
        start(engine)
    for reason in ("", FIRE, ""):
        with engine.acting_as(WORKER), engine.breaking_glass(reason):
            (job,) = engine.activate("work")
            engine.complete(job.job.key)
    for action in ("job.activate", "job.complete"):
        found = [each.broken_glass for each in told(engine, StepAdmitted, action)]
        assert found == ["", FIRE, ""]


def test_t27_denials_under_ever_new_reasons_are_not_told_for_ever(engine: Engine) -> None:
    key = start(engine)
    for number in range(12):
        with engine.acting_as(OSCAR), pytest.raises(Refused):
            engine.cancel(key)
        refused(engine, lambda: engine.cancel(key), f"reason {number}")
    found = [each.broken_glass for each in told(engine, StepRejected, "instance.cancel")]
    assert len(found) == 20
    assert [each for each in found if each] == [f"reason {number}" for number in range(10)]


# --- who may ---------------------------------------------------------------------------------------


def test_t13_nobody_breaks_the_glass_without_the_right_to(engine: Engine) -> None:
    key = start(engine, B1, process="two")
    said = refused(engine, lambda: engine.cancel(key))
    assert "'oscar' has no permission 'BREAK_GLASS' on resource 'PROCESS_DEFINITION'" in said
    assert "remit grant give oscar PROCESS_DEFINITION BREAK_GLASS --on two" in said
    assert told(engine, StepAdmitted, "instance.cancel") == []
    assert told(engine, StepRejected, "instance.cancel") == []  # the policy was not even asked
    give(engine, OSCAR, "BREAK_GLASS")
    broken(engine, lambda: engine.cancel(key))


def test_who_had_no_right_to_is_in_the_log_with_the_reason_and_the_refusal(engine: Engine) -> None:
    key = start(engine, B1, process="two")
    refused(engine, lambda: engine.cancel(key))
    (turn,) = [each for each in engine.turns() if each.command == "CancelInstance"]
    assert (turn.header.actor, turn.header.broken_glass, turn.events) == (OSCAR, FIRE, ())
    assert turn.rejection is not None
    assert "no permission 'BREAK_GLASS'" in turn.rejection[1]


def test_the_right_comes_by_role_and_by_what_a_token_claims(engine: Engine) -> None:
    for command in (
        c.CreateCircle("ROLE", "on-call", "On call"),
        c.CreateMappingRule("ops", "team", "ops", "Operations"),
        c.AddMember("ROLE", "on-call", "MAPPING_RULE", "ops"),
        c.CreateAuthorization(
            "ROLE", "on-call", "PROCESS_DEFINITION", (*UPDATES, "BREAK_GLASS"), "one"
        ),
    ):
        engine.execute(command, Done)
    key = start(engine, B1)
    before, now = (Actor("carol", "jwt", "jwt", {"team": team}) for team in ("dev", "ops"))
    with engine.acting_as(before), engine.breaking_glass(FIRE), pytest.raises(Refused):
        engine.cancel(key)
    with engine.acting_as(now), engine.breaking_glass(FIRE):
        engine.cancel(key)
    (admission,) = told(engine, StepAdmitted, "instance.cancel")
    assert (admission.actor, admission.method) == ("carol", "jwt")


def test_the_right_is_needed_whatever_is_asked(engine: Engine) -> None:
    engine.execute(c.CreateAuthorization("CLIENT", WORKER.id, "MESSAGE", ("CREATE",), "*"), Done)
    for ask in (lambda: engine.activate("work"), lambda: engine.publish("m")):
        with engine.acting_as(WORKER):
            ask()
            with engine.breaking_glass(FIRE), pytest.raises(Refused, match="to break the glass"):
                ask()


def test_administrators_hold_the_right(engine: Engine) -> None:
    key = start(engine, B1, process="two")
    with engine.breaking_glass(FIRE):
        engine.cancel(key)
    (admission,) = told(engine, StepAdmitted, "instance.cancel")
    assert (admission.actor, admission.broken_glass) == ("alice", FIRE)


@pytest.mark.parametrize("access", [None, Access(tenants=True, admins=frozenset(("root",)))])
def test_where_permissions_do_not_count_nobody_is_given_the_right(access: Access | None) -> None:
    """Anybody could give it to himself there."""
    engine = Engine(actor=OSCAR, access=access)
    root = Actor("root", "apikey", "apikey")
    with engine.acting_as(root):
        engine.execute(c.AddMember("TENANT", "<default>", "CLIENT", "oscar"), Done)
    engine.deploy(("one.bpmn", one_task().xml()))
    command = c.CreateAuthorization("CLIENT", "oscar", "PROCESS_DEFINITION", ("BREAK_GLASS",), "*")
    engine.execute(command, Done)
    key = engine.create("one").key
    with engine.breaking_glass(FIRE), pytest.raises(Refused, match="BREAK_GLASS"):
        engine.cancel(key)
    if access is not None:
        with engine.acting_as(root), engine.breaking_glass(FIRE):
            engine.cancel(key)


def test_the_first_user_has_every_permission_but_this_one() -> None:
    engine = Engine(access=Access(authorizations=True))
    engine.execute(c.SetUpUser("root", "hash"), Done)
    permissions = {
        permission for row in engine.state.authorizations.rows.values()
        for permission in row.permissions if row.resource_type == "PROCESS_DEFINITION"
    }  # fmt: skip
    assert "UPDATE_PROCESS_INSTANCE" in permissions
    assert "BREAK_GLASS" not in permissions


# --- by the many -----------------------------------------------------------------------------------


def test_a_batch_breaks_the_glass_for_each_of_its_items(engine: Engine) -> None:
    keys = [start(engine, B1), start(engine), start(engine, B1, process="two")]
    broken(engine, lambda: engine.batch(BatchPlan("CANCEL_PROCESS_INSTANCE"), keys))
    with engine.acting_as(WORKER):
        engine.run_due()

    (admission,) = told(engine, StepAdmitted, "instance.cancel")
    assert (admission.instance, admission.actor) == (keys[0], "oscar")
    assert admission.broken_glass == FIRE
    (rejection,) = told(engine, StepRejected, "instance.cancel")
    assert (rejection.instance, rejection.broken_glass) == (keys[1], FIRE)
    failures = [each for each in engine.events() if isinstance(each, BatchItemFailed)]
    assert [each.item.key for each in failures] == keys[1:]
    assert "BREAK_GLASS --on two" in failures[1].reason


def test_a_batch_modifies_migrates_and_resolves_under_the_broken_glass(engine: Engine) -> None:
    give(engine, OSCAR, "BREAK_GLASS", on="two")
    key, _, incident = failed(engine, B1)
    two = next(row.key for row in engine.state.processes.rows.values() if row.process_id == "two")
    for plan, item in (
        (BatchPlan("RESOLVE_INCIDENT"), incident),
        (BatchPlan("MODIFY_PROCESS_INSTANCE", moves=(MoveInstruction("a", "a"),)), key),
        (BatchPlan("MIGRATE_PROCESS_INSTANCE", target=two,
                   mapping=(MappingInstruction("a", "a"),)), key),
    ):  # fmt: skip
        broken(engine, lambda: engine.batch(plan, [item]))  # noqa: B023  (done at once)
        engine.run_due()
    assert [each for each in engine.events() if isinstance(each, BatchItemFailed)] == []
    for action in ("job.retries", "incident.resolve", "instance.modify", "instance.migrate"):
        assert [each.broken_glass for each in told(engine, StepAdmitted, action)] == [FIRE]


def test_a_batch_is_refused_at_once_where_nobody_holds_the_right(engine: Engine) -> None:
    key = start(engine, B1)
    with engine.acting_as(WORKER), engine.breaking_glass(FIRE), pytest.raises(Refused):
        engine.batch(BatchPlan("CANCEL_PROCESS_INSTANCE"), [key])
